/** Libraries' declarations are read once: what a later cell costs is the cell. */
import assert from "node:assert/strict";
import ts from "typescript";
import * as program from "../../kernels/sessionlab/program";
import { installShim } from "../../kernels/sessionlab/shim";

describe("the program that cells are checked in", () => {
  it("reads and parses no declaration of a library twice", () => {
    installShim();
    const { createConverter } = require("tslab/dist/converter.js") as typeof import("tslab/dist/converter");
    const converter = createConverter();
    let declarations = "";
    const cell = (source: string): string[] => {
      program.mention(source);
      const { diagnostics, declOutput } = converter.convert(declarations, source);
      assert.deepEqual(diagnostics, [], source);
      declarations = declOutput!;
      return declarations.split("\n");
    };
    const { readFile } = ts.sys;
    const read: string[] = [];
    ts.sys.readFile = (path, encoding) => {
      read.push(path);
      return readFile(path, encoding);
    };
    try {
      cell("const model = lab.models.markov.make({}); const shape = tf.tensor([1]).shape;");
      assert.ok(read.some((path) => path.includes("tfjs-core")) && program.counts.parsed > 500, "the libraries were not read at all");
      read.length = 0;
      const { parsed } = program.counts;
      for (const [i, source] of ["shape.length", "const next = model;", 'import { Rng } from "sessionlab"; new Rng(1).int(3)', "let n = 1; n + shape.length"].entries()) {
        cell(source);
        assert.deepEqual(read.filter((path) => /node_modules|dist/.test(path)), [], source);
        assert.ok(program.counts.parsed - parsed <= 4 * (i + 1), `${program.counts.parsed - parsed} files were parsed`); // the cell and what is declared, with and without exports
      }
      assert.ok(declarations.includes("next"));
    } finally {
      ts.sys.readFile = readFile;
      converter.close();
    }
  });
});
