/** Content hashes: the same content gives the same sha256, whatever the order of an object's keys. */
import { createHash } from "node:crypto";

/** What can be hashed: JSON values, and typed arrays anywhere inside them. */
export type Hashable = null | undefined | boolean | number | string | ArrayBufferView | readonly Hashable[] | { readonly [key: string]: Hashable };

/**
 * sha256 over a value. Keys are sorted, absent and undefined keys are the same, typed arrays count by type and bytes.
 * @returns 64 hexadecimal digits
 * @example
 * import { hashOf } from "sessionlab";
 * assert.equal(hashOf({ a: 1, b: [2] }), hashOf({ b: [2], a: 1 }));
 * assert.notEqual(hashOf(Int32Array.of(1)), hashOf(Uint32Array.of(1)));
 */
export function hashOf(value: Hashable): string {
  const hash = createHash("sha256");
  feed(value, (piece) => hash.update(piece));
  return hash.digest("hex");
}

/**
 * The hash of what JSON keeps of a value: the checksum of a file that holds it as JSON.
 * @returns 64 hexadecimal digits
 */
export function hashOfJson(value: object): string {
  return hashOf(JSON.parse(JSON.stringify(value)) as Hashable);
}

function feed(value: Hashable, update: (piece: string | Uint8Array) => void): void {
  if (ArrayBuffer.isView(value)) {
    update(`${value.constructor.name}:${value.byteLength}:`);
    update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (Array.isArray(value)) {
    update(`[${value.length}:`);
    for (const one of value as readonly Hashable[]) feed(one, update);
    update("]");
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value as { readonly [key: string]: Hashable }).filter(([, one]) => one !== undefined);
    update(`{${entries.length}:`);
    for (const [key, one] of entries.sort(([a], [b]) => (a < b ? -1 : 1))) {
      update(JSON.stringify(key));
      feed(one, update);
    }
    update("}");
  } else {
    update(typeof value === "number" && !Number.isFinite(value) ? String(value) : `${JSON.stringify(value) ?? "undefined"},`);
  }
}
