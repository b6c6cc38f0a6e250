import assert from "node:assert/strict";
import { join } from "node:path";
import { nonInferiority } from "../../src/evaluation/equivalence";
import { toBundle } from "../../src/index";
import { readConfirmationFile } from "../../src/papers/sealed";
import { claims, type Claim } from "../../src/papers/ledger/claims";
import { benchmarkFigure } from "../../src/papers/ledger/figures";
import { ledger } from "../../src/papers/ledger/ledger";
import { publishedPages } from "../../src/papers/pages";
import { figureVerdict, gainVerdict, goalVerdict, ledgerVerdicts, normalDraws, standardErrorOf } from "../../src/papers/ledger/rules";
import { readDiffusion } from "../../src/papers/diffusion/diffusion";
import { linkingGoals, readLinking } from "../../src/papers/linking";
import { diffusionGoal, leastGoal } from "../../src/papers/ledger/goals";
import { ledgerHeadlines, ledgerSectionsOf, ledgerSummary } from "../../src/papers/ledger/sections";
import { pageSections, sectionsText } from "../../src/papers/report-sections";
import { readResults } from "../../src/papers/results";

const results = join(__dirname, "../../results");

describe("the rule of the ledger", () => {
  it("calls a figure reproduced, within noise or not reproduced by its margin and the error of the difference", () => {
    const verdict = (mean: number, standardError: number, reach?: boolean): string => figureVerdict(mean, { published: 1, standardError, reach }).verdict; // margin 0.05
    assert.equal(verdict(1, 0), "reproduced");
    assert.equal(verdict(1.04, 0), "reproduced");
    assert.equal(verdict(1.06, 0), "not reproduced");
    assert.equal(verdict(1.02, 0.01), "reproduced"); // 1.02 + 1.645 * 0.01 < 1.05
    assert.equal(verdict(1.04, 0.01), "not reproduced"); // 1.0565 is out of the margin, and the 95 % interval begins at 1.0204
    assert.equal(verdict(1.04, 0.03), "within noise"); // the interval 0.981..1.099 holds 1
    assert.equal(verdict(1.5, 0.01, true), "reproduced");
    assert.equal(verdict(0.9, 0.01, true), "not reproduced");
    assert.equal(verdict(0.98, 0.04, true), "within noise");
    assert.equal(figureVerdict(20.9, { published: 20.51, margin: 0.1, standardError: 0 }).verdict, "not reproduced");
  });

  it("draws from a normal distribution by its quantiles", () => {
    const { statistics, estimate } = normalDraws(0.02, 0.01);
    assert.equal(estimate, 0.02);
    assert.ok(Math.abs(statistics[999]! - 0.02) < 1e-9);
    assert.ok(Math.abs(nonInferiority(normalDraws(0.02, 0.01), 0.01).p - 0.00135) < 1e-3); // P(z < -3)
  });

  it("adds up the error over seeds, of sampled cases and of the figure", () => {
    assert.equal(standardErrorOf({ mean: 0.5, sd: 0.02 }, 4, 100, false), 0.01);
    assert.equal(standardErrorOf({ mean: 0.5 }, 1, 100, true), 0.05);
    assert.ok(Math.abs(standardErrorOf({ mean: 0.5, sd: 0.06 }, 4, 100, true, 0.12) - Math.hypot(0.03, 0.05, 0.12)) < 1e-12);
  });

  it("takes over what an experiment says, and goals as they are reached", () => {
    assert.deepEqual((["reproduced", "not reproduced", "too small to tell"] as const).map(gainVerdict), ["reproduced", "not reproduced", "within noise"]);
    assert.deepEqual([goalVerdict(true), goalVerdict(false), goalVerdict(false, true)], ["reproduced", "not reproduced", "within noise"]);
  });
});

