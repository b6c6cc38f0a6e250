import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../src/core/errors";
import type { WheelSource } from "../../src/data/catalog";
import { downloadWheel } from "../../src/data/wheel";
import { freshFolder } from "../scratch";
import { sha256 } from "./fixtures";

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
