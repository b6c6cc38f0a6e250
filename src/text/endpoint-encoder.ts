/**
 * An encoder behind HTTP as OpenAI defined it (POST <address>/embeddings): hosted, or Ollama, vLLM, llama.cpp and their like
 * on this machine. Asked politely (data/client.ts). Each request's vectors are handed over before the next one starts, so
 * what was paid for is kept whatever happens. An answer counts only if it holds each text's vector once; their order is
 * the answer's own indices'. The key comes from the environment alone and goes nowhere but into the request.
 */
import { setImmediate } from "node:timers/promises";
import { ConfigError, DataError, throwIfAborted } from "../core/errors";
import { meter } from "../core/progress";
import { resolveOptions, rules } from "../core/options";
import { clientOf, clientRules, jsonText, userAgentOf, type Client } from "../data/client";
import { Interruption } from "../data/retry";
import { checkRows, type EncodeOptions, type Encoder } from "./encoder";
import { estimateOf, tokenCounter, type TokenEstimate } from "./token-estimate";

const defaults = {
  /** The model's name, as the server has it. */
  model: "" as string,
  /** A name for the version that is served, for the card: servers do not tell. */
  revision: "as served",
  /** D. Without it one word is sent to see. */
  dimension: undefined as number | undefined,
  /** Whether the server is asked for vectors of that dimension, as models that can be cut offer. */
  cut: false,
  /** The environment variable that holds the key; default OPENAI_API_KEY for api.openai.com, else no key is sent. */
  keyVariable: undefined as string | undefined,
  /** Texts of a request, and their tokens together. */
  batch: 128,
  batchTokens: 100_000,
  /** Characters of the longest text; what follows is cut. */
  longest: 8000,
  /** Limits that the server sets. */
  requestsPerMinute: undefined as number | undefined,
  tokensPerMinute: undefined as number | undefined,
  /** Price of a million tokens, in any currency, and the most that one call of `itemVectors` may cost in it. */
  price: undefined as number | undefined,
  maxCost: undefined as number | undefined,
  /** A folder with the model's tokenizer.json, to count tokens exactly; without it they are estimated. */
  tokenizer: undefined as string | undefined,
  attempts: 6,
  backoff: 1000,
  timeout: 120_000,
  stallTimeout: 60_000,
};

/** Options of `openEndpointEncoder`. */
export type EndpointEncoderOptions = Partial<typeof defaults> & { readonly signal?: AbortSignal };

/** An encoder that counts what it cost. */
export interface EndpointEncoder extends Encoder {
  /** What encoding these texts takes, before it is done. */
  estimate(texts: readonly string[]): TokenEstimate;
  /** Requests and repeated ones; texts whose vectors came; tokens as the server counted them, if it did. */
  counts(): { readonly requests: number; readonly retries: number; readonly texts: number; readonly tokens: number };
}

/**
 * Opens an endpoint.
 * @param address up to and without "/embeddings": "http://localhost:11434/v1"
 * @throws ConfigError for another address, wrong options, or a key that is not set; what the first request throws, where
 *   no dimension is given
 * @example
 * import { openEndpointEncoder } from "sessionlab";
 * const encoder = await openEndpointEncoder("http://localhost:11434/v1", { model: "nomic-embed-text", dimension: 768, price: 0.1, maxCost: 0.01 });
 * assert.deepEqual(encoder.estimate(["Emma", "Jane Eyre"]), { texts: 2, tokens: 5, counted: false, requests: 1, cost: 5e-7 });
 * encoder.dispose();
 */
export async function openEndpointEncoder(address: string, { signal, ...given }: EndpointEncoderOptions): Promise<EndpointEncoder> {
  const options = resolveOptions("openEndpointEncoder", defaults, given, {
    ...clientRules, dimension: rules.orAbsent(rules.positiveInteger), batch: rules.positiveInteger, batchTokens: rules.positiveInteger, longest: rules.positiveInteger,
    requestsPerMinute: rules.orAbsent(rules.positive), tokensPerMinute: rules.orAbsent(rules.positive), price: rules.orAbsent(rules.notNegative), maxCost: rules.orAbsent(rules.notNegative),
  });
  const { model, price, maxCost, dimension, cut } = options;
  if (model === "") throw new ConfigError("Expected the name of a model, found none; write it as the server has it");
  if (maxCost !== undefined && price === undefined) throw new ConfigError("Expected a price of a million tokens beside maxCost, found none; give the option price");
  if (cut && dimension === undefined) throw new ConfigError("Expected the dimension to cut vectors to, found none; give the option dimension");
  const url = embeddingsUrl(address);
  const key = keyFor(new URL(url), options.keyVariable);
  const count = await tokenCounter(options.tokenizer);
  const client = clientOf(url, { ...options, interval: 60_000 / (options.requestsPerMinute ?? Infinity) }, "vectors that came are kept: call again later to go on from there");
  const endpoint = new Endpoint(url, options, key, count, client, dimension ?? 0);
  return dimension === undefined ? endpoint.withDimension(signal) : endpoint;
}

