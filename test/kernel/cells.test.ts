/** The language of cells: what a cell makes is there for later ones, with its type, and changes are seen everywhere. */
import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plain, printedBy, resultOf, suiteKernel, tracebackOf, withKernel } from "./kernels";

describe("cells", () => {
  const { kernel, folder } = suiteKernel();
  const results = async (...cells: readonly string[]): Promise<unknown[]> => {
    const found: unknown[] = [];
    for (const cell of cells) {
      const done = await (await kernel()).execute(cell);
      found.push(done.reply["status"] === "ok" ? resultOf(done) : plain(`${String(done.reply["ename"])}: ${String(done.reply["evalue"])}`));
    }
    return found;
  };

  it("see a let that a later cell changes in the functions of earlier ones, and the other way round", async () => {
    const found = await results(
      "let x = 1; function read() { return x; } const write = (value: number) => { x = value; };",
      "x = 5; [read(), x]",
      "write(7); [read(), x, { x }.x]",
      "let y = x++; [x, y, read()]",
      "let x = 'new'; [x, read()]",
    );
    assert.deepEqual(found, [undefined, "[ 5, 5 ]", "[ 7, 7, 7 ]", "[ 8, 7, 8 ]", "[ 'new', 8 ]"]);
  });

  it("pass on classes, enums, interfaces, destructured and hoisted names", async () => {
    const found = await results(
      "class Point { constructor(readonly x: number) {} } enum Colour { Red = 3 } interface Named { name: string } const { a, b: [c] } = { a: 1, b: [2] };",
      "const named: Named = { name: 'n' }; const first = early(); function early() { return 'hoisted'; } [new Point(2).x, Colour.Red, a, c, named.name, first]",
      "early() + a",
      "export const exported = 1; export function also() { return exported; }",
      "also()",
      "export default function named() { return 'default'; }",
      "named()",
      "export default 6 * 7",
      "[__dirname === process.cwd(), __filename.startsWith(__dirname)]",
    );
    assert.deepEqual(found, [undefined, "[ 2, 3, 1, 2, 'n', 'hoisted' ]", "'hoisted1'", undefined, "1", undefined, "'default'", "42", "[ true, true ]"]);
  });

  it("pass on a var of a block or a loop, with its type, to be read and written", async () => {
    const found = await results(
      "{ var inBlock = { a: 1 }; } for (var turn = 0; turn < 3; turn++); if (turn > 2) { var { p, q: [r] } = { p: 1, q: ['s'] }; }",
      "[inBlock.a, turn, p, r.toUpperCase()]",
      "inBlock = { a: 7 }; turn++; inBlock.b",
      "inBlock = { a: 7 }; turn++; [inBlock.a, turn]",
      "for (const wait of [1]) { await Promise.resolve(wait); var late = new Map([['day', new Date(0)]]); }",
      "late.get('day')!.getTime()",
    );
    assert.deepEqual(found, [undefined, "[ 1, 3, 1, 'S' ]", "CompileError: 1:37 - Property 'b' does not exist on type '{ a: number; }'. (TS2339)", "[ 7, 4 ]", undefined, "0"]);
  });

  it("may await at their top, iterate asynchronously, dispose, and use decorators of the standard", async () => {
    const found = await results(
      "const late = await Promise.resolve(3); late",
      "let sum = 0; for await (const n of [1, Promise.resolve(2)]) sum += n; sum",
      "const closed: string[] = []; { using one = { [Symbol.dispose]() { closed.push('one'); } }; } closed",
      "function twice(method: (this: unknown) => number, _context: ClassMethodDecoratorContext) { return function (this: unknown) { return 2 * method.call(this); }; } class D { @twice m() { return 21; } } new D().m()",
      "[3, 1, 2].toSorted()",
      "new Set([1, 2]).union(new Set([3])).size",
      "import.meta.dirname === process.cwd()",
    );
    assert.deepEqual(found.slice(0, 5), ["3", "3", "[ 'one' ]", "42", "[ 1, 2, 3 ]"]);
    if (Number(process.versions.node.split(".")[0]) >= 22) assert.equal(found[5], "3");
    assert.equal(found[6], "true");
  });

  it("are checked strictly, and the fault is pointed at", async () => {
    const done = await (await kernel()).execute("const fine = 1;\nconst text: string = fine;\nfine");
    assert.equal(done.reply["ename"], "CompileError");
    assert.equal(done.reply["evalue"], "2:7 - Type 'number' is not assignable to type 'string'. (TS2322)");
    assert.match(tracebackOf(done), /Cell \[\d+\], line 2:7\n    2 \| const text: string = fine;\n      \|       \^\^\^\^$/);
    const [implicit, unset] = await results("function f(a) { return a; }", "let u: { a: number } | undefined = [{ a: 1 }].find(() => false); u.a");
    assert.match(String(implicit), /implicitly has an 'any' type/);
    assert.match(String(unset), /'u' is possibly 'undefined'/);
  });

  it("keep what a cell had made before it failed", async () => {
    const found = await results("let kept = 1; let changed = 'old';", "const made = 2; let changed = 3; throw new Error('stop'); const zzz9 = 4;", "[kept, made, changed.toFixed(1)]", "zzz9");
    assert.deepEqual(found, [undefined, "Error: stop", "[ 1, 2, '3.0' ]", "CompileError: 1:1 - Cannot find name 'zzz9'. (TS2304)"]);
    assert.deepEqual(await results("const early = 1;", "{ throw new Error('before'); } const early = 'text';", "early.toFixed(1)"), [undefined, "Error: before", "'1.0'"]);
  });

  it("import packages of the project, the library by its name, and TypeScript beside and above the notebook", async () => {
    const notebook = join(folder(), "inner");
    mkdirSync(notebook);
    writeFileSync(join(folder(), "above.ts"), "export const above: number = 11;\n");
    writeFileSync(join(notebook, "beside.ts"), 'import { above } from "../above";\nexport const beside = (n: number): number => n + above;\nexport function fail(): never {\n  throw new Error("from a module");\n}\n');
    const found = await results(
      `process.chdir(${JSON.stringify(notebook)})`,
      'import { beside } from "./inner/beside"; import { above } from "./above.ts"; beside(above)',
      'import { DirectedGraph } from "graphology"; new DirectedGraph().order',
      'import { Rng } from "sessionlab"; new Rng(1).int(1)',
      'import { Command } from "commander"; typeof Command',
      'import { nothing } from "no-such-package"; nothing',
    );
    assert.deepEqual(found, [undefined, "22", "0", "0", "'function'", "CompileError: 1:25 - Cannot find module 'no-such-package' or its corresponding type declarations. (TS2307)"]);
    writeFileSync(join(folder(), "above.ts"), "export const above: number = 12;\n");
    utimesSync(join(folder(), "above.ts"), new Date(), new Date(Date.now() + 5000));
    assert.deepEqual(await results('import { above as again } from "./above"; again'), ["12"]);
  });

  it("fail by the faults of modules that they import, beside and above the notebook, with the line", async () => {
    const inner = join(folder(), "faulty");
    mkdirSync(inner);
    writeFileSync(join(inner, "wrong.ts"), "export const fine = 1;\nexport const text: string = fine;\n");
    writeFileSync(join(inner, "broken.ts"), "export const broken = = 3;\n");
    writeFileSync(join(folder(), "passes.ts"), 'import { text } from "./faulty/wrong";\nexport const passed = text;\n');
    await withKernel({ cwd: inner }, async (other) => {
      const traceOf = async (cell: string): Promise<string> => tracebackOf(await other.execute(cell));
      const wrong = (place: string): string => `CompileError: Type 'number' is not assignable to type 'string'. (TS2322)\n  ${place}:2:14\n    2 | export const text: string = fine;\n      |              ^^^^`;
      assert.equal(await traceOf('import { text } from "./wrong"; text'), wrong("wrong.ts"));
      assert.equal(await traceOf('import { passed } from "../passes"; passed'), wrong("wrong.ts"));
      assert.match(await traceOf('import { broken } from "./broken"; broken'), /^CompileError: Expression expected\. \(TS1109\)\n  broken\.ts:1:23\n    1 \| export const broken = = 3;/);
      writeFileSync(join(folder(), "above-wrong.ts"), "export const fine = 1;\nexport const text: string = fine;\n");
      assert.equal(await traceOf('import { text } from "../above-wrong"; text'), wrong("../above-wrong.ts"));
      assert.equal(resultOf(await other.execute("1")), "1");
    });
  });

  it("may be modules, of which a wrong one harms no other cell", async () => {
    const found = await results(
      "/** @module helper */\nexport const answer = 42;",
      'import { answer } from "./helper"; answer',
      "/** @module wrong */\nexport const text: string = 1;",
      "answer + 1",
      'import { text } from "./wrong"; text',
    );
    assert.deepEqual(found.slice(0, 2), [undefined, "42"]);
    assert.match(String(found[2]), /wrong\.ts 2:14 - Type 'number' is not assignable/);
    assert.equal(found[3], "43");
    assert.match(String(found[4]), /^CompileError: wrong\.ts:2:14/);
  });

  it("point at the lines of the cell, of the cells before it and of modules", async () => {
    await results("function inner(n: number) {\n  if (n > 1) {\n    throw new RangeError(`too much: ${n}`);\n  }\n}");
    const done = await (await kernel()).execute("const fine = 1;\n\nawait Promise.resolve();\ninner(3);");
    assert.equal(done.reply["ename"], "RangeError");
    const trace = tracebackOf(done);
    assert.match(trace, /^RangeError: too much: 3\n  Cell \[\d+\], line 3, in inner\n    2 \|   if \(n > 1\) \{\n  > 3 \|     throw new RangeError/);
    assert.match(trace, /Cell \[\d+\], line 4\n    3 \| await Promise\.resolve\(\);\n  > 4 \| inner\(3\);/);
    assert.doesNotMatch(trace, /node:|dist.kernel|tslab/);
    const module = await (await kernel()).execute('import { fail } from "./inner/beside"; fail()');
    assert.match(tracebackOf(module), /inner.beside\.ts, line 4, in fail/);
  });

  it("have the library, tfjs, danfo and figures without an import, with their types", async () => {
    const found = await results(
      "lab.models.markov.make({}) instanceof lab.Markov",
      "lab.nothing",
      "Array.from(tf.tensor([1, 2, 3]).square().dataSync())",
      "tf === lab.tf",
      "const frame = new dfd.DataFrame({ a: [1, 2] }); frame.shape",
      "frame.tensor instanceof tf.Tensor",
      "plot({ x: [1], y: [2], type: 'bar' }, { title: { text: 'T' } }).data.length",
      "plot({ x: [1], y: [2], type: 'no such' })",
      "let lab = 'mine'; lab",
    );
    assert.deepEqual(found.slice(0, 1), ["true"]);
    assert.match(String(found[1]), /Property 'nothing' does not exist/);
    assert.deepEqual(found.slice(2, 7), ["[ 1, 4, 9 ]", "true", "[ 2, 1 ]", "true", "1"]);
    assert.match(String(found[7]), /^CompileError/);
    assert.equal(found[8], "'mine'");
  });

  it("print through console and the process's streams, in order, to the cell that printed", async () => {
    const done = await (await kernel()).execute('console.log("a", { b: 1 }); console.error("c"); process.stdout.write("d"); console.log("e")');
    assert.deepEqual(printedBy(done), [{ name: "stdout", text: "a { b: 1 }\n" }, { name: "stderr", text: "c\n" }, { name: "stdout", text: "de\n" }]);
    const first = await (await kernel()).execute('setTimeout(() => console.log("late"), 300); 1');
    const messages: { readonly parent: object; readonly text: unknown }[] = [];
    (await kernel()).onPublished = ({ header, parent, content }) => {
      if (header.msg_type === "stream") messages.push({ parent, text: content["text"] });
    };
    await (await kernel()).execute("await new Promise((resolve) => setTimeout(resolve, 600))");
    assert.deepEqual(messages.map(({ text }) => text), ["late\n"]);
    assert.equal((messages[0]!.parent as { msg_id: string }).msg_id, (first.outputs[0]!.parent as { msg_id: string }).msg_id);
  });
});
