/** The pages of the API are made without a warning: nothing that is referred to is missing, no link leads nowhere. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshFolder } from "../scratch";

const root = join(__dirname, "..", "..");

/** typedoc with the project's settings, and others over them. */
function typedoc(...given: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [require.resolve("typedoc/bin/typedoc"), "--options", join(root, "typedoc.json"), "--logLevel", "Warn", ...given], { cwd: root, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}`.replace(/\x1b\[[0-9;]*m/g, "") };
}

describe("the pages of the API", function () {
  this.timeout(900_000); // ten seconds on a quiet machine
  const scratch = freshFolder();

  it("are made of src/index.ts, with the examples of docstrings", () => {
    const out = join(scratch(), "api");
    const { status, said } = typedoc("--out", out);
    assert.deepEqual([status, said.trim()], [0, ""]);
    assert.ok(existsSync(join(out, "index.html")));
    const page = readFileSync(join(out, "functions", "prefixBatches.html"), "utf8");
    for (const words of ["One epoch of shuffled prefixes", "of a longer prefix the last items count", "Example"]) assert.ok(page.includes(words), words);
  });

  it("are refused where a type is missing or a link leads nowhere", () => {
    const folder = scratch();
    writeFileSync(join(folder, "planted.ts"), "interface Hidden {\n  readonly a: number;\n}\n/** See {@link Nowhere}. */\nexport function shown(given: Hidden): number {\n  return given.a;\n}\n");
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { target: "ES2022", types: [] }, include: ["planted.ts"] }));
    const { status, said } = typedoc("--entryPoints", join(folder, "planted.ts"), "--tsconfig", join(folder, "tsconfig.json"), "--out", join(folder, "api"));
    assert.notEqual(status, 0);
    assert.match(said, /Hidden, defined in .*planted\.ts, is referenced by shown/);
    assert.match(said, /Nowhere/);
  });
});
