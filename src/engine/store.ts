/**
 * The step cache's store on an S3-compatible server (AWS, MinIO, Ceph and others): an object a file, under
 * <prefix>/<step>/<key>/. meta.json is written last and read first, so a result is whole or not there.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { AwsV4Signer } from "aws4fetch";
import { ConfigError, DataError, throwIfAborted } from "../core/errors";
import type { StepMeta } from "../core/step";
import { setStepStore, type StepStore } from "../core/store";
import { innermost, Interruption, mayPass, pauseBefore } from "../data/retry";
import { openWeb, type Web } from "../data/web";

/** Variables that name the store and who may use it, as AWS's own tools read them. */
export const storeVariables = ["SESSIONLAB_STORE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"] as const;

/** Where the store is and who asks. */
interface Place {
  /** Of all objects, ending with "/". */
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly region: string;
}

/** How often a request is tried, and the first pause between two in milliseconds. */
const patience = { attempts: 5, backoff: 300, longestPause: 10_000 } as const;

/** The store's place, from the environment; undefined where it names none. @throws ConfigError for half of it */
function placeOf(environment: Readonly<Record<string, string | undefined>>): Place | undefined {
  const name = environment["SESSIONLAB_STORE"] ?? "";
  if (name === "") return undefined;
  const [, bucket, prefix = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]+[a-z0-9])(?:\/(.*?))?\/?$/.exec(name) ?? [];
  if (bucket === undefined) throw new ConfigError(`Expected SESSIONLAB_STORE to be s3://bucket or s3://bucket/prefix, found "${name}"`);
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken, AWS_REGION: region = "us-east-1" } = environment;
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new ConfigError(`Expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for ${name}, found not both; set them, or unset SESSIONLAB_STORE`);
  const endpoint = environment["AWS_ENDPOINT_URL"] ?? `https://s3.${region}.amazonaws.com`;
  if (!URL.canParse(endpoint)) throw new ConfigError(`Expected AWS_ENDPOINT_URL to be a URL, found "${endpoint}"`);
  const path = [bucket, ...prefix.split("/")].filter((part) => part !== "").map(encodeURIComponent).join("/");
  return { url: `${endpoint.replace(/\/$/, "")}/${path}/`, accessKeyId, secretAccessKey, sessionToken, region };
}

/**
 * Gives this process's steps the store that the environment names, where it names one.
 * @param check whether it is tried first, by writing a small object
 * @throws ConfigError where the environment says half of it, or the server refuses it; DataError where the server does not answer
 */
export async function openStepStore(check: boolean, environment: Readonly<Record<string, string | undefined>> = process.env): Promise<void> {
  const place = placeOf(environment);
  if (place === undefined) return;
  const { AwsV4Signer } = await import("aws4fetch");
  const store = new S3Store(place, AwsV4Signer, await openWeb());
  if (check) await store.put("sessionlab.json", Buffer.from(`${JSON.stringify({ what: "results of sessionlab's steps" })}\n`));
  setStepStore(store);
}

class S3Store implements StepStore {
  constructor(private readonly place: Place, private readonly signer: typeof AwsV4Signer, private readonly web: Web) {}

  async fetch(name: string, key: string, signal?: AbortSignal): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
    const at = `${name}/${key}`;
    const meta = await this.ask("GET", `${at}/meta.json`, undefined, signal);
    if (meta === undefined) return undefined;
    const files = new Map<string, Uint8Array>([["meta.json", meta]]);
    for (const file of filesOf(meta)) {
      const bytes = await this.ask("GET", `${at}/${file}`, undefined, signal);
      if (bytes === undefined) return undefined;
      files.set(file, bytes);
    }
    return files;
  }

  async keep(name: string, key: string, files: ReadonlyMap<string, Uint8Array>, signal?: AbortSignal): Promise<void> {
    const order = [...files].sort(([a], [b]) => Number(a === "meta.json") - Number(b === "meta.json"));
    for (const [file, bytes] of order) await this.put(`${name}/${key}/${file}`, bytes, signal);
  }

  async put(object: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.ask("PUT", object, bytes, signal);
  }

  /** @returns undefined where there is no such object */
  private async ask(method: "GET" | "PUT", object: string, body: Uint8Array | undefined, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const url = this.place.url + object.split("/").map(encodeURIComponent).join("/");
    for (let tries = 1; ; tries++) {
      throwIfAborted(signal, `asking ${url}`);
      try {
        return await this.once(method, url, body, signal);
      } catch (error) {
        throwIfAborted(signal, `asking ${url}`);
        if (!(error instanceof Interruption)) throw error;
        if (tries >= patience.attempts) throw new DataError(`Expected an answer of the store at ${url}, found ${error.message}, ${tries} times in a row; what was computed is kept in this machine's cache: try again later, or unset SESSIONLAB_STORE`, {}, { cause: error });
        await sleep(pauseBefore(tries, patience.backoff, error.pause, patience.longestPause));
      }
    }
  }

  private async once(method: "GET" | "PUT", url: string, body: Uint8Array | undefined, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const { url: _, ...who } = this.place;
    const sum = createHash("sha256").update(body ?? "").digest("hex");
    const signed = await new this.signer({ ...who, service: "s3", method, url, headers: { "x-amz-content-sha256": sum } }).sign();
    const headers = Object.fromEntries(signed.headers.entries());
    let status: number;
    let bytes: Buffer;
    try {
      const response = await this.web.fetch(url, { method, headers, body, signal });
      status = response.status;
      bytes = Buffer.from(await response.arrayBuffer());
    } catch (cause) {
      throw new Interruption(innermost(cause), 0, { cause });
    }
    const code = /<Code>([^<]*)<\/Code>/.exec(status === 200 ? "" : bytes.toString("utf8"))?.[1];
    if (status === 200) return bytes;
    if (status === 404 && code !== "NoSuchBucket") return undefined;
    const found = `HTTP status ${status}${code === undefined ? "" : ` (${code})`}`;
    if (mayPass(status)) throw new Interruption(found, 0);
    if (status === 401 || status === 403) throw new ConfigError(`Expected a store that lets us in at ${this.place.url}, found ${found}; look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the rights to read, write and list; what was computed is kept in this machine's cache`);
    throw new ConfigError(`Expected a store at ${this.place.url}, found ${found}; look at SESSIONLAB_STORE and AWS_ENDPOINT_URL`);
  }
}

/** The files that meta.json names; none where it cannot be read or names one elsewhere, so that the step finds it damaged. */
function filesOf(meta: Uint8Array): string[] {
  try {
    const files = Object.keys((JSON.parse(Buffer.from(meta).toString("utf8")) as StepMeta).files);
    return files.some((file) => file.startsWith("/") || file.split(/[\\/]/).includes("..")) ? [] : files;
  } catch {
    return [];
  }
}