describe("the ledger of the papers", () => {
  const found = ledger(results);

  it("has both papers and what they stand on, each row with a verdict, its reason and, where attempted, ours with ids", () => {
    assert.equal(new Set(claims.map(({ id }) => id)).size, claims.length);
    assert.deepEqual(found.rows.map(({ id }) => id), claims.map(({ id }) => id));
    for (const { id, verdict, basis, ours, tested } of found.rows) {
      assert.ok(ledgerVerdicts.includes(verdict) && basis.length > 3, id);
      assert.equal(ours === undefined, verdict === "not attempted", id);
      if (ours !== undefined) assert.ok(ours.seeds > 0 && tested!.words.length > 0 && ours.results.every((name) => /@[0-9a-f]{8}$/.test(name)), id);
    }
    assert.equal(Object.values(found.counts).reduce((a, b) => a + b), found.rows.length);
    assert.ok(ledger(results, "persona", claims.filter(({ section }) => section === "hdgi" || section === "diffusion")).rows.every(({ section }) => section === "hdgi"));
    assert.throws(() => ledger(results, "both" as never), /Expected a paper/);
  });

  it("has no number where a figure could not be verified, and stays with the row", () => {
    const unverified = found.rows.filter(({ basis }) => basis.startsWith("figure not verified"));
    assert.deepEqual(unverified.map(({ id }) => id), ["persona-tables", "counterfactual-tables", "diginetica-sr-gnn-p@20", "dreamrec-tables"]);
    for (const { published, verdict } of unverified) assert.deepEqual([published, verdict], [undefined, "not attempted"]);
  });

  it("gives the sealed period's verdict where it was read", () => {
    const confirmed = readConfirmationFile({ results, experiment: "persona-amazon-movies-hour" })!;
    const row = found.rows.find(({ id }) => id === "persona-amazon-movies-ndcg@10")!;
    assert.equal(row.verdict, gainVerdict(confirmed.verdict));
    assert.equal(row.basis, "sealed period, read once");
    const mean = confirmed.rows.find(({ name }) => name === "persona-blend")!.runs.reduce((sum, { metrics }, _, all) => sum + metrics["NDCG@10"]! / all.length, 0);
    assert.ok(Math.abs(row.ours!.value.mean - mean) < 1e-12);
    for (const { difference } of confirmed.comparisons) assert.ok(row.tested!.words.some((words) => words.includes(`${difference < 0 ? "-" : "+"}${Math.abs(difference).toFixed(4)} [`)), String(difference));
  });

  it("finds by groups of cases and ranks what the pages say of the persona and the counterfactual paper on test", () => {
    const published = publishedPages(join(results, "..")).map(({ text }) => text).join("\n");
    for (const [id, metric] of [["persona-ml-100k-ndcg@10", "NDCG@10"], ["counterfactual-recall-ml-100k", "Recall@20"]] as const) {
      const words = found.rows.find((row) => row.id === id)!.tested!.words.filter((one) => one.startsWith("against "));
      assert.equal(words.length, 3);
      for (const one of words) assert.ok(published.includes(one.replace(/^.*?: (HR|NDCG)@\d+/, metric)), one);
    }
  });

  it("says first how each part stands, and what became of each paper's own claim", () => {
    const lines = ledgerHeadlines(found).map(({ text }) => text);
    const count = (section: string, verdict: string): number => found.rows.filter((row) => row.section === section && row.verdict === verdict).length;
    assert.ok(lines[0]!.startsWith("The persona paper (arXiv 2604.06928): ") && lines[0]!.includes(`${count("persona", "not reproduced")} not reproduced`), lines[0]);
    const row = found.rows.find(({ id }) => id === "persona-books-linked-ndcg@10")!;
    const line = lines.find((one) => one.startsWith("Amazon Books, NDCG@10: "))!;
    assert.ok(line.includes(`: ${row.verdict} (sealed period, read once); ${row.tested!.words[0]}, against the strongest placebo, `), line);
    assert.equal(lines.filter((one) => one.startsWith("Amazon Books, ")).length, 1);
    assert.equal(lines.filter((one) => /^MovieLens-100K, (NDCG@10|Recall)/.test(one)).length, 2);
  });

  it("holds the diffusion model to twice POP on Diginetica, and to the recommender below it", () => {
    const row = (id: string) => found.rows.find((one) => one.id === id)!;
    const { comparisons } = readDiffusion(join(results, "diffusion", "diginetica-minute.json"))!;
    const [pop, below] = comparisons;
    assert.ok(pop!.proposed > 2 * pop!.baseline && pop!.low > pop!.baseline);
    assert.deepEqual([row("diffusion-diginetica-pop").verdict, row("diffusion-diginetica-base").verdict], ["reproduced", below!.low >= 0 ? "reproduced" : "not reproduced"]);
    assert.ok(row("diffusion-diginetica-pop").tested!.words[0]!.startsWith(`${(pop!.proposed / pop!.baseline).toFixed(2)} times it; against POP: `));
    assert.equal(diffusionGoal(results, "diginetica-minute", "POP", 100).verdict, "not reproduced");
  });

  it("holds goals of the project against results: links, vectors above their features, least figures, RecBole's on validation", () => {
    const row = (id: string) => found.rows.find((one) => one.id === id)!;
    const maps = readLinking(join(results, "linking", "maps.json"))!.maps.filter(({ evidence }) => evidence === "relations");
    for (const { domain, test } of maps) {
      assert.equal(row(`linking-${domain}`).ours!.value.mean, test.recall);
      assert.equal(row(`linking-${domain}`).verdict, test.precision >= linkingGoals[domain][0] && test.recall >= linkingGoals[domain][1] ? "reproduced" : "not reproduced");
    }
    assert.equal(maps.length, 2);
    for (const id of ["acm-features-hdgi-c", "acm-features-hdgi-a"]) assert.equal(row(`hdgi-${id}`).verdict, "reproduced");
    assert.deepEqual(row("diginetica-niser-least").tested!.words, ["P@20 54.36 and MRR@20 19.25"]);
    assert.equal(leastGoal(results, "niser", { p: 54.5, mrr: 18 }).verdict, "not reproduced");
    const valid = readResults(results).filter(({ paper, dataset, model }) => paper === "base" && dataset === "ml-100k-loo-hour" && model === "sasrec").map(({ valid: { metrics } }) => metrics["NDCG@10"]!);
    const mean = valid.reduce((sum, value) => sum + value, 0) / valid.length;
    assert.ok(Math.abs(row("ml-100k-loo-sasrec-valid-ndcg@10").ours!.value.mean - mean) < 1e-12);
    assert.equal(row("ml-100k-loo-sasrec-valid-ndcg@10").basis, "validation");
  });

  it("computes verdicts from results: another figure has another one", () => {
    const own = readResults(results).find(({ paper, model }) => paper === "benchmark" && model === "markov")!;
    const value = 100 * own.test.metrics["HR@20"]!;
    const claim = (published: number): Claim => ({ id: "a", section: "sessions", source: "s", claim: "c", data: "d", code: ["models/markov"], find: (folder) => benchmarkFigure(folder, "markov", "P@20", { published, margin: 0.1 }) });
    assert.deepEqual([value, value + 0.2].map((published) => ledger(results, "all", [claim(published)]).rows[0]!.verdict), ["reproduced", "not reproduced"]);
    assert.equal(ledger(join(results, "no-such"), "all", [claim(value)]).rows[0]!.verdict, "not attempted");
  });

  it("names departures of the register, and is shown as text, Markdown, LaTeX, a page and in a notebook with its ids", () => {
    const sasrec = found.rows.find(({ id }) => id === "ml-100k-loo-sasrec-ndcg@10")!;
    assert.ok(sasrec.departures.some((one) => one.startsWith("models/sasrec.ts: GELU in the feed-forward layer")));
    const sections = ledgerSectionsOf(found);
    for (const format of ["text", "markdown", "latex"] as const) assert.ok(sectionsText(sections, format).includes("The persona paper (arXiv 2604.06928)"), format);
    assert.ok(pageSections(sections)[0]!.parts![0]!.blocks.some((block) => block.includes("<caption>The persona paper")));
    const bundle = toBundle(found) as Readonly<Record<string, unknown>>;
    assert.ok(String(bundle["text/plain"]).startsWith(ledgerSummary(found)));
    const hidden = (bundle["application/vnd.sessionlab.results+json"] as { readonly results: readonly string[] }).results;
    assert.ok(found.rows.flatMap(({ ours }) => ours?.results ?? []).every((id) => hidden.includes(id)));
  });
});
