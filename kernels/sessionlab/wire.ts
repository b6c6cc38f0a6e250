/** Jupyter's wire format (messaging protocol 5.4): frames in, messages out, and back, signed by HMAC-SHA256. */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

export const protocolVersion = "5.4";

export interface Header {
  readonly msg_id: string;
  readonly msg_type: string;
  readonly session: string;
  readonly username?: string;
  readonly date?: string;
  readonly version?: string;
}

export interface Message {
  /** ZeroMQ's routing prefix: to whom a reply goes. */
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  readonly parent: object;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

const delimiter = Buffer.from("<IDS|MSG>");

/** A message that must not be acted on; the reason is for the log. */
export class WireError extends Error {}

/** Frames to messages for one key. Remembers signatures: a message that comes twice is a replay. */
export class Wire {
  readonly #key: string;
  readonly #seen = new Set<string>();

  constructor(key: string) {
    this.#key = key;
  }

  /** @throws WireError when there is no delimiter, the signature is wrong or was there before, or a part is no JSON object */
  parse(frames: readonly Buffer[]): Message {
    const at = frames.findIndex((frame) => frame.equals(delimiter));
    if (at < 0) throw new WireError("a message without the delimiter <IDS|MSG>");
    const signature = frames[at + 1];
    const parts = frames.slice(at + 2, at + 6);
    if (signature === undefined || parts.length < 4) throw new WireError(`a message of ${Math.max(0, frames.length - at - 2)} parts, where there must be 4`);
    if (this.#key !== "") this.#verify(signature.toString(), parts);
    const [header, parent, metadata, content] = parts.map((part) => {
      try {
        const value = JSON.parse(part.toString()) as unknown;
        if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
      } catch {
        // said below
      }
      throw new WireError(`a part that is no JSON object: ${part.toString().slice(0, 60)}`);
    }) as [Record<string, unknown>, object, Record<string, unknown>, Record<string, unknown>];
    const { msg_id: id, msg_type: type } = header;
    if (typeof id !== "string" || typeof type !== "string") throw new WireError("a header without msg_id and msg_type");
    return { identities: frames.slice(0, at), header: header as unknown as Header, parent, metadata, content, buffers: frames.slice(at + 6) };
  }

  /** Frames of a message of this kernel. */
  frames(message: Message): Buffer[] {
    const parts = [message.header, message.parent, message.metadata, message.content].map((part) => Buffer.from(JSON.stringify(part)));
    const signature = this.#key === "" ? "" : this.#sign(parts);
    return [...message.identities.map((one) => Buffer.from(one)), delimiter, Buffer.from(signature), ...parts, ...message.buffers.map((one) => Buffer.from(one))];
  }

  #sign(parts: readonly Buffer[]): string {
    const hash = createHmac("sha256", this.#key);
    for (const part of parts) hash.update(part);
    return hash.digest("hex");
  }

  #verify(given: string, parts: readonly Buffer[]): void {
    const expected = Buffer.from(this.#sign(parts));
    const found = Buffer.from(given);
    if (expected.length !== found.length || !timingSafeEqual(expected, found)) throw new WireError("a message with a wrong signature");
    if (this.#seen.has(given)) throw new WireError("a message that came before");
    this.#seen.add(given);
    const [oldest] = this.#seen;
    if (this.#seen.size > 65_536) this.#seen.delete(oldest!);
  }
}

/** A header for a message of this kernel. */
export function headerOf(type: string, session: string): Header {
  return { msg_id: randomUUID(), msg_type: type, session, username: "kernel", date: new Date().toISOString(), version: protocolVersion };
}
