/** Downloads through a proxy on loopback, for hosts of the reserved domain .example: that they arrive shows who fetched them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { download } from "../../src/data/download";
import { child, output } from "../core/children";
import { freshFolder } from "../scratch";
import { sha256, skipFor } from "./fixtures";

const content = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251));
const variables = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] as const;
const quick = { backoff: 5, connectTimeout: 2000, stallTimeout: 2000, attempts: 2 } as const;

/** Listens on loopback for the time of `work`. */
async function listening(server: Server & { closeAllConnections(): void }, work: (port: number) => Promise<unknown>, host = "127.0.0.1"): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Runs `work` where the environment names these proxies and no others. */
async function within(environment: Readonly<Partial<Record<(typeof variables)[number], string>>>, work: () => Promise<unknown>): Promise<void> {
  const before = variables.map((name) => [name, process.env[name]] as const);
  for (const name of variables) delete process.env[name];
  Object.assign(process.env, environment);
  try {
    await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

describe("downloads through a proxy", () => {
  const folder = freshFolder();
  const at = (): string => join(folder(), "file.zip");
  const url = "http://data.example/sets/file.zip?v=1";

  /** A proxy that has the file itself; it notes what it is asked for, and with what name and password. */
  const proxy = (log: string[]): RequestListener => (request, response) => {
    log.push(`${request.method} ${request.url} ${request.headers.range ?? "whole"}, host ${request.headers.host}, ${request.headers["proxy-authorization"] ?? "nobody"}`);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = content.subarray(from);
    response.writeHead(from === 0 ? 200 : 206, { "content-length": rest.length, etag: '"v"', ...(from === 0 ? {} : { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }) });
    if (log.length > 1) response.end(rest);
    else response.write(rest.subarray(0, 20_000), () => setTimeout(() => response.destroy(), 20));
  };

  it("asks HTTP_PROXY for the whole address, with its name and password, and goes on after a cut", async () => {
    const log: string[] = [];
    await listening(createServer(proxy(log)), (port) => within({ HTTP_PROXY: `http://me:p%40ss@127.0.0.1:${port}` }, () => download(url, at(), sha256(content), quick)));
    assert.deepEqual(readFileSync(at()), content);
    const who = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;
    assert.deepEqual(log, [`GET ${url} whole, host data.example, ${who}`, `GET ${url} bytes=20000-, host data.example, ${who}`]);
  });

  it("tunnels https through HTTPS_PROXY: the proxy sees the host and no more", async function () {
    this.timeout(20_000);
    const [key, certificate] = [join(folder(), "key.pem"), join(folder(), "certificate.pem")];
    const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=data.example", "-addext", "subjectAltName=DNS:data.example"]);
    if (made.status !== 0) skipFor(this, "openssl is not here, or cannot make a certificate");
    const secure = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_, response) => void response.end(content));
    const log: string[] = [];
    const tunnels = createServer((_, response) => void response.writeHead(400).end());
    await listening(secure, (securePort) => {
      tunnels.on("connect", (request, socket) => {
        log.push(`CONNECT ${request.url}`);
        const inner = connect(securePort, "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
          inner.pipe(socket).pipe(inner);
        });
        for (const one of [inner, socket]) one.on("error", () => inner.destroy()).on("close", () => (inner.destroy(), socket.destroy()));
      });
      const code = `
        const { download } = require(${JSON.stringify(join(__dirname, "../../src/data/download"))});
        download("https://data.example/file.zip", ${JSON.stringify(at())}, ${JSON.stringify(sha256(content))}, { backoff: 5 });`;
      // A certificate of one's own is trusted by a process from its start.
      return listening(tunnels, (port) => within({ https_proxy: `http://127.0.0.1:${port}` }, () => output(child(code, { NODE_EXTRA_CA_CERTS: certificate }))));
    });
    assert.deepEqual(readFileSync(at()), content);
    assert.deepEqual(log, ["CONNECT data.example:443"]);
  });

  it("does not ask the proxy for what NO_PROXY names, nor ever for this machine", async () => {
    const asked: string[] = [];
    const direct = createServer((_, response) => void response.end(content));
    const refusing = createServer((request, response) => void (asked.push(request.url!), response.writeHead(502).end()));
    await listening(refusing, async (port) => {
      const HTTP_PROXY = `http://127.0.0.1:${port}`;
      await listening(direct, (own) => within({ HTTP_PROXY }, () => download(`http://127.0.0.1:${own}/a`, join(folder(), "a"), sha256(content), quick)));
      assert.deepEqual(asked, []);
      for (const NO_PROXY of ["other.example, 127.0.0.2", "*"]) {
        await listening(direct, (own) => within({ HTTP_PROXY, NO_PROXY }, () => download(`http://127.0.0.2:${own}/b`, join(folder(), NO_PROXY.slice(0, 1)), sha256(content), quick)), "127.0.0.2");
      }
      assert.deepEqual(asked, []);
      await within({ HTTP_PROXY, NO_PROXY: "data.example.org,example.data" }, () => assert.rejects(download(url, join(folder(), "c"), undefined, quick), /found HTTP status 502/));
      assert.deepEqual(asked, [url, url]);
    });
    assert.deepEqual(readdirSync(folder()).sort(), ["*", "a", "o"]);
  });

  it("says what the proxy said, and which variable is wrong without what it holds", async () => {
    const listener: RequestListener = (_, response) => void response.writeHead(407).end();
    const server = createServer(listener).on("connect", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    await listening(server, (port) =>
      within({ HTTP_PROXY: `http://127.0.0.1:${port}` }, async () => {
        await assert.rejects(download(url, at(), undefined, quick), (error: Error) => error instanceof DataError && /found Proxy Authentication Required \(407\)/.test(error.message));
        // Where HTTPS_PROXY is not set, HTTP_PROXY serves https too.
        await assert.rejects(download("https://data.example/f", at(), undefined, quick), (error: Error) => error instanceof DataError && /found Proxy response \(403\)/.test(error.message));
      }),
    );
    await within({ HTTPS_PROXY: "me:secret@proxy" }, () =>
      assert.rejects(download(url, at(), undefined, quick), (error: Error) => error instanceof ConfigError && /Expected HTTPS_PROXY to be the URL/.test(error.message) && !error.message.includes("secret")),
    );
    assert.deepEqual(readdirSync(folder()), []);
  });
});
