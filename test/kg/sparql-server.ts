/**
 * A SPARQL server on loopback for tests: Oxigraph's own (the `oxigraph` wheel in .venv, another build and another process
 * than the library's), else one of ours over the library's engine. And a proxy in front that spoils answers on order.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, request as forward, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fetch } from "undici";

export interface Served {
  readonly address: string;
  close(): Promise<void>;
}

const binary = ["bin/oxigraph", "Scripts/oxigraph.exe"].map((path) => join(__dirname, "../../.venv", path)).find(existsSync);

/** Serves these triples: query at `address`. Says which server it is where it is not the real one. */
export async function serveTriples(ntriples: string): Promise<Served> {
  if (binary === undefined) {
    console.log("    Oxigraph's server is not in .venv (npm run setup -- --tests puts it there): a server of the test's own over the oxigraph package answers");
    return serveOurselves(ntriples);
  }
  const port = await freePort();
  const child = spawn(binary, ["serve", "--bind", `127.0.0.1:${port}`], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const base = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    try {
      const loaded = await fetch(`${base}/store?default`, { method: "POST", headers: { "content-type": "application/n-triples" }, body: ntriples });
      if (!loaded.ok) throw new Error(`Oxigraph's server took no triples: ${loaded.status} ${await loaded.text()}`);
      return { address: `${base}/query`, close };
    } catch (error) {
      if (!(error instanceof TypeError) || tries > 200 || child.exitCode !== null) {
        await close();
        throw error;
      }
      await sleep(50);
    }
  }
}

async function serveOurselves(ntriples: string): Promise<Served> {
  const { Store } = await import("oxigraph");
  const store = new Store();
  store.load(ntriples, { format: "application/n-triples" });
  return listen((request, response) => {
    void bodyOf(request).then((body) => {
      try {
        response.writeHead(200, { "content-type": "application/sparql-results+json" }).end(store.query(new URLSearchParams(body).get("query") ?? "", { results_format: "json" }) as string);
      } catch (error) {
        response.writeHead(400, { "content-type": "text/plain" }).end(String(error));
      }
    });
  });
}

/** Listens on loopback. */
export async function listen(listener: RequestListener): Promise<Served> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sparql`, close };
}

async function freePort(): Promise<number> {
  const { address, close } = await listen(() => undefined);
  await close();
  return Number(new URL(address).port);
}

export async function bodyOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** How an answer is spoilt. */
export type Fault = "none" | "slow" | "cut" | "cut before" | "stalled" | "malformed" | "html" | "truncated" | "partial" | "partial 206" | 400 | 429 | 500 | 502 | 503;

export interface FaultProxy extends Served {
  /** The next answers; after them, none is spoilt. */
  readonly faults: Fault[];
  /** Queries that came. */
  readonly queries: string[];
  readonly agents: (string | undefined)[];
}

/** Stands in front of a server. */
export async function faultProxy(target: string): Promise<FaultProxy> {
  const [faults, queries, agents]: [Fault[], string[], (string | undefined)[]] = [[], [], []];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    queries.push(new URLSearchParams(body).get("query") ?? "");
    agents.push(request.headers["user-agent"]);
    const fault = faults.shift() ?? "none";
    if (fault === "slow") return; // never
    if (fault === "cut before") return void response.destroy();
    if (typeof fault === "number") return void response.writeHead(fault, { "content-type": "text/html", "retry-after": "0" }).end(`<html><head><title>x</title></head><body><h1>The endpoint is ${fault === 400 ? "puzzled" : "busy"}</h1></body></html>`);
    if (fault === "html") return void response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Please log in</body></html>");
    const whole = await new Promise<string>((resolve, reject) => {
      const { "content-type": type, accept } = request.headers;
      const out = forward(target, { method: "POST", headers: { "content-type": type!, accept: accept!, "content-length": Buffer.byteLength(body) } }, (inner) => void bodyOf(inner).then(resolve, reject));
      out.on("error", reject).end(body);
    });
    const json = { "content-type": "application/sparql-results+json" };
    const half = (): string => {
      const value = JSON.parse(whole) as { results: { bindings: unknown[] } };
      value.results.bindings = value.results.bindings.slice(0, Math.ceil(value.results.bindings.length / 2));
      return JSON.stringify(value);
    };
    if (fault === "cut" || fault === "stalled") {
      response.writeHead(200, { ...json, "content-length": Buffer.byteLength(whole) }).write(whole.slice(0, whole.length >> 1));
      if (fault === "cut") setTimeout(() => response.destroy(), 20);
    } else if (fault === "malformed") response.writeHead(200, json).end(whole.slice(0, whole.length >> 1));
    else if (fault === "truncated") response.writeHead(200, json).end(half());
    else if (fault === "partial") response.writeHead(200, { ...json, "x-sql-state": "S1TAT", "x-sql-message": "Returning incomplete results, query interrupted by result timeout" }).end(half());
    else if (fault === "partial 206") response.writeHead(206, json).end(half());
    else response.writeHead(200, json).end(whole);
  };
  const served = await listen((request, response) => void answer(request, response).catch(() => response.destroy()));
  return { ...served, faults, queries, agents };
}
