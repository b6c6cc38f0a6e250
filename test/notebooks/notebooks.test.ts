/** The notebooks: saved with the outputs of their cells, and executed through the project's kernel. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { catalog } from "../../src/data/catalog";
import { isLocal } from "../../src/data/datasets";
import { resultsMime } from "../../src/display/formats";
import { metricHeader } from "../../src/papers/ledger/published";
import { miniLmFolder } from "../../src/text/default-encoder";
import { skipFor } from "../data/fixtures";
import { load } from "../setup/load";

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly ename?: string;
  readonly evalue?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: object;
}

interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly id?: string;
  readonly metadata: { readonly tags?: readonly string[]; readonly execution?: object };
  readonly source: string | readonly string[];
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: { readonly kernelspec?: object; readonly sessionlab?: { readonly sources: string } };
  readonly nbformat: number;
  readonly nbformat_minor: number;
}

interface Scripts {
  notebookPaths(names?: readonly string[]): string[];
  missingForNotebooks(): string | undefined;
  sourceHash(notebook: Notebook): string;
  outputFaults(notebook: Notebook): string[];
  staleness(notebook: Notebook): string | undefined;
  saved(notebook: Notebook): string;
  execute(path: string): Promise<{ notebook: Notebook; seconds: number }>;
}

const plotly = "application/vnd.plotly.v1+json";
const figure: Output = { output_type: "execute_result", data: { [plotly]: { data: [], layout: {} }, "image/svg+xml": "<svg/>", "text/plain": "F" }, metadata: {} };

/** Cells whose tables are of what they have just measured: no result file has it. */
const measuredThere: readonly string[] = ["00-quick-start cell-19", "11-your-own-data cell-14", "30-base-recommenders cell-16", "31-persona-recommendation cell-14", "40-response-model cell-21", "50-guided-diffusion cell-06"];

/** Cells that show a table with a metric in its header and name no result: hidden, or under the table. */
function unmarkedOutputs({ cells }: Notebook): string[] {
  const bare = ({ data = {} }: Output): boolean => {
    const html = [data["text/html"] ?? ""].flat().join("");
    const headers = Array.from(html.matchAll(/<th[^>]*>([^<]*)<\/th>/g), (match) => match[1]!);
    const hidden = (data[resultsMime] as { readonly results: readonly string[] } | undefined)?.results ?? [];
    return headers.some((header) => metricHeader.test(header)) && hidden.length === 0 && !/<code>[\w.{},-]+@[0-9a-f]{8}<\/code>/.test(html);
  };
  return cells.filter(({ outputs = [] }) => outputs.some(bare)).map(({ id }) => id!);
}

function code(source: string, outputs: readonly Output[] = [], tags?: readonly string[]): Cell {
  return { cell_type: "code", metadata: tags === undefined ? {} : { tags }, source, execution_count: 1, outputs };
}

function notebookOf(...cells: readonly Cell[]): Notebook {
  return { cells, metadata: { kernelspec: { name: "sessionlab", display_name: "TypeScript (SessionLab)" } }, nbformat: 4, nbformat_minor: 5 };
}

