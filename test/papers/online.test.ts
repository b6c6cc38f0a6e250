/** The online experiment, small: its rates by hand, common random numbers, what it writes, and the sealed sessions. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { renderTable } from "../../src/display/formats";
import { drawRates } from "../../src/evaluation/bootstrap";
import { countReading, readReadings } from "../../src/evaluation/readings";
import { onlineArms, onlineDefaults } from "../../src/papers/online/arms";
import { beginOnline, onlineSettingOf, runOnline, type OnlineExperiment, type OnlineResult } from "../../src/papers/online/online";
import { confirmOnline, freezeOnline, readOnlineConfirmation, withSealed } from "../../src/papers/online/confirm";
import { meanRates, packCounts, rateColumns, unpackCounts } from "../../src/papers/online/rates";
import { compareOnline, countsOf, onlineEntries, onlineReport, type OnlineReport } from "../../src/papers/online/report";
import { onlineComparisonsTable, onlineFindings, onlineTable } from "../../src/papers/online/tables";
import { onlineData } from "../../src/papers/online/world";
import { readResult } from "../../src/papers/results";
import { sessionCounts, type SessionCounts } from "../../src/response/ctr";
import { fixedPolicy } from "../../src/response/policies";
import { readSearch } from "../../src/papers/searches";
import { initBackend } from "../../src/tensor/backend";
import { withFolder } from "../scratch";

const sizes = { logged: 60, held: 20, valid: 20, test: 30, confirm: 30 };
const knobs = { users: 20, items: 24, slots: 4, steps: 5, noClick: 1.5, topics: 4 };

async function experimentIn(folder: string, more: Partial<OnlineExperiment> = {}): Promise<OnlineExperiment & { readonly said: string[] }> {
  const said: string[] = [];
  const results = join(folder, "results");
  return {
    ...{ budget: "minute", seeds: 1, knobs, sizes, results, cache: join(folder, "cache"), backend: await initBackend(), said },
    onStep: (line) => void said.push(line),
    onReading: (experiment) => countReading(join(results, "readings.json"), experiment, "test"),
    onConfirm: (experiment) => countReading(join(results, "readings.json"), experiment, "confirm"),
    ...more,
  };
}

const files = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("counterfactual-online-")).sort();

describe("papers/online: rates", () => {
  // Session 0: slate [0, 1], click on 1; slate [1, 2], none. Session 1: slate [2, 0], click on 0. Items 1 and 2 are less popular.
  const log = { offsets: Uint32Array.of(0, 2, 3), slots: 2, items: 3, slate: Int32Array.of(0, 1, 1, 2, 2, 0), clicked: Uint8Array.of(0, 1, 0, 0, 0, 1) };
  const counts = sessionCounts(log, Uint8Array.of(0, 1, 1));

  it("are those that one counts by hand", () => {
    assert.deepEqual(Object.values(counts).map((column) => [...(column as Float64Array)]), [[2, 1], [1, 1], [1, 0], [1, 1], [1, 0], [3, 1]]);
    assert.deepEqual(meanRates(counts, 2), { "slate CTR": 2 / 3, "slate CTR, less popular": 1 / 3, "item CTR": 2 / 6, "item CTR, less popular": 1 / 4, "less popular shown": 4 / 6, "clicks a session": 1 });
    assert.equal("item CTR, less popular" in meanRates({ ...counts, rareShown: new Float64Array(2) }, 2), false, "no denominator, no rate");
  });

  it("are kept in few characters, and come back to the bit", () => {
    assert.deepEqual(unpackCounts(packCounts(counts), 2), counts);
    assert.throws(() => unpackCounts(packCounts(counts), 3), /packed counts of 3 sessions, found 2/);
    assert.throws(() => unpackCounts("none", 2), /Expected packed counts/);
    assert.throws(() => packCounts({ ...counts, clicks: Float64Array.of(0.5, 1) }), /found 0.5 of clicks/);
  });
});

describe("papers/online: worlds", () => {
  it("log a half of the users, let the other half meet policies, and never share a session between roles", () => {
    const data = onlineData("biased", 1, { budget: "minute", knobs, sizes });
    const fresh = data.meet("test", () => fixedPolicy("fixed", new Float64Array(24)), "logged");
    assert.ok(data.log.user!.every((user) => user < 10) && fresh.user!.every((user) => user >= 10));
    const numbers = (["valid", "test", "confirm"] as const).flatMap((role) => [...data.meet(role, (start) => start, "logged").session!]);
    assert.equal(new Set(numbers).size, 20 + 30 + 30);
    assert.ok(numbers.every((number) => number >= sizes.logged + sizes.held));
    const plain = onlineData("unbiased", 1, { budget: "minute", knobs, sizes });
    assert.deepEqual(plain.world.taste, data.world.taste);
    assert.notDeepEqual(plain.log.slate, data.log.slate);
    const shown = (log: { readonly slate: Int32Array }, item: number): number => log.slate.filter((one) => one === item).length;
    const top = data.world.popularity.indexOf(Math.max(...data.world.popularity));
    assert.ok(shown(data.log, top) > 2 * shown(plain.log, top), "what is popular is shown more where logs are biased");
  });

  it("are the same for every policy: two that are alike differ by exactly nothing", () => {
    const data = onlineData("biased", 2, { budget: "minute", knobs, sizes });
    const popularity = data.world.popularity;
    const [a, b] = [1, 2].map(() => sessionCounts(data.meet("test", () => fixedPolicy("popular", popularity), "logged"), data.lessPopular));
    const { statistics } = drawRates(rateColumns("slate CTR", a!, 4), rateColumns("slate CTR", b!, 4), { resamples: 200 });
    assert.ok(statistics.every((value) => value === 0));
  });
});

describe("papers/online", function () {
  this.timeout(240_000);

  it("measures every arm, runs nothing again, and a broken-off run goes on to the same numbers", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      await runOnline(settings);
      const arms = ["base", "continued", "diffusion", "duplicates", "logq", "oracle", "prior", "random", "recommender"];
      assert.deepEqual(files(settings.results), [...arms.map((arm) => `counterfactual-online-biased-minute-${arm}-1.json`), ...["base", "continued", "diffusion"].map((arm) => `counterfactual-online-unbiased-minute-${arm}-1.json`)]);
      assert.equal(readReadings(join(settings.results, "readings.json"))["counterfactual-online-minute"]!.test, 12);
      const added = readResult(join(settings.results, "counterfactual-online-biased-minute-duplicates-1.json")) as OnlineResult;
      assert.deepEqual([added.added!.sessions, added.added!.copies], [30, 1]);
      assert.equal((readResult(join(settings.results, "counterfactual-online-biased-minute-prior-1.json")) as OnlineResult).added!.assumptions.some((line) => line.includes("noise from the prior")), true);

      const again = await experimentIn(folder, { cache: join(folder, "other cache"), results: settings.results });
      await runOnline(again);
      assert.ok(again.said.every((line) => line.endsWith("in results")), again.said.join("\n"));

      const stop = new AbortController();
      const stopped = await experimentIn(join(folder, "stopped"), { arms: ["continued", "diffusion"], worlds: ["biased"] });
      let lines = 0;
      await assert.rejects(runOnline({ ...stopped, signal: stop.signal, onStep: () => void (++lines === 3 && stop.abort()) }));
      await runOnline(stopped);
      const outcome = (where: string) => ["continued", "diffusion"].map((arm) => readResult(join(where, `counterfactual-online-biased-minute-${arm}-1.json`)) as OnlineResult).map(({ counts, valid, test, passport }) => ({ counts, valid, test, options: passport.options }));
      assert.deepEqual(outcome(stopped.results), outcome(settings.results));

      // An arm held against itself: the same users, the same noise, nothing else.
      const [entry] = onlineEntries("biased", settings);
      const own = countsOf(entry!, "test", "uniform");
      const nothing = compareOnline({ world: "biased", start: "uniform", rate: "slate CTR", against: "base", as: "itself" }, own, own, 4);
      assert.deepEqual([nothing.difference, nothing.low, nothing.high, nothing.p], [0, 0, 0, 1]);

      const report = onlineReport(settings);
      assert.deepEqual(report.primaryComparisons.map(({ as }) => as), ["best baseline", "strongest placebo", "same compute"]);
      const text = [onlineTable(report, "biased", "logged"), onlineTable(report, "biased", "uniform"), onlineTable(report, "unbiased", "logged")].map((table) => renderTable(table, "markdown")).join("\n") + renderTable(onlineComparisonsTable(report), "markdown");
      for (const words of ["| NISER+ | baseline |", "Out of distribution", "upper bound", "no bias"]) assert.ok(text.includes(words), words);

      // Frozen, committed, read once.
      const git = (...given: string[]) => execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...given], { cwd: folder, stdio: "ignore" });
      freezeOnline(settings);
      await assert.rejects(confirmOnline(settings), /to be committed as it is/);
      git("init", "-q");
      git("add", "results");
      git("commit", "-qm", "frozen");
      const confirmation = await confirmOnline(settings);
      assert.deepEqual([confirmation.comparisons.length, confirmation.cases], [3, sizes.confirm]);
      assert.deepEqual(readOnlineConfirmation(settings), JSON.parse(JSON.stringify(confirmation)));
      assert.equal(readReadings(join(settings.results, "readings.json"))["counterfactual-online-minute"]!.confirm, 1);

      // Whether the overall rate was kept is said of the sealed sessions too, from the counts of that one reading.
      const { sealed } = withSealed(report, confirmation);
      const [mine, control] = ["diffusion", "continued"].map((arm) => {
        const { answered, steps } = unpackCounts(confirmation.rows.find(({ name }) => name === arm)!.runs[0]!.counts, sizes.confirm);
        return answered.reduce((sum, count) => sum + count, 0) / steps.reduce((sum, count) => sum + count, 0);
      });
      assert.ok(Math.abs(sealed!.notWorse!.difference - (mine! - control!)) < 1e-12);
      const told = onlineFindings(withSealed(report, confirmation)).filter(({ text: line }) => line.startsWith("Sealed: Its slate CTR over all items"));
      assert.equal(told.length, 1);
      rmSync(join(settings.results, "confirm"), { recursive: true });
      await assert.rejects(confirmOnline(settings), /Expected sealed cases that were not read, found 1 reading/);
    }));

  it("counterfactuals by the world's own mechanism make up for biased logs: more clicks on less popular items than as many steps without", () =>
    withFolder(async (folder) => {
      const planted = { users: 40, items: 40, slots: 5, taste: 4, zipf: 1.5, steps: 8, topics: 5 };
      const settings = await experimentIn(folder, { arms: ["continued", "oracle"], worlds: ["biased"], seeds: 3, set: { oracle: { amount: 2 } }, knobs: planted, sizes: { logged: 400, held: 100, valid: 20, test: 300 } });
      await runOnline(settings);
      const [control, oracle] = onlineEntries("biased", settings).map((entry) => countsOf(entry, "test", "logged"));
      const found = compareOnline({ world: "biased", start: "logged", rate: "slate CTR, less popular", against: "continued", as: "same compute" }, oracle!, control!, 5);
      assert.ok(found.difference > 0.005 && found.low > 0, `${found.difference} [${found.low}, ${found.high}] in three worlds`);
    }));

  it("searches where the budget lets it, as much for every arm that is trained on, and records every trial", () =>
    withFolder(async (folder) => {
      const lists = onlineArms.filter((arm) => arm.with !== "nothing").map(({ settings }) => settings);
      assert.deepEqual([...new Set(lists.map((settings) => settings.length))], [12]);
      for (const settings of lists) assert.equal(new Set(settings.map((one) => JSON.stringify({ ...onlineDefaults, ...one }))).size, 12);
      const settings = await experimentIn(folder, { budget: "hour", arms: ["continued"], worlds: ["biased"], margin: 1 });
      const chosen = await onlineSettingOf(onlineArms.find(({ id }) => id === "continued")!, beginOnline(settings));
      const search = readSearch(settings.results, "counterfactual-online-hour", "continued")!;
      assert.deepEqual(search.trials.map(({ options }) => options), lists[0]);
      const rare = search.trials.map(({ metrics }) => metrics["slate CTR, less popular"]!);
      assert.equal(search.value, Math.max(...rare)); // with so wide a margin nothing else counts
      assert.deepEqual(chosen, { ...onlineDefaults, ...search.trials[rare.indexOf(search.value)]!.options });
      assert.deepEqual(existsSync(join(settings.results, "readings.json")), false, "trials meet no test session");
    }));

  it("refuses names that are none, with the nearest", async () => {
    const settings = await experimentIn("/nowhere");
    await assert.rejects(runOnline({ ...settings, arms: ["difusion"] }), /did you mean "diffusion"/);
    await assert.rejects(runOnline({ ...settings, set: { diffusion: { ammount: 1 } as object } }), /did you mean "amount"/);
    await assert.rejects(runOnline({ ...settings, worlds: ["flat" as "biased"] }), /Expected worlds \(biased, unbiased\), found "flat"/);
  });
});

describe("papers/online: what the report says", () => {
  /** Ten worlds' sessions in which a share of the slates has a click on a less popular item. */
  const entry = (share: number): SessionCounts => {
    const answered = Float64Array.from({ length: 400 }, (_, s) => ((s * 7919) % 100 < 100 * share ? 1 : 0));
    return { steps: new Float64Array(400).fill(1), answered, rareAnswered: answered, clicks: answered, rareClicks: answered, rareShown: new Float64Array(400).fill(2) };
  };
  const compared = (as: string, against: string, mine: number, other: number) => ({ ...compareOnline({ world: "biased", start: "logged", rate: "slate CTR, less popular", against, as }, new Map([[1, entry(mine)]]), new Map([[1, entry(other)]]), 2), holm: mine === other ? 1 : 0.001 });
  const report = (placebo: number, bias: Partial<NonNullable<OnlineReport["withoutBias"]>>) =>
    ({
      ...{ paper: "counterfactual-online", budget: "minute", experiment: "x", primary: "slate CTR, less popular", proposed: "diffusion", margin: 0.02, quantile: 0.8, candidates: "", backend: "", sessions: { logged: 1, test: 1 }, slots: 2, rows: [], further: [] },
      primaryComparisons: [compared("best baseline", "base", 0.3, 0.2), compared("strongest placebo", "random", 0.3, placebo), compared("same compute", "continued", 0.3, 0.2)],
      withoutBias: { difference: 0, low: -0.01, high: 0.01, margin: 0.02, alpha: 0.05, p: 0.01, holds: true, detected: false, ...bias },
    }) as OnlineReport;
  const lines = (of: OnlineReport): string => onlineFindings(of).map(({ text, warning }) => `${text}${warning ?? ""}`).join("\n");

  it("marks a gain that a placebo shows too, and only then", () => {
    assert.ok(lines(report(0.3, {})).includes("PLACEBO TOO"));
    assert.ok(!lines(report(0.2, {})).includes("PLACEBO TOO"));
  });

  it("calls a gain de-biasing only where it is gone without bias", () => {
    assert.match(lines(report(0.2, {})), /with bias there is a gain, so it goes with the bias/);
    assert.match(lines(report(0.2, { holds: false, detected: true, difference: 0.05 })), /The gain is not de-biasing: .* a gain over the same compute too/);
    assert.match(lines(report(0.2, { holds: false, detected: false, difference: 0.015 })), /is not shown, so it is not de-biasing as far as this test says/);
  });
});