class Endpoint implements EndpointEncoder {
  readonly id: string;
  readonly revision: string;
  readonly recipe: Encoder["recipe"];
  private readonly done = { texts: 0, tokens: 0 };

  constructor(
    private readonly url: string,
    private readonly options: Readonly<typeof defaults>,
    private readonly key: string | undefined,
    private readonly count: (text: string) => number,
    private readonly client: Client,
    readonly dimension: number,
  ) {
    this.id = options.model;
    this.revision = options.revision;
    this.recipe = { endpoint: url, longest: options.longest, ...(options.cut ? { "cut to": dimension } : {}) };
  }

  /** The same with the dimension that the server's vectors have. */
  async withDimension(signal: AbortSignal | undefined): Promise<Endpoint> {
    const [row] = await this.ask(["dimension"], signal);
    const found = new Endpoint(this.url, this.options, this.key, this.count, this.client, row!.length);
    found.done.tokens = this.done.tokens;
    return found;
  }

  estimate(texts: readonly string[]): TokenEstimate {
    return estimateOf(texts.map((text) => this.count(this.sent(text))), this.options.tokenizer !== undefined, this.batches(texts).length, this.options.price);
  }

  begin(texts: readonly string[]): string {
    const { maxCost } = this.options;
    const { tokens, cost, counted } = this.estimate(texts);
    const about = `${counted ? "" : "about "}${tokens} tokens${cost === undefined ? "" : `, cost ${Number(cost.toPrecision(3))}`}`;
    if (cost !== undefined && maxCost !== undefined && cost > maxCost) {
      throw new ConfigError(`Expected a cost of at most ${maxCost}, found ${about} for ${texts.length} texts; nothing was sent: raise maxCost, or encode fewer texts`);
    }
    return about;
  }

  async encode(texts: readonly string[], { signal, progress, onBatch }: EncodeOptions = {}): Promise<Float32Array> {
    const task = `encode with ${this.id}`;
    throwIfAborted(signal, task);
    const tick = meter(progress, task, "text", texts.length);
    const rows = new Float32Array(texts.length * this.dimension);
    for (const { from, to } of this.batches(texts)) {
      throwIfAborted(signal, task);
      const batch = texts.slice(from, to);
      const found = await this.ask(batch.map((text) => this.sent(text)), signal);
      const flat = rows.subarray(from * this.dimension, to * this.dimension);
      found.forEach((row, n) => {
        if (row.length !== this.dimension) throw new DataError(`Expected vectors of ${this.dimension} numbers from ${this.url}, found ${row.length}; set dimension to that`);
        flat.set(row, n * this.dimension);
      });
      checkRows(this.id, flat, to - from, this.dimension);
      onBatch?.(batch, flat);
      this.done.texts += to - from;
      tick(to);
      await setImmediate(); // a signal is heard between batches
    }
    return rows;
  }

  counts(): ReturnType<EndpointEncoder["counts"]> {
    return { ...this.client.counts(), ...this.done };
  }

  dispose(): void {
    void this.client.close();
  }

  /** What stands for a text in a request: cut, never half a character, and not empty, which servers refuse. */
  private sent(text: string): string {
    const cut = Buffer.from(text.slice(0, this.options.longest)).toString();
    return cut === "" ? " " : cut;
  }

  /** Texts that go together. */
  private batches(texts: readonly string[]): { readonly from: number; readonly to: number }[] {
    const { batch, batchTokens } = this.options;
    const found: { from: number; to: number }[] = [];
    for (let from = 0; from < texts.length; from = found.at(-1)!.to) {
      let to = from;
      for (let tokens = 0; to < texts.length && to - from < batch; to++) {
        tokens += this.count(this.sent(texts[to]!));
        if (to > from && tokens > batchTokens) break;
      }
      found.push({ from, to });
    }
    return found;
  }

