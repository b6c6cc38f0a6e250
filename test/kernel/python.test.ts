/** Jupyter's own tools on notebooks of this kernel: they run them, fill in parameters, and fail on a cell that throws. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pythonIn } from "../../src/core/python";
import { suiteFolder } from "../scratch";
import { plain } from "./kernels";

const root = join(__dirname, "..", "..");
const python = pythonIn(join(root, ".venv"));

interface Finished {
  readonly status: number | null;
  readonly output: string;
}

interface Cell {
  readonly source: string;
  readonly tags?: readonly string[];
}

interface SavedCell {
  readonly source: string | string[];
  readonly execution_count: number | null;
  readonly metadata: { readonly tags?: readonly string[] };
  readonly outputs: readonly Readonly<Record<string, unknown>>[];
}

describe("Jupyter's tools", () => {
  const folder = suiteFolder();

  before(async function () {
    const found = python === undefined ? undefined : await run(["-c", "import jupyter_kernel_test, papermill, nbmake, nbval, jupytext, nbclient, nbconvert"]);
    if (found?.status === 0) return;
    console.log('skipped: no Python environment with the notebook tools; "npm run setup -- --tests" makes one');
    this.skip();
  });

  function run(args: readonly string[]): Promise<Finished> {
    const env = {
      ...process.env, JUPYTER_PATH: root, SESSIONLAB_KERNEL_HISTORY: "", JUPYTER_RUNTIME_DIR: join(folder(), "runtime"), IPYTHONDIR: join(folder(), "ipython"),
      PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
    };
    const child = spawn(python!, args, { cwd: folder(), env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (output += piece.toString()));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, output: plain(output) }));
    });
  }

  function notebook(name: string, cells: readonly Cell[]): string {
    const file = join(folder(), name);
    const content = {
      nbformat: 4, nbformat_minor: 5,
      metadata: { kernelspec: { name: "sessionlab", display_name: "TypeScript (SessionLab)", language: "typescript" }, language_info: { name: "typescript", file_extension: ".ts" } },
      cells: cells.map(({ source, tags }, i) => ({ cell_type: "code", id: `cell${i}`, source, metadata: tags === undefined ? {} : { tags }, execution_count: null, outputs: [] })),
    };
    writeFileSync(file, JSON.stringify(content));
    return file;
  }

  function saved(file: string): SavedCell[] {
    return (JSON.parse(readFileSync(file, "utf8")) as { cells: SavedCell[] }).cells;
  }

  function textOf(cell: SavedCell): string {
    return cell.outputs.map((output) => [output["text"], (output["data"] as Record<string, unknown> | undefined)?.["text/plain"]].flat().join("")).join("");
  }

  const good = [{ source: "const a: number = 20;" }, { source: "console.log('a line');\na + 1" }, { source: "display.html('<b>bold</b>')" }];
  const bad = [{ source: "1" }, { source: "function f(): never {\n  throw new Error('unexpected');\n}\nf()" }, { source: "console.log('never')" }];

  it("jupyter_kernel_test passes, with the pager alone skipped", async () => {
    const { status, output } = await run([join(root, "test", "kernel", "conformance.py"), "-v"]);
    assert.equal(status, 0, output);
    assert.match(output, /Ran 12 tests/);
    assert.match(output, /OK \(skipped=1\)/);
    assert.match(output, /test_pager .*skipped/);
  });

  it("nbconvert runs a notebook: counts, results, printed text and displays are saved", async () => {
    const { status, output } = await run(["-m", "nbconvert", "--to", "notebook", "--execute", notebook("good.ipynb", good), "--output", "executed.ipynb"]);
    assert.equal(status, 0, output);
    const cells = saved(join(folder(), "executed.ipynb"));
    assert.deepEqual(cells.map((cell) => cell.execution_count), [1, 2, 3]);
    assert.deepEqual(cells[1]!.outputs.map((one) => one["output_type"]), ["stream", "execute_result"]);
    assert.equal(textOf(cells[1]!), "a line\n21");
    assert.deepEqual(cells[2]!.outputs.map((one) => one["output_type"]), ["display_data"]);
  });

  it("nbconvert stops at a cell that throws, and says where", async () => {
    const { status, output } = await run(["-m", "nbconvert", "--to", "notebook", "--execute", notebook("bad.ipynb", bad), "--output", "stopped.ipynb"]);
    assert.notEqual(status, 0);
    assert.match(output, /Error: unexpected\s+Cell \[2\], line 2, in f/);
    assert.equal(existsSync(join(folder(), "stopped.ipynb")), false);
  });

  it("nbclient goes on after a cell that may throw", async () => {
    const file = notebook("raises.ipynb", [{ source: "const before = 1;" }, { source: "throw new Error('wanted')", tags: ["raises-exception"] }, { source: "before + 1" }]);
    const { status, output } = await run(["-c", `import nbformat, nbclient, sys\nnb = nbformat.read(${JSON.stringify(file)}, 4)\nnbclient.NotebookClient(nb).execute()\nnbformat.write(nb, ${JSON.stringify(file)})`]);
    assert.equal(status, 0, output);
    const cells = saved(file);
    assert.equal(cells[1]!.outputs[0]!["ename"], "Error");
    assert.equal(textOf(cells[2]!), "2");
  });

  it("papermill fills in parameters, which keep their types, and fails on a cell that throws", async () => {
    const cells = [
      { source: 'const budget: "minute" | "hour" = "minute";\nlet epochs = 1; // how many\nlet names: string[] = [];\nlet active = false;', tags: ["parameters"] },
      { source: 'const same: "minute" | "hour" = budget;\n[same, budget === "minute", epochs + 1, names, active]' },
    ];
    const file = notebook("parameters.ipynb", cells);
    const { status, output } = await run(["-m", "papermill", file, join(folder(), "filled.ipynb"), "-p", "budget", "hour", "-p", "epochs", "3", "-y", "{names: [a, 'b\"ü'], active: true}"]);
    assert.equal(status, 0, output);
    assert.equal(textOf(saved(join(folder(), "filled.ipynb")).at(-1)!), "[ 'hour', false, 4, [ 'a', 'b\"ü' ], true ]");
    const help = await run(["-m", "papermill", "--help-notebook", file]);
    assert.match(help.output, /epochs: Unknown type \(default 1\)\s+how many/);
    const failed = await run(["-m", "papermill", notebook("bad.ipynb", bad), join(folder(), "failed.ipynb")]);
    assert.notEqual(failed.status, 0);
    assert.match(failed.output, /unexpected/);
  });

  it("nbmake passes what runs and fails what throws", async () => {
    const { status, output } = await run(["-m", "pytest", "-p", "no:cacheprovider", "--nbmake", notebook("good.ipynb", good), notebook("bad.ipynb", bad)]);
    assert.equal(status, 1, output);
    assert.match(output, /1 failed, 1 passed/);
    assert.match(output, /Error: unexpected/);
  });

  it("nbval compares with what was saved", async () => {
    await run(["-m", "nbconvert", "--to", "notebook", "--execute", notebook("good.ipynb", good), "--output", "executed.ipynb"]);
    const changed = join(folder(), "changed.ipynb");
    writeFileSync(changed, readFileSync(join(folder(), "executed.ipynb"), "utf8").replaceAll('"21"', '"22"'));
    const { status, output } = await run(["-m", "pytest", "-p", "no:cacheprovider", "--nbval", join(folder(), "executed.ipynb"), changed]);
    assert.equal(status, 1, output);
    assert.match(output, /1 failed, 5 passed/);
  });

  it("jupytext runs a script of cells, and fails on one that throws", async () => {
    writeFileSync(join(folder(), "script.ts"), "// %%\nconst a = 20;\n\n// %%\na + 1\n");
    const done = await run(["-m", "jupytext", "--to", "ipynb", "--set-kernel", "sessionlab", "--execute", "script.ts"]);
    assert.equal(done.status, 0, done.output);
    assert.equal(textOf(saved(join(folder(), "script.ipynb"))[1]!), "21");
    const failed = await run(["-m", "jupytext", "--to", "ipynb", "--output", "again.ipynb", "--execute", notebook("bad.ipynb", bad)]);
    assert.notEqual(failed.status, 0);
  });
});
