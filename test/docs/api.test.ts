/** The pages of the API are made without a warning: nothing that is referred to is missing, no link leads nowhere. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshFolder } from "../scratch";

const root = join(__dirname, "..", "..");
const settings = join(root, "typedoc.json");

/** typedoc with a file of settings, and others over them. */
function typedoc(options: string, ...given: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "node_modules/typedoc/bin/typedoc"), "--options", options, "--logLevel", "Warn", ...given], { cwd: root, encoding: "utf8" });
  return { status, said: `${stdout}${stderr}`.replace(/\x1b\[[0-9;]*m/g, "") };
}

describe("the pages of the API", function () {
  this.timeout(900_000); // ten seconds on a quiet machine
  const scratch = freshFolder();

  it("are made of src/index.ts, with the examples of docstrings", () => {
    const out = join(scratch(), "api");
    const { status, said } = typedoc(settings, "--out", out);
    assert.deepEqual([status, said.trim()], [0, ""]);
    assert.ok(existsSync(join(out, "index.html")));
    const page = readFileSync(join(out, "functions", "prefixBatches.html"), "utf8");
    for (const words of ["One epoch of shuffled prefixes", "of a longer prefix the last items count", "Example"]) assert.ok(page.includes(words), words);
  });

  it("are refused where a type is missing or a link leads nowhere", () => {
    const folder = scratch();
    writeFileSync(join(folder, "planted.ts"), "interface Hidden {\n  readonly a: number;\n}\n/** See {@link Nowhere}. */\nexport function shown(given: Hidden): number {\n  return given.a;\n}\n");
    const write = (name: string, value: object): void => writeFileSync(join(folder, name), JSON.stringify(value));
    write("package.json", { name: "planted", version: "1.0.0" }); // without one typedoc takes the file for somebody else's
    write("tsconfig.json", { compilerOptions: { target: "ES2022", types: [] }, include: ["planted.ts"] });
    write("typedoc.json", { extends: [settings], entryPoints: ["planted.ts"], tsconfig: "tsconfig.json", out: "api", intentionallyNotExported: [] });
    const { status, said } = typedoc(join(folder, "typedoc.json"));
    assert.notEqual(status, 0);
    assert.match(said, /Hidden, defined in .*planted\.ts, is referenced by shown/);
    assert.match(said, /Nowhere/);
  });
});
