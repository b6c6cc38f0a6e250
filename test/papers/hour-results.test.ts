/** Results at the hour budget beside those of a minute: the claims of the papers read the hour's, the page keeps both apart. Made of the project's minute results. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeCheckedJson } from "../../src/core/checked-json";
import { hashOfJson } from "../../src/core/hash";
import { resultFaults } from "../../src/papers/ledger/check";
import { claims } from "../../src/papers/ledger/claims";
import { ledger, type LedgerRow } from "../../src/papers/ledger/ledger";
import { counterfactualEntries, primaryOf } from "../../src/papers/counterfactual/report";
import { compareOnline, countsOf, onlineEntries, onlineRivals, slotsOf, withHolm } from "../../src/papers/online/report";
import { meanRates, packCounts, primaryRate } from "../../src/papers/online/rates";
import { wholeReport } from "../../src/papers/results-page";
import { runKeys } from "../../src/papers/sealed";
import { freshFolder } from "../scratch";

const published = join(__dirname, "../../results");

type Json = Record<string, unknown>;

/** A file of the project as the same experiment would have it at another budget and on other data. */
function rewritten(name: string, to: string, from: readonly (readonly [string, string])[]): void {
  const { check: _, ...value } = JSON.parse(from.reduce((text, [one, other]) => text.replaceAll(one, other), readFileSync(join(published, name), "utf8"))) as Json;
  mkdirSync(dirname(to), { recursive: true });
  writeCheckedJson(to, value);
}

const online = [["-minute", "-hour"], ['"budget": "minute"', '"budget": "hour"']] as const;
const offline = [["ml-100k-minute", "diginetica-hour"], ['"budget": "minute"', '"budget": "hour"'], ['"name": "ml-100k"', '"name": "diginetica"']] as const;

/** Minute results and, made of them, hour results. */
function both(folder: string): string {
  for (const file of readdirSync(published).filter((name) => /^counterfactual-.*-minute-/.test(name))) {
    copyFileSync(join(published, file), join(folder, file));
    const names = file.includes("ml-100k") ? offline : online;
    rewritten(file, join(folder, file.replace(names[0][0], names[0][1])), names);
  }
  for (const place of ["cases", "summaries"]) {
    mkdirSync(join(folder, place), { recursive: true });
    copyFileSync(join(published, place, "counterfactual-ml-100k-minute.json"), join(folder, place, "counterfactual-ml-100k-minute.json"));
  }
  rewritten("cases/counterfactual-ml-100k-minute.json", join(folder, "cases", "counterfactual-diginetica-hour.json"), offline);
  return folder;
}

function rowOf(folder: string, id: string): LedgerRow {
  return ledger(folder, "all", claims.filter((claim) => claim.id === id)).rows[0]!;
}

describe("results of an hour beside those of a minute", function () {
  this.timeout(600_000);
  const scratch = freshFolder();

  it("decide the papers' claims; those of a minute do not stand for them", () => {
    const folder = both(scratch());
    for (const [id, name] of [["counterfactual-recall-diginetica", "counterfactual-diginetica-hour-diffusion-{1,2,3}"], ["counterfactual-ctr", "counterfactual-online-biased-hour-diffusion-{1,2,3}"], ["counterfactual-no-bias", "counterfactual-online-unbiased-hour-diffusion-{1,2,3}"]] as const) {
      const row = rowOf(folder, id);
      assert.ok(row.ours!.results[0]!.startsWith(`${name}@`), `${id}: ${row.ours!.results[0]}`);
      assert.equal(row.ours!.budget, "hour");
      assert.equal(rowOf(published, id).ours?.budget ?? "hour", "hour", `${id} of a minute`);
    }
    assert.match(rowOf(folder, "counterfactual-ctr").basis, /^test, exploratory/);
    assert.equal(rowOf(folder, "counterfactual-ctr-minute").ours!.budget, "minute");
    assert.deepEqual(resultFaults(folder), []);
  });

  it("have the sealed period's verdict where it was read", () => {
    const folder = both(scratch());
    const { proposed, against } = onlineRivals(onlineEntries("biased", { results: folder, budget: "hour" }));
    const slots = slotsOf(proposed!);
    const counts = (entry: typeof proposed) => countsOf(entry!, "test", "logged");
    const comparisons = withHolm(against.map(({ as, entry }) => compareOnline({ world: "biased", start: "logged", rate: primaryRate, against: entry.arm.id, as }, counts(proposed), counts(entry), slots)));
    const frozen = { experiment: "counterfactual-online-hour", metric: primaryRate, proposed: { arm: "diffusion", runs: runKeys(proposed!.results) }, against: [], detectable: {} };
    writeCheckedJson(join(folder, "frozen", "counterfactual-online-hour.json"), frozen);
    const rows = [proposed!, ...against.map(({ entry }) => entry)].map((entry) => ({ name: entry.arm.id, runs: [...counts(entry)].map(([seed, one]) => ({ seed, counts: packCounts(one) })) }));
    writeCheckedJson(join(folder, "confirm", "counterfactual-online-hour.json"), { experiment: "counterfactual-online-hour", frozen: hashOfJson(frozen), metric: primaryRate, cases: comparisons[0]!.clusters, comparisons, rows, verdict: "reproduced" });
    const row = rowOf(folder, "counterfactual-ctr");
    assert.deepEqual([row.verdict, row.basis], ["reproduced", "sealed period, read once"]);
    const own = [...counts(proposed).values()].map((one) => meanRates(one, slots)[primaryRate]!);
    assert.ok(Math.abs(row.ours!.value.mean - own.reduce((sum, one) => sum + one, 0) / own.length) < 1e-12);
    assert.match(rowOf(folder, "counterfactual-ctr-minute").basis, /^test, exploratory/);
    assert.deepEqual(resultFaults(folder), []);
    assert.ok(wholeReport(folder).html.includes("The sealed sessions ("));
  });

  it("stand on the page under headings and names of regions of their own", () => {
    const { html, withoutIntervals } = wholeReport(both(scratch()));
    const all = (pattern: RegExp): readonly string[] => Array.from(html.matchAll(pattern), ([, found]) => found!);
    for (const [what, names] of [["headings", all(/<h[23][^>]*>([^<]+)</g)], ["regions", all(/role="region" aria-label="([^"]+)"/g)]] as const) {
      assert.deepEqual(names.filter((name, at) => names.indexOf(name) !== at), [], what);
    }
    assert.ok(html.includes("Counterfactual sessions online, in simulated worlds (budget hour)") && html.includes("Counterfactual sessions online, in simulated worlds (budget minute)"));
    assert.deepEqual(withoutIntervals, ["counterfactual-diginetica-hour"]);
  });

  it("are no gain where too much of the overall Recall is paid for it", () => {
    const settings = { results: published, source: "ml-100k", budget: "minute" } as const;
    const { proposed, plain } = primaryOf(counterfactualEntries(settings), settings);
    const overall = ({ results }: typeof proposed & object): number => results.reduce((sum, { test }) => sum + test.metrics["HR@20"]!, 0) / results.length;
    assert.ok(overall(proposed!) < 0.98 * overall(plain!));
    const row = rowOf(published, "counterfactual-recall-ml-100k");
    assert.equal(row.verdict, "not reproduced");
    assert.match(row.tested!.words.at(-1)!, /^over all targets 0\.\d{4} against 0\.\d{4} without augmentation: below it by more than 2 %$/);
  });
});
