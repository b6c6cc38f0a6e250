/** The whole report from result files: what it shows, what it links, and when a kept summary is not shown. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readResults } from "../../src/papers/results";
import { wholeReport } from "../../src/papers/results-page";
import { readSummary, experimentsOf, keepSummary, staleSummaries } from "../../src/papers/summaries";
import { Laboratory, onlyLine } from "../cli/sessionlab";
import { freshFolder } from "../scratch";

const published = join(__dirname, "..", "..", "results");

/** A folder with some of the project's results. */
function copied(folder: string, start: string, summary?: string): string {
  mkdirSync(join(folder, "summaries"), { recursive: true });
  for (const file of readdirSync(published).filter((name) => name.startsWith(start))) copyFileSync(join(published, file), join(folder, file));
  if (summary !== undefined) copyFileSync(join(published, "summaries", `${summary}.json`), join(folder, "summaries", `${summary}.json`));
  return folder;
}

describe("the whole report", () => {
  const scratch = freshFolder();
  const lab = new Laboratory();

  it("has summaries of the very runs that results/ holds", () => {
    assert.deepEqual(staleSummaries(published, readResults(published)), [], "run sessionlab report --publish");
  });

  it("shows an experiment with its intervals and tests where its summary is of these runs, and means alone where it is not", () => {
    const folder = copied(scratch(), "persona-ml-100k-minute-", "persona-ml-100k-minute");
    const whole = wholeReport(folder);
    assert.deepEqual(whole.withoutIntervals, []);
    assert.ok(whole.html.includes("its 95 % interval") && whole.html.includes("Personas in the session recommender, ml-100k (budget minute)"));
    rmSync(join(folder, "persona-ml-100k-minute-sasrec-3.json"));
    assert.deepEqual(staleSummaries(folder, readResults(folder)), ["persona-ml-100k-minute"]);
    const less = wholeReport(folder);
    assert.deepEqual(less.withoutIntervals, ["persona-ml-100k-minute"]);
    assert.ok(less.html.includes("Personas in a session recommender, ml-100k-minute (means alone)"));
    assert.equal(less.runs, whole.runs - 1);
  });

  it("has means and deviations over seeds as one computes them by hand", () => {
    const folder = copied(scratch(), "base-ml-100k-time-sasrec-");
    const values = readResults(folder).map(({ test }) => test.metrics["NDCG@10"]!);
    assert.equal(values.length, 3);
    const mean = (values[0]! + values[1]! + values[2]!) / 3;
    const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
    const { html } = wholeReport(folder);
    assert.ok(html.includes(`${mean.toFixed(4)} ± ${sd.toFixed(4)}`));
    assert.ok(html.includes("How often test cases were scored") || html.includes("Test cases were scored"));
  });

  it("links every id of a run to its passport, with the data's hash and the options, and says where the runs were made", () => {
    const folder = copied(scratch(), "base-ml-100k-time-", undefined);
    const { html } = wholeReport(folder);
    const links = Array.from(html.matchAll(/<code><a href="#(passport-[^"]+)">/g), ([, id]) => id!);
    assert.ok(links.length >= 5);
    for (const id of links) assert.ok(html.includes(`id="${id}"`), id);
    const [run] = readResults(folder);
    assert.ok(html.includes(run!.passport.data.hash) && html.includes(`<td>${run!.passport.node}</td>`));
    assert.equal(wholeReport(folder).html, html, "the same results give the same page");
  });

  it("keeps a report beside its runs, and gives it back", () => {
    const folder = copied(scratch(), "persona-ml-100k-minute-", "persona-ml-100k-minute");
    const [runs] = experimentsOf(readResults(folder));
    const kept = readSummary(folder, runs!)!;
    rmSync(join(folder, "summaries"), { recursive: true });
    assert.equal(readSummary(folder, runs!), undefined);
    keepSummary(folder, kept);
    assert.deepEqual(readSummary(folder, runs!), kept);
  });

  it("is a command; without results it says how to get some", async () => {
    const folder = copied(join(lab.folder, "some"), "base-ml-100k-time-pop");
    const out = lab.path("page.html");
    const { runs, withoutIntervals } = onlyLine(await lab.call(["report", "--results", folder, "--out", out, "--json"])) as { runs: number; withoutIntervals: string[] };
    assert.deepEqual([runs, withoutIntervals], [1, ["base-ml-100k-time"]]);
    assert.match(readFileSync(out, "utf8"), /^<!doctype html>/);
    const none = await lab.call(["report", "--results", lab.path("nothing"), "--out", out]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /Expected result files, found none; sessionlab reproduce --publish makes them/);
  });
});
