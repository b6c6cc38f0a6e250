/** The rules hold in this repository, and each rule finds a violation that is planted. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bannedViolations, importOrderViolations, longest, pinViolations, resolveViolations, scratchViolations, shapeViolations, textViolations, type SourceText } from "./rules";

const root = join(__dirname, "..", "..");

/** The files of the repository, tracked or about to be; undefined where this is no git checkout. */
function repositoryFiles(): string[] | undefined {
  try {
    const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return list.split("\0").filter((path) => path !== "" && existsSync(join(root, path)) && statSync(join(root, path)).isFile());
  } catch {
    return undefined;
  }
}

function read(path: string): SourceText {
  return { path, text: readFileSync(join(root, path), "utf8") };
}

/** One planted file. */
function plant(path: string, text: string): SourceText[] {
  return [{ path, text }];
}

describe("architecture", () => {
  const paths = repositoryFiles();
  const sources = (paths ?? []).filter((path) => /^src\/.*\.ts$/.test(path)).map(read);
  const kernel = (paths ?? []).filter((path) => /^kernels\/.*\.ts$/.test(path)).map(read);
  const tests = (paths ?? []).filter((path) => /^test\/.*\.ts$/.test(path)).map(read);

  before(function () {
    if (paths === undefined) {
      console.log("skipped: the rules of the repository are checked in a git checkout");
      this.skip();
    }
    assert.ok(sources.length > 10 && tests.length > 5, "the rules were given no files");
  });

  it("imports only from the folders before, and display only where results are shown", () => {
    assert.deepEqual(importOrderViolations([...sources, ...tests]), []);
  });

  it("finds an import against the order, in every form", () => {
    for (const line of [
      'import { fit } from "../models/sasrec";',
      'import type { Fit } from "../models/sasrec";',
      'export * from "../models/sasrec";',
      'const late = import("../models/sasrec");',
      'const early = require("../models/sasrec");',
      'type T = import("../models/sasrec").T;',
    ]) {
      assert.deepEqual(importOrderViolations(plant("src/data/split.ts", line)), ["src/data/split.ts:1: data imports models, which comes after it"], line);
    }
    assert.equal(importOrderViolations(plant("src/models/a.ts", 'import "../display/bar";'))[0], "src/models/a.ts:1: models imports display, which comes after it");
    assert.equal(importOrderViolations(plant("src/core/a.ts", 'import "../../test/x";'))[0], "src/core/a.ts:1: src imports test/x");
    assert.equal(importOrderViolations(plant("src/other/a.ts", 'import "../core/rng";'))[0], "src/other/a.ts:1: the folder other is not in the layout");
    assert.equal(importOrderViolations(plant("test/core/a.test.ts", 'import "../../dist/index";'))[0], "test/core/a.test.ts:1: a test imports dist/index");
    assert.equal(importOrderViolations(plant("src/cli/main.ts", 'import "../index";'))[0], "src/cli/main.ts:1: cli imports index, which comes after it");
  });

  it("allows what the layout allows", () => {
    const text = 'import "../core/rng"; import "../data/types"; import "./sasrec"; import "@tensorflow/tfjs"; // import "../cli/main"';
    assert.deepEqual(importOrderViolations(plant("src/models/a.ts", text)), []);
    assert.deepEqual(importOrderViolations(plant("src/papers/a.ts", 'import "../display/table";')), []);
  });

  it("names files by require.resolve that are there", () => {
    assert.deepEqual(resolveViolations(sources), []);
    const planted = plant("src/papers/persona/a.ts", 'const code = [require.resolve("../models/sasrec"), require.resolve("./a"), require.resolve("tslab")];');
    assert.deepEqual(resolveViolations(planted), ["src/papers/persona/a.ts:1: there is no src/papers/models/sasrec.ts"]);
  });

  it("has no unseeded randomness, no printing, no || default, no eval, no default export", () => {
    assert.deepEqual(bannedViolations(sources), []);
  });

  it("finds what is banned", () => {
    const banned: readonly (readonly [code: string, fault: RegExp])[] = [
      ["const x = Math.random();", /Math\.random/],
      ["const x = new Rng(Date.now());", /seed from the clock/],
      ["const x = tf.randomNormal([2, 2]);", /tf\.randomNormal without a seed/],
      ["const x = tf.randomUniform([2], 0, 1, 'float32');", /tf\.randomUniform without a seed/],
      ["const x = tf.truncatedNormal([2], 0, 1);", /tf\.truncatedNormal without a seed/],
      ["const x = tf.dropout(y, 0.2);", /tf\.dropout without a seed/],
      ["const x = tf.initializers.glorotUniform({});", /glorotUniform without a seed/],
      ["console.log(1);", /does not print/],
      ["process.stdout.write('a');", /does not print/],
      ["const k = options.k || 20;", /\?\?/],
      ["const k = options.k || -1;", /\?\?/],
      ["const k = options.names || [];", /\?\?/],
      ["k ||= 'a';", /\?\?/],
      ["eval('1');", /eval/],
      ["const f = new Function('return 1');", /Function/],
      ["export default function f() {}", /default export/],
      ["const a = 1;\nexport default a;", /default export/],
    ];
    for (const [code, fault] of banned) {
      const violations = bannedViolations(plant("src/core/a.ts", code));
      assert.equal(violations.length, 1, code);
      assert.match(violations[0]!, fault);
    }
  });

  it("allows seeded randomness, conditions, printing in cli/, and words in comments", () => {
    const code = [
      "// Math.random, console.log, || 20",
      "const a = tf.randomNormal([2], 0, 1, 'float32', 7);",
      "const b = tf.initializers.glorotUniform({ seed: 7 });",
      "if (a || b) { throw new Error('eval'); }",
      "const c = { ...console };",
      "const order = left - right || first - second;",
    ].join("\n");
    assert.deepEqual(bannedViolations(plant("src/core/a.ts", code)), []);
    assert.deepEqual(bannedViolations(plant("src/display/bar.ts", "export const stream = process.stderr;")), []);
    assert.equal(bannedViolations(plant("src/display/bar.ts", "console.error(1);")).length, 1);
    assert.deepEqual(bannedViolations(plant("src/cli/a.ts", "console.log(1); process.stdout.write('');")), []);
  });

  it("opens every file of src with what it does, and keeps it short", () => {
    assert.deepEqual(shapeViolations([...sources, ...kernel]), []);
  });

  it("finds a file without a head, and one that is too long", () => {
    assert.deepEqual(shapeViolations(plant("src/core/a.ts", "export const a = 1;\n")), ["src/core/a.ts:1: no comment at its head says what it does"]);
    const long = `/** Long. */\n${"const a = 1;\n".repeat(longest)}`;
    assert.deepEqual(shapeViolations(plant("src/core/a.ts", long)), [`src/core/a.ts: ${longest + 1} lines, more than ${longest}`]);
    assert.deepEqual(shapeViolations(plant("src/cli/main.ts", "#!/usr/bin/env node\n/** Starts. */\n")), []);
  });

  it("takes temporary folders of tests from test/scratch.ts alone", () => {
    assert.deepEqual(scratchViolations(tests), []);
    for (const call of ["mkdtempSync", "fs.mkdtempSync", "fs.promises.mkdtemp"]) {
      assert.equal(scratchViolations(plant("test/core/a.test.ts", `const folder = ${call}("a-");`)).length, 1, call);
    }
    assert.deepEqual(scratchViolations(plant("test/core/a.test.ts", '// mkdtempSync("a-")\nconst text = `mkdtempSync("a-")`;')), []);
  });

  it("holds no path of one machine and no registry's host", () => {
    const texts = (paths ?? []).map(read).filter(({ text }) => !text.includes("\0"));
    assert.ok(texts.some(({ path }) => path === "package-lock.json"));
    assert.deepEqual(textViolations(texts), []);
  });

  it("finds a path of one machine and a registry's host", () => {
    const machinePaths = ["root", "work", "home", "Users"].map((folder) => `see "/${folder}/somebody/file"`);
    for (const line of [...machinePaths, ["https://registry", "npmjs", "org/mocha"].join("."), ["https://files", "pythonhosted", "org/x.whl"].join(".")]) {
      assert.equal(textViolations(plant("README.md", line)).length, 1, line);
    }
    for (const line of ["https://example.org/home/page", "../work/file", "src/root/a", "~/home/x", "/tmp/x"]) {
      assert.deepEqual(textViolations(plant("README.md", line)), [], line);
    }
  });

  it("pins every dependency to one version", () => {
    assert.deepEqual(pinViolations(read("package.json").text, read("requirements.txt").text), []);
  });

  it("finds a dependency that is not pinned", () => {
    const packageJson = JSON.stringify({ dependencies: { a: "^1.0.0", b: "1.2.3", c: "file:./shims/c" }, devDependencies: { d: "*" }, overrides: { e: { f: "latest" } } });
    const requirements = "# made by pip\nx==1.0\ny>=2\nz==1.0.2 ; python_full_version < '3.11'\n";
    assert.deepEqual(pinViolations(packageJson, requirements), ["package.json: a ^1.0.0", "package.json: d *", "package.json: f latest", "requirements.txt: y>=2"]);
  });
});
