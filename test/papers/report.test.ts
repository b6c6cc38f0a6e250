import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/core/errors";
import { toBundle } from "../../src/index";
import { renderTable } from "../../src/display/formats";
import { aboutSplit, basePlot, findings, mainTable, strataTable } from "../../src/papers/base/tables";
import { recboleSasrec } from "../../src/papers/references";
import { fillBlock, readBlock } from "../../src/papers/pages";
import { cacheLine, writeReports } from "../../src/papers/report";
import { freshFolder } from "../scratch";
import { toyReport } from "./toy";

const [time, loo] = toyReport.tables;
const readings = { "base-ml-100k-time": { test: 4 } };

describe("the base report", () => {
  const scratch = freshFolder();

  it("says in words which models SASRec is ahead of, and which it is not", () => {
    assert.deepEqual(findings(toyReport, time!), [
      "SASRec is ahead of POP (NDCG@10 difference +0.0400 [+0.0300, +0.0500], p < 0.001).",
      "Markov is not behind SASRec: the two cannot be told apart (NDCG@10 difference +0.0020 [-0.0030, +0.0070], p = 0.400).",
      "item-kNN is not behind SASRec but ahead of it (NDCG@10 difference -0.0100 [-0.0150, -0.0050], p = 0.008).",
    ]);
  });

  it("sets SASRec beside RecBole's under leave-one-out: validation and test, with the difference", () => {
    assert.equal(
      findings(toyReport, loo!).at(-1),
      "SASRec (2 seeds) beside SASRec of RecBole, NDCG@10: validation 0.9000 against 0.0642 (+0.8358), test 0.0600 ± 0.0010 against 0.0581 (+0.0019).",
    );
  });

  it("marks significance, deviation and the best, and counts the readings", () => {
    const lines = renderTable(mainTable(toyReport, time!, readings), "markdown").split("\n");
    assert.ok(lines.some((line) => line.startsWith("| POP | 0.0200† | [0.0100, 0.0300] | 0.0400 |")), lines.join("\n"));
    assert.ok(lines.some((line) => line.startsWith("| Markov | 0.0580 | ")));
    assert.ok(lines.some((line) => line.startsWith("| item-kNN | **0.0700**† | ")));
    assert.ok(lines.some((line) => line.startsWith("| SASRec | 0.0600 ± 0.0010 | [0.0500, 0.0700] | 0.1200 ± 0.0010 |")));
    assert.ok(lines.some((line) => line.includes("Test cases were scored 4 times here so far") && line.includes("confirm period was not opened")));
    assert.ok(lines.some((line) => line.startsWith("Protocol: ml-100k, global time cut, full ranking over 1000 training items")));
    assert.ok(lines.some((line) => line.includes("`base-ml-100k-time-sasrec-1@12345678`")));
  });

  it("shows RecBole's figures in the leave-one-out table only, with where they come from, and out of the competition", () => {
    const text = renderTable(mainTable(toyReport, loo!, readings), "text");
    const row = text.split("\n").find((line) => line.startsWith("SASRec of RecBole  "))!;
    assert.match(row, /^SASRec of RecBole +0\.0581 +- +0\.1188 +- +- +0\.0400 +- +-$/);
    assert.ok(text.includes(recboleSasrec.provenance));
    assert.ok(!renderTable(mainTable(toyReport, time!, readings), "text").includes("RecBole"));
    assert.deepEqual(basePlot(toyReport, loo!).points.at(-1), { label: "SASRec of RecBole", mean: 0.0581, reference: true });
  });

  it("has seen targets and popularity strata with their sizes beside it", () => {
    const text = renderTable(strataTable(toyReport, time!), "text");
    assert.match(text, /^POP +0\.0400 +0\.5000\* +0\.0020 +0\.0200$/m);
    assert.ok(text.includes("training counts (50 cases, 200 items); tail: the other seen ones (40 cases, 800 items)"));
    assert.ok(text.includes("Seen targets: the 90 of 100 cases"));
  });

  it("warns of the leak of leave-one-out, and of no leak where there is none", () => {
    assert.match(aboutSplit(loo!), /Beware: for 98\.5 % of the test cases, training holds events that are later/);
    assert.match(aboutSplit(time!), /No training event is later/);
  });

  it("says what came from the cache", () => {
    assert.equal(cacheLine(toyReport), "5 steps: 3 from the cache (computed in 59 s), 2 computed now in 41 s.");
    assert.equal(cacheLine({ ...toyReport, steps: { total: 5, cached: 5, seconds: 100, cachedSeconds: 100 } }), "5 steps: 5 from the cache (computed in 1 min 40 s).");
  });

  it("is written as a page, Markdown, LaTeX, JSON and pictures", () => {
    const folder = scratch();
    const files = writeReports(folder, toyReport, readings);
    assert.deepEqual(readdirSync(folder).sort(), ["base-loo.svg", "base-time.svg", "base.json", "base.md", "base.tex", "index.html"]);
    assert.equal(files[0], join(folder, "index.html"));
    const page = readFileSync(files[0]!, "utf8");
    for (const finding of findings(toyReport, loo!)) assert.ok(page.includes(finding.replaceAll("<", "&lt;")), finding);
    assert.equal(page.match(/<table>/g)!.length, 6);
    assert.equal(page.match(/<figure>/g)!.length, 2);
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "base.json"), "utf8")), JSON.parse(JSON.stringify(toyReport)));
    const latex = readFileSync(join(folder, "base.tex"), "utf8");
    assert.equal(latex.match(/\\begin\{table\}/g)!.length, 6);
    for (const line of latex.split("\n").filter((one) => !one.startsWith("%"))) assert.ok(!/(^|[^\\])[%&#_](?![^&]*\\\\)/.test(line.replaceAll(" & ", " ")), line);
  });
});

describe("blocks of generated text", () => {
  const text = "a\n<!-- table:base -->\nold\n<!-- /table:base -->\nb\n";

  it("are filled between their comments, and nothing else changes", () => {
    assert.equal(fillBlock(text, "base", "new $1\n"), "a\n<!-- table:base -->\nnew $1\n<!-- /table:base -->\nb\n");
    assert.equal(readBlock(text, "base"), "old");
  });

  it("must be there", () => {
    assert.throws(() => fillBlock(text, "other", ""), ConfigError);
  });

  it("is shown in a notebook: the tables, what they say, and a picture of each", () => {
    const bundle = toBundle(toyReport) as Readonly<Record<string, string>>;
    assert.equal([...bundle["text/html"]!.matchAll(/<table border="1" class="dataframe">/g)].length, toyReport.tables.length);
    const pictures = Array.from(bundle["text/html"]!.matchAll(/<img alt="[^"]+" [^>]*src="data:image\/svg\+xml;base64,([^"]+)">/g), (match) => Buffer.from(match[1]!, "base64").toString());
    assert.equal(pictures.length, toyReport.tables.length);
    assert.ok(pictures.every((svg) => svg.startsWith("<svg ") && svg.trimEnd().endsWith("</svg>")));
    for (const table of toyReport.tables) {
      for (const line of findings(toyReport, table)) assert.ok(bundle["text/plain"]!.includes(line));
    }
    assert.match(bundle["text/plain"]!, /How often test cases were scored is in readings\.json; choices were made on validation/);
  });
});
