import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderTable } from "../../src/display/formats";
import { benchmarkRows } from "../../src/papers/benchmark/benchmark";
import { readReadings } from "../../src/evaluation/readings";
import { readDiffusion } from "../../src/papers/diffusion/diffusion";
import { diffusionTables } from "../../src/papers/diffusion/tables";
import { linkingTable, readLinking } from "../../src/papers/linking";
import { personaRows, personaRuns, readPersonaResults } from "../../src/papers/hdgi/hdgi";
import { onlineReport } from "../../src/papers/online/report";
import { onlineFindings, onlineTable } from "../../src/papers/online/tables";
import { publishedFaults, renderedBlocks } from "../../src/papers/ledger/published";
import { pageWith, publishedBlock, publishedPages } from "../../src/papers/pages";
import { readResponse } from "../../src/papers/response/response";
import { responseTables } from "../../src/papers/response/tables";
import { readCheckedJson } from "../../src/core/checked-json";
import type { CounterfactualResult } from "../../src/papers/counterfactual/counterfactual";
import { counterfactualArms } from "../../src/papers/counterfactual/arms";
import type { PersonaPaperResult } from "../../src/papers/persona/persona";
import { forms, personaArms } from "../../src/papers/persona/arms";
import type { Confirmation } from "../../src/papers/sealed";
import { readResults, resultId, resultsId } from "../../src/papers/results";

