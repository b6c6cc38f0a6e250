import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { intervalFigure, intervalSvg } from "../../src/display/figure";
import { notebookTable, renderTable } from "../../src/display/formats";
import { sentenceList, sentenceText } from "../../src/display/sentences";
import { toBundle } from "../../src/index";
import { aboutPersonaData, choicesTable, comparisonsTable, personaFindings, personaPlot, personaTable, settingsTable, slicesTable, stagesTable, trialsTable } from "../../src/papers/persona/tables";
import { placeboToo } from "../../src/papers/placebo";
import { writeReports } from "../../src/papers/report";
import { freshFolder } from "../scratch";
import { toyReport } from "./toy";
import { toyPersonaReport } from "./toy-persona";

const honest = toyPersonaReport({ placeboKeepsUp: false });
const sham = toyPersonaReport({ placeboKeepsUp: true });
const readings = { "persona-toy-hour": { test: 11 } };

/** The cells of a row of a Markdown table. */
function cells(markdown: string, model: string): string[] {
  const line = markdown.split("\n").find((one) => one.startsWith(`| ${model} |`));
  assert.ok(line !== undefined, markdown);
  return line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, ""));
}

describe("the persona paper's tables", () => {
  const scratch = freshFolder();

  it("has the paper's metrics, the role of each row, intervals, and the best in bold", () => {
    const markdown = renderTable(personaTable(honest, readings), "markdown");
    assert.match(markdown, /^\| model \| role \| HR@10 \| HR@100 \| NDCG@10 \| its 95 % interval \| MRR@10 \|$/m);
    assert.deepEqual(cells(markdown, "POP"), ["POP", "baseline", "0.0400", "0.1200", "0.0200", "[0.0100, 0.0300]", "0.0100"]);
    assert.deepEqual(cells(markdown, "Persona-SASRec"), ["Persona-SASRec", "proposed", "0.1300 ± 0.0010", "0.3900 ± 0.0010", "0.0650 ± 0.0010", "[0.0550, 0.0750]", "0.0325 ± 0.0010"]);
    assert.deepEqual(cells(markdown, "Persona-SASRec, reranked by SASRec").slice(0, 5), ["Persona-SASRec, reranked by SASRec", "proposed, stands for the paper", "**0.1400 ± 0.0010**", "**0.4200 ± 0.0010**", "**0.0700 ± 0.0010**"]);
    assert.equal(cells(markdown, "SASRec")[4], "0.0600 ± 0.0010†"); // differs from the proposed row
    assert.equal(cells(markdown, "SASRec with LLM vectors, no persona, reranked by SASRec")[4], "0.0620 ± 0.0010"); // p = .09
    assert.ok(markdown.includes("standard deviation over 2 seeds") && markdown.includes("bootstrap over 20 sessions") && markdown.includes("No linked data here."));
    assert.ok(markdown.includes("Test cases were scored 11 times here so far") && markdown.includes("The sealed confirm period was not opened."));
    assert.ok(markdown.includes("Protocol: toy, training before the first cut, full ranking over 1000 training items"));
    assert.ok(markdown.includes("`persona-toy-hour-persona-rerank-2@12345678`"));
    assert.ok(renderTable(personaTable(honest, { "persona-toy-hour": { test: 11, confirm: 1 } }), "text").includes("The sealed confirm period was opened once."));
    assert.ok(renderTable(personaTable(honest), "text").includes("How often test cases were scored is in readings.json"));
  });

  it("marks a gain that a placebo shows too, in every format, and only then", () => {
    const table = personaTable(sham, readings);
    assert.equal(cells(renderTable(table, "markdown"), "Persona-SASRec, reranked by SASRec")[4], `**0.0700 ± 0.0010** ${placeboToo}`);
    assert.match(renderTable(table, "text"), /^Persona-SASRec, reranked by SASRec .* 0\.0700 ± 0\.0010\* PLACEBO TOO /m);
    assert.ok(renderTable(table, "latex").includes("\\textcolor{red}{\\textbf{0.0700 $\\pm$ 0.0010} PLACEBO TOO}"));
    assert.ok(renderTable(table, "html").includes('<span class="warning"><strong>0.0700 ± 0.0010</strong> PLACEBO TOO</span>'));
    assert.match(notebookTable(table), /<span style="color:#[0-9a-f]{6};font-weight:600"><strong>0\.0700 ± 0\.0010<\/strong> PLACEBO TOO<\/span>/);
    assert.equal(renderTable(table, "html").match(/class="warning"/g)!.length, 1);
    assert.ok(renderTable(table, "text").includes("the strongest placebo is not behind the proposed model"));
    for (const format of ["text", "markdown", "latex", "html"] as const) assert.ok(!/PLACEBO|warning|textcolor/.test(renderTable(personaTable(honest, readings), format)), format);
  });

  it("has nothing to mark where the proposed model is behind, whatever the placebo does", () => {
    const behind = { ...sham, comparisons: sham.comparisons.map((one) => ({ ...one, difference: -0.001 })) };
    assert.ok(!renderTable(personaTable(behind), "markdown").includes(placeboToo));
    assert.ok(personaFindings(behind).every(({ warning }) => warning === undefined));
  });

  it("says who is ahead, who cannot be told apart, and what could have been found", () => {
    const lines = personaFindings(honest).map(sentenceText);
    assert.deepEqual(lines.slice(0, 3), [
      "Persona-SASRec, reranked by SASRec is ahead of the best baseline, SASRec (NDCG@10 difference +0.0100 [+0.0080, +0.0120], p = 0.003; a gain of 0.0063 would be found in four of five tests).",
      "Persona-SASRec, reranked by SASRec is ahead of its strongest placebo, Persona-SASRec, shuffled personas, reranked by SASRec (NDCG@10 difference +0.0150 [+0.0130, +0.0170], p = 0.003; a gain of 0.0063 would be found in four of five tests).",
      "Persona-SASRec, reranked by SASRec cannot be told apart from the same model without personas, SASRec with LLM vectors, no persona, reranked by SASRec (NDCG@10 difference +0.0080 [+0.0060, +0.0100], p = 0.090; a gain of 0.0063 would be found in four of five tests).",
    ]);
    assert.deepEqual(lines.slice(3), [
      "These comparisons are on test, and exploratory: the sealed confirm period decides.",
      "40.0 % of the targets are among the candidates of Persona-SASRec, reranked by SASRec, 14.0 % among its first 10: ranking loses 26.0 %.",
    ]);
    const marked = personaFindings(sham);
    assert.deepEqual(marked.map(({ warning }) => warning), [placeboToo, undefined, placeboToo, undefined, undefined]);
    assert.ok(sentenceText(marked[0]!).startsWith("PLACEBO TOO: Persona-SASRec, reranked by SASRec is ahead of the best baseline"));
    assert.equal(sentenceList(marked).match(/<li class="warning">/g)!.length, 2);
    const without = { ...honest, comparisons: honest.comparisons.filter(({ as }) => as !== "strongest placebo") };
    assert.ok(personaFindings(without).some(({ text }) => text.startsWith("No placebo was run")));
    assert.deepEqual(personaFindings({ ...honest, proposed: undefined, comparisons: [] }), [{ text: "The proposed model was not run: nothing is compared." }]);
  });

  it("tells what the sealed period says", () => {
    const sealed = { ...honest, sealed: { verdict: "not reproduced", cases: 50, comparisons: sham.comparisons } };
    const lines = personaFindings(sealed).map(sentenceText);
    assert.ok(lines.includes("The sealed period (50 cases, read once) says: not reproduced."));
    assert.ok(lines.some((line) => line.startsWith("PLACEBO TOO: Sealed: Persona-SASRec, reranked by SASRec is ahead of the best baseline")));
    const text = renderTable(comparisonsTable(sealed, "confirm"), "text");
    assert.ok(text.includes("on the sealed period, toy") && text.includes("50 sealed cases, read once: this decides."));
    assert.match(text, /^SASRec +best baseline +0\.0100 PLACEBO TOO /m);
  });

  it("tells what was tried for the proposed model", () => {
    const markdown = renderTable(trialsTable(honest), "markdown");
    const line = markdown.split("\n").find((one) => one.startsWith("| 2 |"))!;
    assert.ok(line.includes("inject prefix") && line.includes("maxDegree") && line.includes("| 4 |") && line.includes("0.0510") && line.includes("kept"), line);
  });

  it("holds the proposed model against its rivals, exploratory on test", () => {
    const markdown = renderTable(comparisonsTable(honest), "markdown");
    assert.ok(markdown.includes("Persona-SASRec, reranked by SASRec against its rivals on test (exploratory)"));
    assert.deepEqual(cells(markdown, "SASRec"), ["SASRec", "best baseline", "0.0100", "[+0.0080, +0.0120]", "0.0010", "0.0030", "0.0063", "20"]);
    assert.ok(!markdown.includes("persona-toy-hour-pop-1@"), "names the results of what is compared alone");
  });

  it("sets known, anonymous and new users apart; models that read no ids have one value for both", () => {
    const markdown = renderTable(settingsTable(honest), "markdown");
    assert.match(markdown, /^\| model \| NDCG@10, known users \(70\) \| NDCG@10, everybody anonymous \| NDCG@10, new users \(cold\) \(30\) \|$/m);
    assert.deepEqual(cells(markdown, "Persona-SASRec, reranked by SASRec"), ["Persona-SASRec, reranked by SASRec", "**0.0800**", "0.0610 ± 0.0020", `0.0500 ${placeboToo}`]);
    assert.deepEqual(cells(markdown, "SASRec"), ["SASRec", "0.0700", "0.0600 ± 0.0010", "0.0400"]);
    assert.ok(!markdown.includes("| POP |"));
  });

  it("shows slices, with a mark where the placebo is as high and the model above the baseline", () => {
    const markdown = renderTable(slicesTable(honest), "markdown");
    assert.match(markdown, /^\| model \| all cases \(100\) \| known users \(70\) \| new users \(cold\) \(30\) \| sessions of 1-3 \(40\) \|$/m);
    assert.deepEqual(cells(markdown, "Persona-SASRec, reranked by SASRec"), ["Persona-SASRec, reranked by SASRec", "**0.0700**", "**0.0800**", `0.0500 ${placeboToo}`, "0.0500"]);
    assert.deepEqual(cells(markdown, "POP"), ["POP", "0.0200", "0.0200", "0.0200", "0.0200"]);
  });

  it("traces the stages' losses, which add up to 1", () => {
    const row = cells(renderTable(stagesTable(honest), "markdown"), "Persona-SASRec, reranked by SASRec");
    assert.deepEqual(row.slice(1), ["0.1400", "0.6000", "0.2600", "0.4000", "0.6000", "0.0000"]);
    const numbers = row.slice(1).map(Number);
    for (const at of [0, 3]) assert.ok(Math.abs(numbers[at]! + numbers[at + 1]! + numbers[at + 2]! - 1) < 1e-9);
    assert.equal(stagesTable(honest).rows.length, 3);
  });

  it("tells among how many settings each was chosen", () => {
    const markdown = renderTable(choicesTable(honest), "markdown");
    assert.deepEqual(cells(markdown, "SASRec"), ["SASRec", "6", "0.1600 ± 0.0010", "-", "-", "dropout 0.3"]);
    assert.deepEqual(cells(markdown, "Persona-SASRec, reranked by SASRec"), ["Persona-SASRec, reranked by SASRec", "6", "0.1700 ± 0.0010", "-", "-", "as by itself"]);
    assert.deepEqual(cells(markdown, "POP").slice(1, 3), ["1", "0.1200"]);
  });

  it("is pictured in the proposed row's form, red where a placebo shows the gain", () => {
    const { points, caption } = personaPlot(honest);
    assert.deepEqual(points.map(({ label }) => label), ["POP", "SASRec", "SASRec with LLM vectors, no persona", "Persona-SASRec", "Persona-SASRec, shuffled personas"]);
    assert.deepEqual(points[3], { label: "Persona-SASRec", mean: 0.07, sd: 0.001, low: 0.07 - 0.01, high: 0.07 + 0.01 });
    assert.ok(caption.includes("Models with a second stage: reranked by SASRec.") && !caption.includes("Red"));
    assert.ok(!intervalSvg(personaPlot(honest)).includes("warned"));
    const svg = intervalSvg(personaPlot(sham));
    assert.equal(svg.match(/class="dot warned"/g)!.length, 1);
    assert.ok(svg.includes("Persona-SASRec 0.0700 (0.0600 to 0.0800), PLACEBO TOO"));
    const colours = (intervalFigure(personaPlot(sham)).data[0]!.marker as { color: string[] }).color;
    assert.deepEqual(colours.map((colour) => colour === colours[0]), [true, true, true, false, true]);
  });

  it("says what the data are", () => {
    assert.equal(aboutPersonaData(honest), "Training before the first cut. Training: 50 sessions, 900 events, 1000 items. Test: 100 cases of 20 sessions; 10.0 % of the targets were never seen in training. Graph and personas are made of training alone.");
  });

  it("is written beside the base experiment: one page with both and the departures, and its own text, LaTeX, JSON and picture", () => {
    const folder = scratch();
    const files = writeReports(folder, [toyReport, sham], readings);
    assert.deepEqual(readdirSync(folder).sort(), ["base-loo.svg", "base-time.svg", "base.json", "base.md", "base.tex", "index.html", "persona.json", "persona.md", "persona.svg", "persona.tex"]);
    const page = readFileSync(files[0]!, "utf8");
    for (const heading of ["Global time cut (the main table)", "Personas in the session recommender, toy (budget hour)", "Departures, and what the persona paper leaves open"]) assert.ok(page.includes(`">${heading}</h2>`), heading);
    assert.equal(page.match(/<figure>/g)!.length, 3);
    assert.match(page, /\.warning\{color:var\(--warning\)/);
    assert.equal(page.match(/--warning:#/g)!.length, 3); // light, dark and on paper
    assert.ok(page.includes("inject in models/persona-sasrec.ts"));
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "persona.json"), "utf8")), JSON.parse(JSON.stringify(sham)));
    const markdown = readFileSync(join(folder, "persona.md"), "utf8");
    for (const title of ["Personas in a session recommender", "against its rivals on test", "Known, anonymous and new users", "NDCG@10 by slice", "What the two stages lose", "How each model was chosen", "What was tried for the proposed model"]) assert.ok(markdown.includes(title), title);
    assert.ok(markdown.includes("- PLACEBO TOO: Persona-SASRec, reranked by SASRec is ahead of the best baseline"));
    assert.equal(readFileSync(join(folder, "persona.tex"), "utf8").match(/\\begin\{table\}/g)!.length, 7);
  });

  it("is shown in a notebook: the paper's table, what it says, and its picture", () => {
    const bundle = toBundle(sham) as Readonly<Record<string, string>>;
    assert.equal(bundle["text/html"]!.match(/<table border="1" class="dataframe">/g)!.length, 1);
    assert.equal(bundle["text/html"]!.match(/src="data:image\/svg\+xml;base64,/g)!.length, 1);
    assert.ok(!bundle["text/html"]!.includes('class="warning"') && bundle["text/html"]!.includes('<li style="color:#'));
    assert.ok(bundle["text/plain"]!.includes("PLACEBO TOO: Persona-SASRec, reranked by SASRec is ahead"));
    assert.ok(!(toBundle(honest) as Readonly<Record<string, string>>)["text/plain"]!.includes("PLACEBO"));
  });
});
