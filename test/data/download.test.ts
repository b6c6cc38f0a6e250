import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AbortError, DataError } from "../../src/core/errors";
import type { ProgressReport } from "../../src/core/progress";
import { sha256Of } from "../../src/data/checksum";
import { download } from "../../src/data/download";
import { child, kill, output } from "../core/children";
import { onSmallDisk } from "../disk";
import { freshFolder } from "../scratch";
import { sha256 } from "./fixtures";

/** A server on loopback for the time of `work`. */
async function serving(answer: RequestListener, work: (url: string) => Promise<unknown>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file.zip`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Sends `bytes` of the answer and cuts the connection once they are out. */
function cut(response: ServerResponse, bytes: Buffer): void {
  response.write(bytes, () => setTimeout(() => response.destroy(), 20));
}

interface Version {
  readonly content: Buffer;
  readonly etag?: string;
  readonly lastModified?: string;
}

/** An honest server of ranges, as RFC 9110 says; `send` may cut. It notes what was asked and what was answered. */
function ranges(version: () => Version, log: string[], send: (response: ServerResponse, rest: Buffer, n: number) => void = (response, rest) => void response.end(rest)): RequestListener {
  return (request: IncomingMessage, response) => {
    const { content, etag, lastModified } = version();
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    const condition = request.headers["if-range"];
    const partial = from !== undefined && (condition === undefined || condition === etag || condition === lastModified);
    const start = partial ? Number(from) : 0;
    const versions = { ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { "last-modified": lastModified }) };
    log.push(`${from ?? "whole"}${condition === undefined ? "" : ` if ${String(condition)}`}: ${start >= content.length ? 416 : partial ? 206 : 200}`);
    if (start >= content.length) return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    const rest = content.subarray(start);
    const headers = { ...versions, "content-length": rest.length };
    if (partial) response.writeHead(206, { ...headers, "content-range": `bytes ${start}-${content.length - 1}/${content.length}` });
    else response.writeHead(200, headers);
    send(response, rest, log.length);
  };
}

const quick = { backoff: 5, connectTimeout: 2000, stallTimeout: 2000 } as const;

describe("download", () => {
  const folder = freshFolder();
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251)); // no two ranges alike
  const other = Buffer.from(content).reverse();
  const at = (): string => join(folder(), "file.zip");

  it("writes the file whole and reports bytes; a right file that is there is not fetched again", async () => {
    const path = join(folder(), "downloads", "file.zip");
    const reports: ProgressReport[] = [];
    const log: string[] = [];
    await serving(ranges(() => ({ content }), log), async (url) => {
      await download(url, path, sha256(content), { progress: (report) => reports.push(report) });
      await download(url, path, sha256(content));
    });
    assert.deepEqual(log, ["whole: 200"]);
    assert.deepEqual(readFileSync(path), content);
    assert.equal(await sha256Of(path), sha256(content));
    assert.deepEqual([reports.at(-1)!.done, reports.at(-1)!.total, reports.at(-1)!.unit], [content.length, content.length, "byte"]);
    assert.deepEqual(readdirSync(join(folder(), "downloads")), ["file.zip"]);
  });

  it("goes on after each cut from the byte it has, under If-Range, by ETag or by date", async () => {
    for (const version of [{ content, etag: '"v1"' }, { content, lastModified: "Sat, 01 Jan 2000 00:00:00 GMT" }, { content, etag: 'W/"v1"', lastModified: "Sat, 01 Jan 2000 00:00:00 GMT" }]) {
      const log: string[] = [];
      const send = (response: ServerResponse, rest: Buffer): void => (rest.length > 50_000 ? cut(response, rest.subarray(0, 50_000)) : void response.end(rest));
      const path = join(folder(), `${sha256(JSON.stringify(version)).slice(0, 8)}.zip`);
      await serving(ranges(() => version, log, send), (url) => download(url, path, sha256(content), { ...quick, attempts: 2 })); // each brings something: five cuts are no five failures
      const condition = "lastModified" in version ? version.lastModified : version.etag;
      assert.deepEqual(log, ["whole: 200", ...[1, 2, 3, 4, 5].map((n) => `${n * 50_000} if ${condition}: 206`)]);
      assert.deepEqual(readFileSync(path), content);
    }
  });

  it("never mixes two versions: the file changed between two tries", async () => {
    for (const honest of [true, false]) {
      const log: string[] = [];
      let version: Version = { content: other, etag: '"old"' };
      const cutFirst = (response: ServerResponse, rest: Buffer, n: number): void => {
        if (n > 1) return void response.end(rest);
        cut(response, rest.subarray(0, 100_000));
        version = { content, etag: '"new"' };
      };
      const inner = ranges(() => version, log, cutFirst);
      const listener: RequestListener = (request, response) => {
        if (!honest) delete request.headers["if-range"]; // a server that knows ranges and no conditions
        inner(request, response);
      };
      const path = join(folder(), `${honest}.zip`);
      await serving(listener, (url) => download(url, path, undefined, quick)); // without a sha256: only the versions tell
      assert.deepEqual(log, honest ? ["whole: 200", '100000 if "old": 200'] : ["whole: 200", "100000: 206", "whole: 200"]);
      assert.deepEqual(readFileSync(path), content);
    }
  });

  it("starts again where pieces do not fit together though no version said so", async () => {
    const log: string[] = [];
    writeFileSync(`${at()}.part`, other.subarray(0, 70_000));
    await serving(ranges(() => ({ content }), log), async (url) => {
      writeFileSync(`${at()}.part.json`, JSON.stringify({ url, total: content.length }));
      await download(url, at(), sha256(content), quick);
    });
    assert.deepEqual(log, ["70000: 206", "whole: 200"]);
    assert.deepEqual(readFileSync(at()), content);
  });

  it("starts again with a server that ignores ranges, and gives up when it never gets further", async () => {
    let tries = 0;
    const ignoring: RequestListener = (_, response) => {
      response.writeHead(200, { "content-length": content.length, etag: '"v"' });
      if (++tries < 3) cut(response, content.subarray(0, 120_000));
      else response.end(content);
    };
    await serving(ignoring, (url) => download(url, at(), sha256(content), quick));
    assert.equal(tries, 3);
    assert.deepEqual(readFileSync(at()), content);
    let asked = 0;
    const never: RequestListener = (_, response) => {
      asked++;
      response.writeHead(200, { "content-length": content.length });
      cut(response, content.subarray(0, 1000));
    };
    const path = join(folder(), "never.zip");
    await serving(never, (url) =>
      assert.rejects(download(url, path, sha256(content), { ...quick, attempts: 3 }), (error: Error) => {
        assert.match(error.message, /after 1000 of 300000 bytes, 3 tries in a row that brought nothing new; the 1000 bytes that came are kept in .*never\.zip\.part: call again/);
        return error instanceof DataError && error.message.endsWith(`place it at ${path}`);
      }),
    );
    assert.equal(asked, 3);
  });

  it("goes on where an earlier call was stopped, and by a part of another address does not", async () => {
    const log: string[] = [];
    const stop = new AbortController();
    const hold = (response: ServerResponse, rest: Buffer, n: number): void => void (n === 1 ? response.write(rest.subarray(0, 80_000)) : response.end(rest));
    await serving(ranges(() => ({ content, etag: '"v"' }), log, hold), async (url) => {
      const options = { ...quick, signal: stop.signal, progress: ({ done }: ProgressReport) => { if (done === 80_000) stop.abort(); } };
      await assert.rejects(download(url, at(), sha256(content), options), (error: Error) => error instanceof AbortError && error.message.endsWith(`resumes from ${at()}.part`));
      assert.deepEqual(readdirSync(folder()).sort(), ["file.zip.part", "file.zip.part.json"]);
      assert.deepEqual(readFileSync(`${at()}.part`), content.subarray(0, 80_000));
      assert.deepEqual(JSON.parse(readFileSync(`${at()}.part.json`, "utf8")), { url, etag: '"v"', total: content.length });
      await download(url, at(), sha256(content), quick);
      assert.deepEqual(readFileSync(at()), content);
      assert.deepEqual(readdirSync(folder()), ["file.zip"]);
      const second = join(folder(), "second.zip");
      writeFileSync(`${second}.part`, other.subarray(0, 10));
      writeFileSync(`${second}.part.json`, JSON.stringify({ url: `${url}x`, etag: '"v"' }));
      await download(url, second, sha256(content), quick);
      assert.deepEqual(readFileSync(second), content);
    });
    assert.deepEqual(log, ["whole: 200", '80000 if "v": 206', "whole: 200"]);
  });

  it("asks for nothing when a killed process had all bytes, and lets a 416 say that all are there", async () => {
    const log: string[] = [];
    await serving(ranges(() => ({ content, etag: '"v"' }), log), async (url) => {
      for (const sum of [sha256(content), undefined]) {
        writeFileSync(`${at()}.part`, content);
        writeFileSync(`${at()}.part.json`, JSON.stringify({ url, etag: '"v"' }));
        await download(url, join(folder(), "file.zip"), sum, quick);
        assert.deepEqual(readFileSync(at()), content);
        assert.deepEqual(readdirSync(folder()), ["file.zip"]);
      }
    });
    assert.deepEqual(log, ['300000 if "v": 416']);
  });

  it("tries a 503 again after the time that the server names, and gives up on one that names hours", async () => {
    const times: number[] = [];
    const busy: RequestListener = (_, response) => {
      times.push(performance.now());
      if (times.length < 3) response.writeHead(503, times.length === 1 ? { "retry-after": "1" } : { "retry-after": new Date(Date.now() - 5000).toUTCString() }).end();
      else response.end(content);
    };
    await serving(busy, (url) => download(url, at(), sha256(content), quick));
    assert.equal(times.length, 3);
    assert.ok(times[1]! - times[0]! >= 990, "the pause is at least what was asked for");
    await serving(
      (_, response) => response.writeHead(503, { "retry-after": "7200" }).end(),
      (url) => assert.rejects(download(url, join(folder(), "b.zip"), undefined, quick), /found HTTP status 503 \(Service Unavailable\) that asks to come back in 7200 s; fetch it elsewhere/),
    );
  });

  it("stops at the signal while it pauses", async () => {
    const stop = new AbortController();
    const busy: RequestListener = (_, response) => {
      response.writeHead(503, { "retry-after": "50" }).end();
      setTimeout(() => stop.abort(), 20);
    };
    await serving(busy, (url) => assert.rejects(download(url, at(), undefined, { ...quick, signal: stop.signal }), AbortError));
    assert.deepEqual(readdirSync(folder()), []);
  });

  it("takes the right bytes whatever length was announced, if their sha256 is known", async () => {
    for (const ranged of [true, false]) {
      const longer: RequestListener = (request, response) => {
        if (ranged && request.headers.range !== undefined) return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
        response.writeHead(200, { "content-length": content.length + 9, etag: '"v"' });
        cut(response, content);
      };
      const path = join(folder(), `${ranged}.zip`);
      await serving(longer, (url) => download(url, path, sha256(content), quick));
      assert.deepEqual(readFileSync(path), content);
    }
  });

  it("refuses a file that ends before or after the length announced", async () => {
    const longer: RequestListener = (_, response) => {
      response.writeHead(200, { "content-length": content.length + 9 });
      cut(response, content);
    };
    await serving(longer, (url) => assert.rejects(download(url, at(), undefined, { ...quick, attempts: 2 }), /after 300000 of 300009 bytes, 2 tries/));
    assert.equal(existsSync(at()), false);
    const path = join(folder(), "shorter.zip");
    const shorter: RequestListener = (request) => void request.socket.end(Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 299990\r\nconnection: close\r\n\r\n"), content]));
    await serving(shorter, (url) =>
      assert.rejects(download(url, path, sha256(content), quick), (error: Error) => {
        assert.ok(error.message.includes(`Expected sha256 ${sha256(content)} of ${url}, found ${sha256(content.subarray(0, 299_990))} (299990 bytes)`), error.message);
        return error instanceof DataError;
      }),
    );
    assert.ok(!readdirSync(folder()).some((name) => name.startsWith("shorter")));
  });

  const failures: readonly (readonly [string, number, RequestListener, RegExp])[] = [
    ["other bytes", 1, (_, response) => response.end("else"), /Expected sha256 [0-9a-f]{64} of http.*, found [0-9a-f]{64} \(4 bytes\); the file there is another one/],
    ["404", 1, (_, response) => response.writeHead(404).end("<html>"), /found HTTP status 404 \(Not Found\): it is not there any more; fetch/],
    ["403", 1, (_, response) => response.writeHead(403).end("<html>"), /found HTTP status 403 \(Forbidden\): the host does not give it to this machine; fetch/],
    ["500 and again", 3, (_, response) => response.writeHead(500).end("<html>"), /found HTTP status 500 \(Internal Server Error\), 3 tries/],
    ["no answer", 1, () => undefined, /found no answer within 100 ms; fetch/],
    ["an answer without a byte", 3, (_, response) => void response.writeHead(200).flushHeaders(), /found no byte for 100 ms after 0 of unknown bytes, 3 tries/],
  ];
  for (const [what, requests, answer, message] of failures) {
    it(`leaves nothing behind after ${what}, asks ${requests === 1 ? "once" : `${requests} times`}, and says where to place the file`, async () => {
      let asked = 0;
      const counting: RequestListener = (request, response) => {
        asked++;
        answer(request, response);
      };
      await serving(counting, (url) =>
        assert.rejects(download(url, at(), sha256(content), { attempts: 3, backoff: 5, connectTimeout: 100, stallTimeout: 100 }), (error: Error) => {
          assert.match(error.message, message);
          return error instanceof DataError && error.message.endsWith(`place it at ${at()}`);
        }),
      );
      assert.equal(asked, requests);
      assert.deepEqual(readdirSync(folder()), []);
    });
  }

  it("does not ask a host twice that is not there", async () => {
    let url = "";
    await serving(() => undefined, async (one) => void (url = one));
    await assert.rejects(download(url, at(), undefined, { backoff: 60_000 }), /found connect ECONNREFUSED/);
    assert.deepEqual(readdirSync(folder()), []);
  });

  const code = (url: string, path: string): string => `
    const { download } = require(${JSON.stringify(join(__dirname, "../../src/data/download"))});
    download(${JSON.stringify(url)}, ${JSON.stringify(path)}, ${JSON.stringify(sha256(content))}, { backoff: 5 });`;

  it("fetches once for two processes", async () => {
    const log: string[] = [];
    const slow = (response: ServerResponse, rest: Buffer): void => void setTimeout(() => response.end(rest), 700);
    await serving(ranges(() => ({ content }), log, slow), (url) => Promise.all([output(child(code(url, at()))), output(child(code(url, at())))]));
    assert.deepEqual(log, ["whole: 200"]);
    assert.deepEqual(readFileSync(at()), content);
    assert.deepEqual(readdirSync(folder()), ["file.zip"]);
  });

  it("goes on where a killed process was", async () => {
    const log: string[] = [];
    const hold = (response: ServerResponse, rest: Buffer, n: number): void => void (n === 1 ? response.write(rest.subarray(0, 130_000)) : response.end(rest));
    await serving(ranges(() => ({ content, etag: '"v"' }), log, hold), async (url) => {
      const killed = child(code(url, at()));
      const arrived = (): number => (existsSync(`${at()}.part`) ? readFileSync(`${at()}.part`).length : 0);
      while (arrived() < 130_000) await new Promise((resolve) => setTimeout(resolve, 10));
      await kill(killed);
      assert.equal(existsSync(at()), false);
      await download(url, at(), sha256(content), quick);
    });
    assert.deepEqual(log, ["whole: 200", '130000 if "v": 206']);
    assert.deepEqual(readFileSync(at()), content);
    assert.deepEqual(readdirSync(folder()), ["file.zip"]);
  });

  it("says that the disk is full, keeps what fits, and goes on when there is room", async function () {
    await onSmallDisk(this, folder(), "128k", async (disk) => {
      const log: string[] = [];
      const path = join(disk.folder, "file.zip");
      await serving(ranges(() => ({ content, etag: '"v"' }), log), async (url) => {
        await assert.rejects(download(url, path, sha256(content), quick), (error: Error) => {
          assert.match(error.message, /^Expected room for file\.zip in .*disk, found a full disk; free some space; the \d+ bytes that came are kept in .*file\.zip\.part: call again/);
          return error instanceof DataError;
        });
        assert.deepEqual(readdirSync(disk.folder).sort(), ["file.zip.part", "file.zip.part.json"]);
        const part = readFileSync(`${path}.part`);
        assert.ok(part.length > 60_000 && part.equals(content.subarray(0, part.length)));
        disk.resize("1m");
        await download(url, path, sha256(content), quick);
        assert.deepEqual(log, ["whole: 200", `${part.length} if "v": 206`]);
        assert.deepEqual(readFileSync(path), content);
      });
    });
  });
});