describe("the project's pages", () => {
  const root = join(__dirname, "../..");
  const pages = publishedPages(root);

  for (const setting of ["ml-100k-time", "ml-100k-loo-hour"]) {
    it(`holds the table of the committed results on ${setting}, number by number and id by id`, () => {
      const results = readResults(join(root, "results")).filter((result) => result.paper === "base" && result.dataset === setting);
      const block = publishedBlock(pages, `base-${setting}`);
      assert.equal(block !== "", results.length > 0, "the table and results/ belong together: run sessionlab reproduce --publish");
      for (const result of results) assert.ok(block.includes(`\`${resultId(result)}\``), `no page names ${resultId(result)}: run sessionlab reproduce --publish`);
      for (const model of new Set(results.map((result) => result.passport.model))) {
        const runs = results.filter((result) => result.passport.model === model);
        const mean = runs.reduce((sum, result) => sum + result.test.metrics["NDCG@10"]!, 0) / runs.length;
        const row = block.split("\n").find((line) => line.startsWith(`| ${model} |`));
        assert.ok(row?.split("|")[2]!.replaceAll("*", "").trim().startsWith(mean.toFixed(4)), `${model}: ${mean.toFixed(4)} is not in ${row}`);
      }
    });
  }

  it("holds the tables of the persona paper that results has: runs by id, NDCG@10 by NDCG@10, the sealed period's verdict", () => {
    const results = readResults(join(root, "results")).filter((result): result is PersonaPaperResult => result.paper === "persona");
    const experiments = [...new Set(results.map(({ dataset }) => dataset))];
    assert.ok(experiments.includes("ml-100k-minute"));
    for (const experiment of experiments) {
      const block = publishedBlock(pages, `persona-${experiment}`);
      assert.notEqual(block, "", `the table of ${experiment} and results/ belong together: run sessionlab reproduce --paper persona --publish`);
      for (const arm of personaArms) {
        for (const form of arm.forms) {
          const runs = results.filter((result) => result.dataset === experiment && result.arm === arm.id && result.form === form).sort((a, b) => a.seed - b.seed);
          if (runs.length === 0) continue;
          const title = form === "alone" ? arm.title : `${arm.title}, ${forms[form]}`;
          assert.ok(block.includes(`\`${resultsId(runs)}\``), `no page names ${resultsId(runs)}`);
          const mean = runs.reduce((sum, { test }) => sum + test.metrics["NDCG@10"]!, 0) / runs.length;
          const row = block.split("\n").find((line) => line.startsWith(`| ${title} |`));
          assert.ok(row?.split("|")[5]!.replace(/[*†]/g, "").trim().startsWith(mean.toFixed(4)), `${title}: ${mean.toFixed(4)} is not in ${row}`);
        }
      }
      const confirmed = readCheckedJson<Confirmation>(join(root, "results", "confirm", `persona-${experiment}.json`), "a confirmation", "restore it");
      if (confirmed !== undefined) assert.ok(block.includes(`says: ${confirmed.verdict}.`), `${experiment}: no page has the verdict`);
    }
  });

  it("holds the tables of simulated worlds that results has, number by number, and what they say", () => {
    const results = join(root, "results");
    const budgetsRun = new Set(readResults(results).filter(({ paper }) => paper === "counterfactual-online").map(({ passport }) => passport.budget));
    assert.ok(budgetsRun.has("minute"));
    for (const budget of budgetsRun) {
      const report = onlineReport({ results, budget });
      const block = publishedBlock(pages, report.experiment);
      const table = renderTable(onlineTable(report, "biased", "logged", readReadings(join(results, "readings.json"))), "markdown").trim();
      assert.ok(block.startsWith(table), `${report.experiment}: run sessionlab reproduce --paper counterfactual --dataset simulator --publish`);
      for (const { text } of onlineFindings(report)) assert.ok(block.includes(`- ${text}`), text);
    }
  });

  it("holds the tables of the counterfactual paper that results has: runs by id, Recall@20 of less popular targets, the sealed period's verdict", () => {
    const results = readResults(join(root, "results")).filter((result): result is CounterfactualResult => result.paper === "counterfactual");
    const experiments = [...new Set(results.map(({ dataset }) => dataset))];
    assert.ok(experiments.includes("ml-100k-minute"));
    for (const experiment of experiments) {
      const block = publishedBlock(pages, `counterfactual-${experiment}`);
      assert.notEqual(block, "", `the table of ${experiment} and results/ belong together: run sessionlab reproduce --paper counterfactual --publish`);
      for (const { id, title } of counterfactualArms.filter(({ role }) => role !== "sweep")) {
        const runs = results.filter((result) => result.dataset === experiment && result.arm === id).sort((a, b) => a.seed - b.seed);
        if (runs.length === 0) continue;
        assert.ok(block.includes(`\`${resultsId(runs)}\``), `no page names ${resultsId(runs)}`);
        const mean = runs.reduce((sum, { test }) => sum + test.strata.find(({ name }) => name === "tail")!.metrics["HR@20"]!, 0) / runs.length;
        const row = block.split("\n").find((line) => line.startsWith(`| ${title} |`));
        assert.ok(row?.split("|")[3]!.replace(/[*†]/g, "").trim().startsWith(mean.toFixed(4)), `${title}: ${mean.toFixed(4)} is not in ${row}`);
      }
      const confirmed = readCheckedJson<Confirmation>(join(root, "results", "confirm", `counterfactual-${experiment}.json`), "a confirmation", "restore it");
      if (confirmed !== undefined) assert.ok(block.includes(`says: ${confirmed.verdict}.`), `${experiment}: no page has the verdict`);
    }
  });

  it("holds the benchmark's table, if results has some: id by id, P@20 by P@20", () => {
    const rows = benchmarkRows({ results: join(root, "results"), name: "diginetica", budget: "paper" });
    const block = publishedBlock(pages, "benchmark-diginetica");
    assert.equal(block !== "", rows.length > 0, "the table and results/ belong together: run sessionlab benchmark --publish");
    for (const { title, results } of rows) {
      for (const result of results) assert.ok(block.includes(`\`${resultId(result)}\``), `no page names ${resultId(result)}`);
      const mean = results.reduce((sum, { test }) => sum + 100 * test.metrics["HR@20"]!, 0) / results.length;
      const row = block.split("\n").find((line) => line.startsWith(`| ${title} |`));
      assert.ok(row?.split("|")[2]!.replaceAll("*", "").trim().startsWith(mean.toFixed(2)), `${title}: ${mean.toFixed(2)} is not in ${row}`);
    }
  });

  it("holds the table of vectors without labels on acm3025, if results has some: id by id, micro-F1 by micro-F1", () => {
    const results = readPersonaResults(join(root, "results"), "acm3025");
    const block = publishedBlock(pages, "hdgi-acm3025");
    assert.equal(block !== "", results.length > 0, "the table and results/ belong together: run sessionlab hdgi --dataset acm3025 --seeds 5 --publish");
    for (const result of results) assert.ok(block.includes(`\`${resultId(result)}\``), `no page names ${resultId(result)}`);
    for (const { model, mean } of personaRows(results)) {
      const row = block.split("\n").find((line) => line.startsWith(`| ${personaRuns[model]} |`));
      assert.ok(row?.split("|")[3]!.replaceAll("*", "").trim().startsWith(mean["test micro-F1"].toFixed(4)), `${model}: ${mean["test micro-F1"].toFixed(4)} is not in ${row}`);
    }
  });

  it("holds the linking table of results/linking, number by number", () => {
    const result = readLinking(join(root, "results", "linking", "maps.json"));
    assert.ok(result !== undefined, "run sessionlab kg link --evaluate --publish");
    assert.equal(publishedBlock(pages, "linking"), renderTable(linkingTable(result), "markdown").trim());
    for (const { domain, evidence, test } of result.maps) {
      if (evidence === "relations") assert.ok(test.precision >= (domain === "films" ? 0.97 : 0.95) && test.recall >= (domain === "films" ? 0.9 : 0.8), domain);
    }
  });

  for (const name of readdirSync(join(root, "results", "diffusion")).map((file) => file.replace(/\.json$/, ""))) {
    it(`holds the tables of results/diffusion/${name}, number by number; it beats POP`, () => {
      const result = readDiffusion(join(root, "results", "diffusion", `${name}.json`))!;
      const [recommender, slates] = diffusionTables(result, readReadings(join(root, "results", "readings.json"))[result.experiment]!.test);
      assert.equal(publishedBlock(pages, result.experiment), renderTable(recommender, "markdown").trim());
      assert.equal(publishedBlock(pages, `${result.experiment}-slates`), renderTable(slates, "markdown").trim());
      const [pop] = result.comparisons;
      assert.ok(pop!.against === "POP" && pop!.difference > 0 && pop!.holm < 0.05);
    });
  }

  it("holds the tables of results/response, number by number; the goals are reached", () => {
    const result = readResponse(join(root, "results", "response", "simulator.json"));
    assert.ok(result !== undefined, "run sessionlab response --budget hour --publish");
    const [likelihood, rates, policies] = responseTables(result);
    assert.equal(publishedBlock(pages, "response-likelihood"), renderTable(likelihood, "markdown").trim());
    assert.equal(publishedBlock(pages, "response-rates"), renderTable(rates, "markdown").trim());
    assert.equal(publishedBlock(pages, "response-policies"), renderTable(policies, "markdown").trim());
    assert.ok(result.likelihood.at(-1)!.gap <= 0.05);
    for (const { name, abducted, prior } of result.rates.learnt) assert.ok(abducted.within && abducted.brier < prior.brier, name);
    for (const { name, gain } of result.policies.slice(1)) assert.ok(gain!.low > 0, name);
    assert.ok(result.same.rejected / result.same.runs >= result.same.low && result.same.rejected / result.same.runs <= result.same.high);
  });

  it("holds what results give, rendered again: the ledger and every table that needs nothing else whole, of the others each mean and deviation; no table of metrics stands outside", () => {
    const names = renderedBlocks(join(root, "results")).map(({ name }) => name);
    for (const name of ["ledger", "benchmark-diginetica", "linking", "diffusion-ml-100k-minute", "response-rates", "counterfactual-online-minute"]) assert.ok(names.includes(name) && pageWith(pages, name) !== undefined, name);
    assert.deepEqual(publishedFaults(join(root, "results"), pages), []);
  });

  it("are README and docs/, each with its tables once, and name only files and headings that are there", () => {
    assert.deepEqual(pages.map(({ file }) => file).slice(0, 3), ["README.md", "docs/benchmarks.md", "docs/counterfactuals.md"]);
    const blocks = pages.flatMap(({ text }) => Array.from(text.matchAll(/^<!-- table:([\w-]+) -->$/gm), (match) => match[1]!));
    assert.deepEqual(blocks.filter((name, at) => blocks.indexOf(name) !== at), []);
    const anchors = (text: string): readonly string[] => Array.from(text.matchAll(/^#+ (.+)$/gm), (match) => match[1]!.toLowerCase().replace(/[^\w\s-]/g, "").trim().replaceAll(" ", "-"));
    for (const { file, text } of pages) {
      const links = Array.from(text.matchAll(/\]\(([^)]+)\)/g), (match) => match[1]!).filter((link) => !link.includes("://"));
      for (const link of links) {
        const [path, heading] = link.split("#") as [string, string | undefined];
        const target = path === "" ? join(root, file) : join(root, dirname(file), path);
        assert.ok(existsSync(target), `${file}: ${link}`);
        if (heading !== undefined) assert.ok(anchors(readFileSync(target, "utf8")).includes(heading), `${file}: ${link}`);
      }
    }
    assert.ok(pages[0]!.text.split("\n").length < 250, "README is to be read at one sitting: what grows goes to docs/");
    for (const { file } of pages.slice(1)) assert.ok(pages[0]!.text.includes(`](${file})`), `README does not lead to ${file}`);
  });
});
