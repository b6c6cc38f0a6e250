import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeVersion } from "../../src/core/code-version";
import { ConfigError } from "../../src/core/errors";
import { freshFolder } from "../scratch";

describe("codeVersion", () => {
  const scratch = freshFolder();
  let folder: string;
  const put = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const version = (name = "main.ts") => codeVersion(join(folder, name), new Map());

  beforeEach(() => {
    folder = join(scratch(), "project");
    put("package.json", "{}");
    put("main.ts", `import { a } from "./a";\nimport type { T } from "./types";\nimport pkg from "pkg/part";\nimport { join } from "node:path";\n`);
    put("a.ts", `export {\n  b,\n} from "./deep/b";\nexport const a = 1;\n`);
    put("deep/b.ts", `const c = require("../c.js");\nexport const b = c;\n`);
    put("c.js", `module.exports = 1;\n`);
    put("types.ts", `export type T = 1;\n`);
    put("alone.ts", `export const x = 1;\n`);
    put("node_modules/pkg/package.json", `{"version": "1.0.0"}`);
  });

  for (const file of ["main.ts", "a.ts", "deep/b.ts", "c.js"]) {
    it(`changes when ${file} changes, and comes back with it`, () => {
      const before = version();
      const edited = file === "main.ts" ? `import { a } from "./a";\nimport pkg from "pkg/part";\n` : `export const changed = 2;\n`;
      put(file, edited);
      assert.notEqual(version(), before);
    });
  }

  it("does not change with a file that the code cannot reach, or that gives types only", () => {
    const before = version();
    put("alone.ts", "export const x = 2;\n");
    put("types.ts", "export type T = 2;\n");
    assert.equal(version(), before);
  });

  it("changes with the installed version of a package", () => {
    const before = version();
    put("node_modules/pkg/package.json", `{"version": "1.0.1"}`);
    assert.notEqual(version(), before);
  });

  it("does not depend on where the project lies", () => {
    const before = version();
    folder = join(scratch(), "elsewhere");
    put("package.json", "{}");
    put("main.ts", `import { a } from "./a";\nimport type { T } from "./types";\nimport pkg from "pkg/part";\nimport { join } from "node:path";\n`);
    put("a.ts", `export {\n  b,\n} from "./deep/b";\nexport const a = 1;\n`);
    put("deep/b.ts", `const c = require("../c.js");\nexport const b = c;\n`);
    put("c.js", `module.exports = 1;\n`);
    put("node_modules/pkg/package.json", `{"version": "1.0.0"}`);
    assert.equal(version(), before);
  });

  it("bears circular imports, and reads no import in a comment", () => {
    put("c.js", `require("./a");\n// require("./not-there")\n/**\n * import { x } from "./alone";\n */\nmodule.exports = 1;\n`);
    const before = version();
    put("alone.ts", "export const x = 3;\n");
    assert.equal(version(), before);
  });

  it("names the file that is not there", () => {
    assert.throws(() => version("none.ts"), (error: Error) => error instanceof ConfigError && error.message.includes("none.ts"));
  });

  it("reaches from the step cache to what it imports, and no further", () => {
    const root = join(__dirname, "../../src/core");
    const known = new Map();
    codeVersion(join(root, "step.ts"), known);
    const reached = [...known.keys()].map((file: string) => file.slice(root.length + 1)).sort();
    assert.deepEqual(reached, ["cache.ts", "code-version.ts", "codec.ts", "duration.ts", "errors.ts", "files.ts", "hash.ts", "lock.ts", "processes.ts", "step.ts", "store.ts"]);
  });

  it("does not change with the modules that keep results, and does with those that a result is made of", () => {
    const root = join(__dirname, "../../src/core");
    const units = new Map();
    const before = codeVersion(join(root, "step.ts"), units);
    const edit = (file: string) => {
      const edited = new Map(units);
      edited.set(join(root, file), { ...edited.get(join(root, file)), content: "edited" });
      return codeVersion(join(root, "step.ts"), edited);
    };
    for (const file of ["step.ts", "files.ts", "code-version.ts", "cache.ts", "lock.ts", "processes.ts", "store.ts"]) assert.equal(edit(file), before, file);
    for (const file of ["codec.ts", "hash.ts", "errors.ts"]) assert.notEqual(edit(file), before, file);
    // The words are the compiled modules' hashes when the first results were published: their keys are kept.
    const text = readFileSync(join(root, "code-version.ts"), "utf8");
    for (const word of ["404c93c2", "c5fd1ab3", "21a4e2f6"]) assert.ok(text.includes(`"${word}`), word);
  });
});
