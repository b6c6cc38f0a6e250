/** The counterfactual paper's tables on made-up numbers: what is marked, what is said, in each format. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { existsSync, readFileSync } from "node:fs";
import { renderTable } from "../../src/display/formats";
import { toBundle } from "../../src/index";
import type { PaperComparison } from "../../src/papers/comparisons";
import type { CounterfactualRole } from "../../src/papers/counterfactual/arms";
import { guardOf, sameCompute, type CounterfactualReport, type CounterfactualRow } from "../../src/papers/counterfactual/report";
import { addedTable, comparisonsTable, counterfactualFindings, counterfactualPlot, counterfactualTable, overallWorse, sweepTable } from "../../src/papers/counterfactual/tables";
import { placeboToo } from "../../src/papers/placebo";
import { writeReports } from "../../src/papers/report";
import { freshFolder } from "../scratch";

const cases = { cases: 100, sessions: 20, medianPrefix: 3, coldTargetShare: 0.1, repeatShare: 0 };

function row(arm: string, title: string, role: CounterfactualRole, tail: number, overall: number, added = false): CounterfactualRow {
  const at = (mean: number) => ({ mean, sd: 0.001, low: mean - 0.01, high: mean + 0.01 });
  return {
    ...{ arm, title, role, seeds: [1, 2], results: `counterfactual-toy-hour-${arm}-{1,2}@12345678`, searched: role === "sweep" ? 1 : 8, setting: { dose: 1 } },
    valid: { "HR@20": { mean: overall } },
    validTail: { mean: tail },
    test: { "HR@20": at(overall), "MRR@20": { mean: overall / 3 } },
    tail: { "HR@20": at(tail), "MRR@20": { mean: tail / 3 } },
    head: { "HR@20": { mean: overall + 0.1 } },
    ...(added && { dose: { mean: 0.98, sd: 0.01 }, copies: { ofTraining: 0.02, ofCases: 0.01 } }),
  };
}

function report({ placeboKeepsUp, overall }: { readonly placeboKeepsUp: boolean; readonly overall: number }): CounterfactualReport {
  const sham = placeboKeepsUp ? 0.099 : 0.06;
  const compared = (as: string, against: string, difference: number, holm: number): PaperComparison => ({ as, against, difference, low: difference - 0.002, high: difference + 0.002, p: holm / 3, holm, sd: 0.01, clusters: 20, detectable: 0.0063 });
  return {
    ...{ paper: "counterfactual", dataset: "toy", budget: "hour", experiment: "counterfactual-toy-hour", base: "NISER+", quantile: 0.8, margin: 0.02 },
    counts: { items: { trained: 1000, cold: 7 }, train: { sessions: 50, events: 900, medianLength: 9, repeatShare: 0 }, valid: cases, test: cases },
    ...{ cases: { tail: 40, head: 50 }, words: "training before the first cut", candidates: "full ranking over 1000 training items", backend: "cpu CPU, 2 threads" },
    ...{ notes: ["10 of 100 test targets are not in training."], assumptions: ["slates were not logged"] },
    rows: [
      row("none", "no augmentation", "baseline", 0.08, 0.3),
      row("diffusion", "slates by guided diffusion", "proposed", 0.1, overall, true),
      row("duplicates", "duplicated real sessions", "control", 0.079, 0.3, true),
      row("random", "random slates", "placebo", sham, 0.29, true),
      row("dose-400", "guided diffusion, dose 400 %", "sweep", 0.11, 0.2, true),
    ],
    proposed: "diffusion",
    comparisons: [compared("best baseline", "none", 0.02, 0.003), compared("strongest placebo", "random", 0.1 - sham, placeboKeepsUp ? 0.6 : 0.003), compared(sameCompute, "duplicates", 0.021, 0.003)],
    overall: guardOf(overall, 0.3, {}),
  };
}

describe("papers/counterfactual/tables", () => {
  const folder = freshFolder();
  const clean = report({ placeboKeepsUp: false, overall: 0.299 });
  const marked = report({ placeboKeepsUp: true, overall: 0.29 });

  it("marks a gain that a placebo shows too, and an overall Recall below the margin, in every format", () => {
    for (const format of ["text", "markdown", "latex", "html"] as const) {
      const [plain, warned] = [clean, marked].map((one) => renderTable(counterfactualTable(one), format));
      assert.ok(!plain!.includes(placeboToo) && !plain!.includes(overallWorse));
      assert.ok(warned!.includes(placeboToo) && warned!.includes(overallWorse), format);
      assert.ok(!plain!.includes("dose 400"), "sweeps stand apart");
    }
    assert.match(renderTable(counterfactualTable(marked), "html"), /<span class="warning">(?:(?!<\/span>).)*PLACEBO TOO<\/span>/);
    assert.match(renderTable(counterfactualTable(clean), "markdown"), /^\| slates by guided diffusion \| proposed \| \*\*0\.1000 ± 0\.0010\*\* \| \[0\.0900, 0\.1100\] \| 0\.3990 \| 0\.2990 ± 0\.0010 \|/m);
    assert.match(renderTable(counterfactualTable(clean), "text"), /at or below the 80th percentile.*\n.*2 seeds/);
    assert.match(renderTable(counterfactualTable(marked), "text"), /may lose 2 % of that without augmentation, not more: here 0\.2900 against 0\.3000 is below it/);
  });

  it("says what the comparisons say, and no more", () => {
    const text = (one: CounterfactualReport): string[] => counterfactualFindings(one).map(({ text: line, warning }) => (warning === undefined ? line : `${warning}: ${line}`));
    assert.match(text(clean)[0]!, /^On less popular targets, NISER\+ with slates by guided diffusion is ahead of the best baseline, no augmentation \(Recall@20 difference \+0\.0200 \[\+0\.0180, \+0\.0220\], p = 0\.003;/);
    assert.match(text(clean)[3]!, /^Over all targets Recall@20 0\.2990 against 0\.3000 is within it \(2 %\)\.$/);
    assert.match(text(marked)[0]!, /^PLACEBO TOO: /);
    assert.match(text(marked)[1]!, /cannot be told apart from its strongest placebo, random slates/);
    assert.match(text(marked)[3]!, /^OVERALL WORSE: /);
    const sealed = { verdict: "not reproduced", cases: 33, comparisons: clean.comparisons, overall: guardOf(0.2, 0.3, {}) };
    assert.ok(text({ ...clean, sealed }).some((line) => line === "The sealed period (33 cases of less popular targets, read once) says: not reproduced."));
    assert.match(renderTable(comparisonsTable({ ...clean, sealed }, "confirm"), "text"), /33 sealed cases, read once: this decides\./);
    assert.match(text({ ...clean, proposed: undefined, comparisons: [] })[0]!, /was not run/);
  });

  it("shows doses and copies, sweeps, and a picture without them", () => {
    assert.match(renderTable(addedTable(clean), "markdown"), /^\| slates by guided diffusion \| 0\.98 ± 0\.01 \| 0\.0200 \| 0\.0100 \|$/m);
    assert.deepEqual(sweepTable(clean).rows.map(({ arm }) => arm), ["dose-400"]);
    assert.deepEqual(counterfactualPlot(marked).points.map(({ label, warning }) => [label, warning]), [["no augmentation", undefined], ["slates by guided diffusion", placeboToo], ["duplicated real sessions", undefined], ["random slates", undefined]]);
  });

  it("is written as Markdown, LaTeX, JSON, a picture and a page, and shown in a notebook", () => {
    const files = writeReports(folder(), clean, {});
    assert.deepEqual(files.map((file) => file.slice(folder().length + 1)), ["index.html", "counterfactual.md", "counterfactual.tex", "counterfactual.json", "counterfactual.svg"]);
    assert.ok(files.every((file) => existsSync(file)));
    const page = readFileSync(join(folder(), "index.html"), "utf8");
    assert.match(page, /arXiv 2410\.21892/);
    assert.match(page, /What the counterfactual paper/);
    assert.match((toBundle(clean) as Readonly<Record<string, string>>)["text/html"]!, /slates by guided diffusion/);
  });
});
