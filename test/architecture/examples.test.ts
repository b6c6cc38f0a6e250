/** Every export of the public surface is documented, and its examples compile and run. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as library from "../../src/index";
import { documentationFaults, exampleErrors, runExample, surfaceOf, type Export } from "./surface";

const root = join(__dirname, "..", "..");

/** The surface of one planted file. */
function planted(text: string): Export[] {
  return surfaceOf(root, "test/architecture/planted.ts", { "test/architecture/planted.ts": text });
}

describe("public surface", function () {
  let surface: Export[] = [];

  before(() => {
    surface = surfaceOf(root, "src/index.ts");
    assert.ok(surface.length > 20, `the surface has ${surface.length} exports`);
    assert.ok(surface.some(({ examples }) => examples.length > 0));
  });

  it("documents every export, and shows every function and class in an example", () => {
    assert.deepEqual(documentationFaults(surface), []);
  });

  it("has examples that compile", () => {
    assert.deepEqual(exampleErrors(root, surface), []);
  });

  it("has examples that run", async () => {
    const faults: string[] = [];
    for (const { place, name, examples } of surface) {
      for (const code of examples) {
        await runExample(root, code, library).catch((error: unknown) => {
          faults.push(`${place}: the example of ${name}: ${error instanceof Error ? error.message : String(error)}`);
        });
      }
    }
    assert.deepEqual(faults, []);
  });

  it("finds what is not documented", () => {
    const text = [
      "export function bare(): void {}",
      "/** Has a sentence. */",
      "export class Sentence {}",
      "/** Whole.\n * @example\n * assert.ok(true);\n */",
      "export function whole(): void {}",
      "export interface Nameless { readonly a: number }",
      "/** A type needs a sentence only. */",
      "export type Fine = number;",
    ].join("\n");
    assert.deepEqual(documentationFaults(planted(text)), [
      "test/architecture/planted.ts:1: bare has no docstring",
      "test/architecture/planted.ts:1: bare has no @example",
      "test/architecture/planted.ts:3: Sentence has no @example",
      "test/architecture/planted.ts:9: Nameless has no docstring",
    ]);
  });

  it("finds an example that does not compile", () => {
    const text = '/** One.\n * @example\n * import { hashOf, absent } from "sessionlab";\n * const a: number = hashOf(1);\n */\nexport function one(): void {}';
    const errors = exampleErrors(root, planted(text));
    assert.equal(errors.length, 2);
    assert.match(errors[0]!, /no exported member .*absent/);
    assert.match(errors[1]!, /Type 'string' is not assignable to type 'number'/);
  });

  it("finds an example that fails, also after an await", async () => {
    await runExample(root, 'import { hashOf } from "sessionlab";\nassert.equal(hashOf(1), await Promise.resolve(hashOf(1)));', library);
    await assert.rejects(runExample(root, "await Promise.resolve();\nassert.equal(1, 2);", library), /1 !== 2|strictly equal/);
    await assert.rejects(runExample(root, 'import { absent } from "sessionlab";\nabsent();', library), TypeError);
  });

  it("reads an example with decorations as it was written", async () => {
    const text = '/** One.\n * @param a email@home\n * @example\n * const at = "NDCG@10"; // {curly} and @sign\n * assert.equal(at.length, 7);\n * @throws nothing\n */\nexport function one(a: number): number { return a; }';
    const [one] = planted(text);
    assert.deepEqual(one!.examples, ['const at = "NDCG@10"; // {curly} and @sign\nassert.equal(at.length, 7);']);
    await runExample(root, one!.examples[0]!, library);
  });
});
