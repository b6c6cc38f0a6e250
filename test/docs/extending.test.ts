/** docs/extending.md and CONTRIBUTING.md are true: their code compiles and runs, their files and scripts are there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import * as library from "../../src/index";
import type { Recommender } from "../../src/models/recommender";
import { fileErrors, runExample } from "../architecture/surface";
import { contract } from "../contract/recommender";
import { codeBlocks } from "./blocks";

const root = join(__dirname, "..", "..");
const page = readFileSync(join(root, "docs", "extending.md"), "utf8");
const blocks = codeBlocks(page);
const [dataSet, model, augmenter] = blocks;

/** Runs the block of a file of src as that file, without writing it. */
function moduleOf({ file, code }: { readonly file?: string; readonly code: string }): Readonly<Record<string, unknown>> {
  const place = join(root, file!);
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true } });
  const exports: Record<string, unknown> = {};
  (new Function("require", "exports", "__dirname", outputText) as (...given: unknown[]) => void)(createRequire(place), exports, dirname(place));
  return exports;
}

describe("docs/extending.md", function () {
  this.timeout(600_000);

  it("has a data set, a model with its file, and an augmenter", () => {
    assert.deepEqual(blocks.map(({ language, file }) => [language, file]), [["ts", undefined], ["ts", "src/models/recent-pop.ts"], ["ts", undefined]]);
    assert.ok(!existsSync(join(root, model!.file!)), "the example became a part of the project: name another");
  });

  it("has code that compiles, as a reader would paste it", () => {
    const files = Object.fromEntries(blocks.map(({ file, code }, at) => [file ?? `test/docs/block-${at}.mts`, `${code}\nexport {};\n`]));
    assert.deepEqual(fileErrors(root, files), []);
  });

  it("has a data set of two files that goes through evaluate", () => runExample(root, dataSet!.code, library));

  it("has an augmenter that trains", () => runExample(root, augmenter!.code, library));
});

interface Made {
  readonly RecentPop: (new (options?: object) => Recommender) & { load(folder: string): Promise<Recommender> };
}

const { RecentPop } = moduleOf(model!) as unknown as Made;
contract({ name: "the model of docs/extending.md", make: (options) => new RecentPop(options), load: (folder) => RecentPop.load(folder), world: "popular" });

describe("CONTRIBUTING.md", () => {
  const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly scripts: Readonly<Record<string, string>> };

  it("names scripts, files and folders that are there", () => {
    const named = Array.from(text.matchAll(/npm (?:run )?(setup|test|typecheck|docs|course|notebooks|[a-z]+)\b/g), ([, name]) => name!);
    assert.ok(named.length >= 5);
    assert.deepEqual(named.filter((name) => scripts[name] === undefined), []);
    const paths = [...Array.from(text.matchAll(/\]\(([^)#]+)\)/g), ([, link]) => link!), ...Array.from(text.matchAll(/\b(test\/[\w/.*-]+\.ts)/g), ([, file]) => file!.replace(/\*.*$/, ""))];
    assert.deepEqual(paths.filter((path) => !existsSync(join(root, path))), []);
  });

  it("has the folders of src in their order", () => {
    const line = text.split("\n").find((one) => one.startsWith("- A folder imports"))!;
    const named = Array.from(line.matchAll(/`(\w+)`/g), ([, name]) => name!);
    const rules = readFileSync(join(root, "test", "architecture", "rules.ts"), "utf8");
    const layers = Array.from(/"core", "tensor"[^\]]*/.exec(rules)![0].matchAll(/"(\w+)"/g), ([, name]) => name!);
    assert.deepEqual([...named, "index"], layers);
  });
});