describe("notebooks", () => {
  let scripts: Scripts;
  before(async () => {
    scripts = await load<Scripts>("notebooks.mjs");
  });

  it("are found by the start of their name", () => {
    assert.deepEqual(scripts.notebookPaths().map((path) => basename(path)), ["00-quick-start.ipynb", "10-data-and-sessions.ipynb", "11-your-own-data.ipynb", "20-knowledge-graph.ipynb", "21-personas.ipynb", "30-base-recommenders.ipynb", "31-persona-recommendation.ipynb", "40-response-model.ipynb", "50-guided-diffusion.ipynb", "51-counterfactual-training.ipynb", "60-paper-ledger.ipynb"]);
    assert.deepEqual(scripts.notebookPaths(["10"]).map((path) => basename(path)), ["10-data-and-sessions.ipynb"]);
    assert.throws(() => scripts.notebookPaths(["99"]), /Expected a notebook of notebooks\/, found "99"/);
  });

  it("fail on an error that is not expected", () => {
    const error = { output_type: "error", ename: "TypeError", evalue: "x" };
    assert.deepEqual(scripts.outputFaults(notebookOf(code("f()", [error]))), ["cell 1 (f()): TypeError: x"]);
    assert.deepEqual(scripts.outputFaults(notebookOf(code("f()", [error], ["raises-exception"]))), []);
  });

  it("fail on a figure that is missing, has no picture, or hides it", () => {
    assert.deepEqual(scripts.outputFaults(notebookOf(code("plot()", [figure], ["figure"]))), []);
    assert.deepEqual(scripts.outputFaults(notebookOf(code("plot()", [], ["figure"]))), ["cell 1 (plot()): no figure with a picture"]);
    const alone = { ...figure, data: { [plotly]: {}, "text/plain": "F\nNo picture: it was not drawn." } };
    assert.deepEqual(scripts.outputFaults(notebookOf(code("plot()", [alone]))), ["cell 1 (plot()): a figure without a picture: No picture: it was not drawn."]);
    const hidden = { ...figure, data: { ...figure.data, "text/html": "<div></div>" } };
    assert.match(scripts.outputFaults(notebookOf(code("plot()", [hidden])))[0]!, /text\/html, which hides its picture/);
  });

  it("fail on output that is too large to be read on the web", () => {
    const large = { output_type: "stream", name: "stdout", text: "x".repeat(500_000) };
    assert.match(scripts.outputFaults(notebookOf(code("f()", [large])))[0]!, /characters of output, more than 400000/);
  });

  it("are old when a cell was changed after it ran, and not when only words were", () => {
    const saved = JSON.parse(scripts.saved(notebookOf(code("1 + 1"), { cell_type: "markdown", metadata: {}, source: "words" }))) as Notebook;
    assert.equal(scripts.staleness(saved), undefined);
    const change = (at: number, source: string): Notebook => ({ ...saved, cells: saved.cells.map((cell, index) => (index === at ? { ...cell, source } : cell)) });
    assert.equal(scripts.staleness(change(1, "other words")), undefined);
    assert.equal(scripts.staleness(change(0, "1 + 2")), "the saved output is older than the cells");
    assert.equal(scripts.staleness(notebookOf({ ...code("1"), execution_count: null })), "a cell was never executed");
  });

  it("are saved without what changes from run to run, and the same again", () => {
    const executed = notebookOf({ ...code("a\nb", [{ output_type: "stream", name: "stdout", text: "x\ny\n" }, figure]), id: "random", metadata: { execution: { "iopub.execute_input": "2026" } } });
    const text = scripts.saved(executed);
    const once = JSON.parse(text) as Notebook;
    assert.equal(once.cells[0]!.id, "cell-01");
    assert.deepEqual(once.cells[0]!.metadata, {});
    assert.deepEqual(once.cells[0]!.source, ["a\n", "b"]);
    assert.deepEqual(once.cells[0]!.outputs![0]!.text, ["x\n", "y\n"]);
    assert.equal(once.cells[0]!.outputs![1]!.data!["image/svg+xml"], "<svg/>");
    assert.equal(scripts.saved(once), text);
  });

  it("are saved without how long a bar took", () => {
    const bar = (took: string): Output => ({
      output_type: "display_data", metadata: {},
      data: { "text/html": `<div>✓ <strong>train 2 s</strong> · 8/8 epoch · ${took} · loss 5.8</div>`, "text/plain": `✓ train 2 s  8/8 epoch  ${took}` },
    });
    const of = (took: string): string => scripts.saved(notebookOf(code("fit()", [bar(took)])));
    for (const took of ["0.31 s", "41 s", "2 min 5 s", "1 h 4 min"]) assert.equal(of(took), of("9.9 s"), took);
    const { data } = (JSON.parse(of("41 s")) as Notebook).cells[0]!.outputs![0]!;
    assert.deepEqual(data, { "text/html": ["<div>✓ <strong>train 2 s</strong> · 8/8 epoch · loss 5.8</div>"], "text/plain": ["✓ train 2 s  8/8 epoch"] });
    const other = { output_type: "execute_result", data: { "text/plain": "it took  20 s" }, metadata: {} };
    assert.match(scripts.saved(notebookOf(code("text", [other]))), /it took {2}20 s/);
  });

  it("are in the repository as they are saved, with all of their figures", () => {
    for (const path of scripts.notebookPaths()) {
      const text = readFileSync(path, "utf8");
      const notebook = JSON.parse(text) as Notebook;
      assert.equal(scripts.staleness(notebook), undefined, `${basename(path)}: run "npm run notebooks -- --save"`);
      assert.deepEqual(scripts.outputFaults(notebook), [], basename(path));
      assert.equal(text, scripts.saved(notebook), `${basename(path)} was saved by something else: run "npm run notebooks -- --save"`);
      const shown = notebook.cells.flatMap(({ outputs = [] }) => outputs).filter(({ data }) => data?.[plotly] !== undefined);
      assert.ok(shown.length >= 2, `${basename(path)} shows ${shown.length} figures`);
      assert.ok(!/\d \/s ·|width:\d+%/.test(text), `${basename(path)} was saved with a bar that moves`);
    }
  });

  it("show tables of metrics with the ids of their results; what a cell has just measured itself is listed here, cell by cell", () => {
    const found = scripts.notebookPaths().flatMap((path) => unmarkedOutputs(JSON.parse(readFileSync(path, "utf8")) as Notebook).map((cell) => `${basename(path, ".ipynb")} ${cell}`));
    assert.deepEqual(found, measuredThere);
  });

  it("are found to show a table of metrics without ids, where one is planted", () => {
    const table = (header: string): Output => ({ output_type: "execute_result", data: { "text/html": `<table><thead><tr><th>model</th><th style="x">${header}</th></tr></thead></table>` }, metadata: {} });
    const cells = (output: Output): string[] => unmarkedOutputs(JSON.parse(scripts.saved(notebookOf(code("t", [output])))) as Notebook);
    assert.deepEqual(cells(table("HR@10")), ["cell-01"]);
    assert.deepEqual(cells(table("slate CTR")), ["cell-01"]);
    assert.deepEqual(cells(table("seconds")), []);
    const hidden = table("HR@10");
    assert.deepEqual(cells({ ...hidden, data: { ...hidden.data, [resultsMime]: { results: ["base-a-b-1@01234567"] } } }), []);
    assert.deepEqual(cells({ ...hidden, data: { ...hidden.data, [resultsMime]: { results: [] } } }), ["cell-01"]);
  });

  it("import the package and other packages only", () => {
    for (const path of scripts.notebookPaths()) {
      const { cells } = JSON.parse(readFileSync(path, "utf8")) as Notebook;
      const imports = cells.filter(({ cell_type }) => cell_type === "code").flatMap(({ source }) => [...[source].flat().join("").matchAll(/from "([^"]+)"|import\("([^"]+)"\)/g)].map((match) => match[1] ?? match[2]!));
      assert.deepEqual(imports.filter((name) => name.startsWith(".") || name.startsWith("/")), [], basename(path));
    }
  });

  for (const name of ["00-quick-start", "10-data-and-sessions", "11-your-own-data", "20-knowledge-graph", "21-personas", "30-base-recommenders", "31-persona-recommendation", "40-response-model", "50-guided-diffusion", "51-counterfactual-training", "60-paper-ledger"]) {
    it(`run from the first cell to the last: ${name}`, async function () {
      this.timeout(900_000); // a minute with the native backend, some with wasm
      const missing = scripts.missingForNotebooks();
      if (missing !== undefined) skipFor(this, missing);
      if (name !== "11-your-own-data" && name !== "60-paper-ledger" && !isLocal(catalog["ml-100k"])) skipFor(this, "MovieLens-100K is not downloaded");
      if ((name === "21-personas" || name === "31-persona-recommendation") && !existsSync(miniLmFolder())) skipFor(this, "all-MiniLM-L6-v2 is not here (npm run setup -- --tests fetches it)");
      if (process.env.SESSIONLAB_BACKEND === "cpu") skipFor(this, "a training takes six minutes on the plain backend");
      if (process.env.SESSIONLAB_BACKEND === "wasm" && name >= "30") skipFor(this, "its trainings are for the native backend");
      const [path] = scripts.notebookPaths([name]);
      const { notebook } = await scripts.execute(path!);
      assert.deepEqual(scripts.outputFaults(notebook), []);
      const figures = (of: Notebook): number => of.cells.flatMap(({ outputs = [] }) => outputs).filter(({ data }) => data?.[plotly] !== undefined).length;
      assert.equal(figures(notebook), figures(JSON.parse(readFileSync(path!, "utf8")) as Notebook));
    });
  }
});
