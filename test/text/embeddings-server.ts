/** An embeddings server on loopback for tests: vectors drawn by the text, and answers spoilt on order. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Rng } from "../../src/core/rng";
import { bodyOf, listen } from "../kg/sparql-server";

/** How an answer is spoilt; "echo" says the request's headers back, "hold" never answers. */
export type Spoilt = "none" | "reversed" | "cut" | "cut before" | "stalled" | "hold" | "malformed" | "html" | "fewer" | "twice" | "no numbers" | "nan" | "narrow" | "echo" | "quota" | 301 | 400 | 401 | 429 | 500 | 503;

export interface EmbeddingsServer {
  /** Without /embeddings. */
  readonly address: string;
  /** The next answers; after them, none is spoilt. */
  readonly faults: Spoilt[];
  /** The texts of each request. */
  readonly asked: string[][];
  readonly keys: (string | undefined)[];
  readonly bodies: Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

export const width = 6;

/** The vector that the server has for a text. */
export function vectorOf(text: string): number[] {
  return Array.from(new Rng(text).normals(width), Math.fround);
}

export async function serveEmbeddings(): Promise<EmbeddingsServer> {
  const [faults, asked, keys, bodies]: [Spoilt[], string[][], (string | undefined)[], Record<string, unknown>[]] = [[], [], [], []];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = JSON.parse(await bodyOf(request)) as { readonly input: readonly string[] };
    const { input } = body;
    asked.push([...input]);
    bodies.push({ ...body });
    keys.push(request.headers.authorization);
    const fault = faults.shift() ?? "none";
    const json = { "content-type": "application/json; charset=utf-8" };
    const say = (status: number, text: string, headers: object = json): void => void response.writeHead(status, { ...json, ...headers }).end(text);
    if (fault === "hold") return;
    if (fault === "cut before") return void response.destroy();
    if (fault === "html") return say(200, "<html><body>Please log in</body></html>", { "content-type": "text/html" });
    if (fault === "echo") return say(400, JSON.stringify({ error: { message: `bad request with ${request.headers.authorization}` } }));
    if (fault === "quota") return say(429, JSON.stringify({ error: { code: "insufficient_quota", message: "You exceeded your quota" } }));
    if (fault === 301) return say(301, "", { location: "http://example.org/v1/embeddings" });
    if (typeof fault === "number") return say(fault, JSON.stringify({ error: { message: `the server is ${fault === 400 ? "puzzled" : "busy"}, ${request.headers.authorization}` } }), { "retry-after": "0" });
    let data: { index?: number; embedding: unknown }[] = input.map((text, index) => ({ index, embedding: vectorOf(text) }));
    if (fault === "reversed") data.reverse();
    if (fault === "fewer") data.pop();
    if (fault === "twice") data = data.map((one) => ({ ...one, index: 0 }));
    if (fault === "no numbers") data[0]!.embedding = "AAAA";
    if (fault === "nan") data[0]!.embedding = [1e39, ...vectorOf("x").slice(1)];
    if (fault === "narrow") data = data.map(({ index }) => ({ index, embedding: [1, 2] }));
    const whole = JSON.stringify({ object: "list", data, model: "m", usage: { prompt_tokens: 2 * input.length } });
    if (fault === "malformed") return say(200, whole.slice(0, -20));
    if (fault === "cut" || fault === "stalled") {
      response.writeHead(200, { ...json, "content-length": Buffer.byteLength(whole) }).write(whole.slice(0, whole.length >> 1));
      if (fault === "cut") setTimeout(() => response.destroy(), 20);
      return;
    }
    say(200, whole);
  };
  const { address, close } = await listen((request, response) => void answer(request, response).catch(() => response.destroy()));
  return { address: address.replace(/\/sparql$/, "/v1"), faults, asked, keys, bodies, close };
}