  private async ask(input: readonly string[], signal: AbortSignal | undefined): Promise<number[][]> {
    const { model, cut, tokensPerMinute } = this.options;
    const { url, key } = this;
    const headers = { accept: "application/json", "content-type": "application/json", "user-agent": userAgentOf("embeddings client"), ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
    const body = JSON.stringify({ model, input, encoding_format: "float", ...(cut ? { dimensions: this.dimension } : {}) });
    const tokens = input.reduce((sum, text) => sum + this.count(text), 0);
    try {
      const { rows, used } = await this.client.post({ headers, body, signal, room: (60_000 * tokens) / (tokensPerMinute ?? Infinity), read: (response, bytes) => {
        const { status } = response;
        if (status === 401 || status === 403) throw new ConfigError(`Expected a key that ${url} takes, found HTTP status ${status}; ${key === undefined ? "set keyVariable to the environment variable that holds one" : "look at the environment variable that holds it"}`);
        if (status === 429 && /insufficient_quota/.test(bytes.toString("utf8"))) throw new DataError(`Expected credit at ${url}, found that it is used up; vectors that came are kept`);
        return answerOf(jsonText(url, response, bytes, "the model's name, the dimension and the longest text"), input.length);
      } });
      this.done.tokens += used;
      return rows;
    } catch (error) {
      throw key === undefined ? error : withoutKey(error, key);
    }
  }
}

/** The vectors of an answer, in the order of the texts. @throws Interruption if it is not whole */
function answerOf(text: string, count: number): { readonly rows: number[][]; readonly used: number } {
  let value: { readonly data?: readonly ({ readonly index?: number; readonly embedding?: readonly unknown[] } | null)[]; readonly usage?: { readonly prompt_tokens?: number } } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch (cause) {
    throw new Interruption(`no JSON (${(cause as Error).message.slice(0, 100)})`);
  }
  const data = value?.data;
  if (!Array.isArray(data) || data.length !== count) throw new Interruption(`${Array.isArray(data) ? `${data.length} vectors` : "no vectors"} for ${count} texts`);
  const rows: number[][] = [];
  for (const [n, one] of data.entries()) {
    const index = one?.index ?? n;
    if (!Number.isInteger(index) || index < 0 || index >= count || rows[index] !== undefined) throw new Interruption(`vectors of other texts: index ${index} ${rows[index] === undefined ? "is none" : "twice"}`);
    const vector = one?.embedding;
    if (!Array.isArray(vector) || vector.length === 0 || !vector.every((value) => typeof value === "number")) throw new Interruption(`no vector of numbers at index ${index}`);
    rows[index] = vector as number[];
  }
  return { rows, used: value?.usage?.prompt_tokens ?? 0 };
}

function embeddingsUrl(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ConfigError("Expected the address of an endpoint such as http://localhost:11434/v1, found another text; write it whole");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new ConfigError("Expected an address without a name, password, query or fragment, found one with; a key comes from the environment alone: give keyVariable");
  }
  return url.href.replace(/\/+$/, "").replace(/\/embeddings$/, "") + "/embeddings";
}

/** The key, if one is to be sent. @throws ConfigError without it in the message */
function keyFor({ hostname, protocol }: URL, variable = hostname === "api.openai.com" ? "OPENAI_API_KEY" : undefined): string | undefined {
  if (variable === undefined) return undefined;
  const key = process.env[variable];
  if (key === undefined || key === "") throw new ConfigError(`Expected a key in the environment variable ${variable}, found none; set it`);
  if (!/^[\x21-\x7e]+$/.test(key)) throw new ConfigError(`Expected the key in ${variable} to be printable ASCII without spaces, found other characters; set it again`);
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !here) throw new ConfigError(`Expected https:// where a key is sent, found http://${hostname}; everybody on the way could read it`);
  return key;
}

/** The error without the key, which a server may have said back. */
function withoutKey(error: unknown, key: string): unknown {
  for (let one = error; one instanceof Error; one = one.cause) {
    one.message = one.message.replaceAll(key, "[key]");
    one.stack = one.stack?.replaceAll(key, "[key]");
  }
  return error;
}
