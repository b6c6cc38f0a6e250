/** What is left of an experiment: sums by hand, and both papers' small experiments, planned before, in the middle of and after a run. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cacheEntries } from "../../src/core/cache";
import { ConfigError } from "../../src/core/errors";
import { step } from "../../src/core/step";
import { counterfactualArms } from "../../src/papers/counterfactual/arms";
import { beginCounterfactualPaper, counterfactualGrid } from "../../src/papers/counterfactual/counterfactual";
import { counterfactualKind, planCounterfactualPaper } from "../../src/papers/counterfactual/plan";
import { inParts, runTasks, type Grid, type Task } from "../../src/papers/grid";
import { fromCache, meteredSteps, nothing, together, type Usage, type MeteredStep } from "../../src/papers/metering";
import { beginPersonaPaper, personaGrid } from "../../src/papers/persona/persona";
import { personaKind, planPersonaPaper } from "../../src/papers/persona/plan";
import { searchEpochs } from "../../src/papers/persona/search";
import { gridPlan, planWords, taskMemory, type GridPlan } from "../../src/papers/plan";
import { costOfAmount, costOfTraining, extrapolated, shortSteps, training, weighted } from "../../src/papers/short-runs";
import { withFolder } from "../scratch";
import { experimentIn as counterfactualIn } from "./small-counterfactual";
import { experimentIn as personaIn } from "./small-persona";

const took = (seconds: number, peakBytes = 0, diskBytes = 0): Usage => ({ seconds, cpuSeconds: 2 * seconds, peakBytes, diskBytes });

/** How many steps of each kind, in the order of their names. */
function counts(of: readonly { readonly kind: string; readonly steps: number }[]): readonly (readonly [string, number])[] {
  return of.map(({ kind, steps }) => [kind, steps] as const).sort(([a], [b]) => (a < b ? -1 : 1));
}
function ran(steps: readonly MeteredStep[], kindOf: (step: MeteredStep["step"]) => string | undefined): ReturnType<typeof counts> {
  const kinds = steps.map(({ step: one }) => kindOf(one) ?? one.name);
  return counts([...new Set(kinds)].map((kind) => ({ kind, steps: kinds.filter((one) => one === kind).length })));
}

describe("papers/plan", function () {
  this.timeout(600_000);
  const backend = { name: "cpu", device: "CPU", threads: 1, cpu: "a processor", tfjs: "4" } as const;
  const task = (id: string): Task => ({ id, kind: "run", arm: id, seed: 1, needs: [] });
  const grid: Grid = { tasks: [task("a"), task("b"), task("c")], isDone: ({ id }) => id === "a", run: () => Promise.resolve(), close: () => Promise.resolve() };
  const plan = gridPlan("demo", grid, backend, 2, [
    { kind: "train", count: 3, each: took(10, 2e9, 100), first: took(4), tasks: ["b"] },
    { kind: "train", count: 1, each: took(20, 3e9, 1000), first: took(1), tasks: ["c"] },
    { kind: "measure", count: 2, each: took(5, 1e9), first: nothing, tasks: ["b", "c"] },
    { kind: "search", count: 0, each: took(1000, 9e9), first: nothing, tasks: [] },
  ]);

  it("adds up seconds and disk of a kind, counts once what its first one takes more, and takes its largest memory", () => {
    assert.deepEqual(plan.kinds, [{ kind: "train", steps: 4, ...took(54, 3e9, 1300) }, { kind: "measure", steps: 2, ...took(10, 1e9) }]);
    assert.deepEqual([plan.seconds, plan.cpuSeconds, plan.peakBytes, plan.diskBytes, plan.tasks], [64, 128, 3e9, 1300, { total: 3, left: 2 }]);
    const { title, cells, notes } = planWords(plan);
    assert.equal(title, "demo: 2 of 3 tasks are left");
    assert.deepEqual(cells[1], ["train", "4", "54 s", "1 min 48 s", "3.00 GB", "1.30 kB"]);
    assert.match(notes.join(" "), /0\.018 machine-hours by the clock, 0\.036 by the processor, at most.* On a processor, \d+ cores, .*; cpu CPU, 1 thread a process\..* 2 processes need up to 6\.00 GB/);
  });

  it("says what a task asks of an engine, and refuses one that is not left", () => {
    assert.deepEqual([taskMemory(plan, task("b")), taskMemory(plan, task("c"), 0)], [2.5e9, 3e9]);
    assert.throws(() => taskMemory(plan, task("a")), (error) => error instanceof ConfigError && /Expected a task that is left \(b; c\), found "a"; plan again/.test(error.message));
    const cut = gridPlan("in parts", { ...grid, tasks: inParts(task("b"), 2) }, backend, 2, [{ kind: "train", count: 1, each: took(10, 2e9), first: nothing, tasks: ["b"] }]);
    assert.deepEqual(cut.taskBytes, { "b: training": 2e9, "b: part 1 of 2": 2e9, "b: part 2 of 2": 2e9, b: 2e9 });
  });

  it("takes a training apart: a start, epochs and steps, from runs that are exact", async () => {
    const of = (start: number) => (epochs: number, steps: number) => Promise.resolve(took(start + 3 * epochs + 0.5 * epochs * steps, 1e6 * steps, 7));
    const runs = [of(11), of(1), of(1), of(1)];
    const cost = await costOfTraining((epochs, steps) => runs.shift()!(epochs, steps), 4);
    assert.deepEqual([cost.start.seconds, cost.once.seconds, cost.epoch.seconds, cost.step.seconds], [11, 10, 3, 0.5]);
    assert.deepEqual(training(cost, 10, 1000), took(11 + 30 + 500, 12e6, 7));
    assert.deepEqual([shortSteps(0.01, 1000), shortSteps(0.01, 50), shortSteps(10, 1000), shortSteps(10, 1)], [150, 50, 4, 1]);
  });

  it("draws straight lines, also where all was done, and never below nothing", async () => {
    assert.equal(extrapolated(took(2), took(4), [10, 20], 100).seconds, 20);
    assert.equal(extrapolated(took(2), took(4), [10, 10], 100).seconds, 4);
    assert.equal(weighted([1, took(1)], [-2, took(1)]).seconds, 0);
    const asked: number[] = [];
    const linear = (amount: number, seed: number): Promise<Usage> => (asked.push(amount), Promise.resolve(took(amount + 1 + (seed === 1 ? 5 : 0))));
    const small = await costOfAmount(linear, 30, 10);
    const large = await costOfAmount(linear, 1000, 10);
    assert.deepEqual([small.each.seconds, small.first.seconds, large.each.seconds, large.first.seconds], [31, 5, 1001, 5]);
    assert.deepEqual(asked, [30, 30, 10, 10, 30]);
  });

  it("charges a step with itself, not with the steps computed for it; and computes nothing where it only looks", () =>
    withFolder(async (folder) => {
      const settings = { code: __filename, cache: join(folder, "cache") };
      const inner = () => step("inner", {}, {}, () => "x".repeat(1000), settings);
      const outer = () => step("outer", {}, {}, async () => (await inner()).value.length, settings);
      assert.equal(await fromCache(outer), undefined);
      assert.deepEqual(cacheEntries(settings.cache), []);
      const { value, steps, rest } = await meteredSteps(outer);
      assert.deepEqual([value.value, steps.map(({ step: { name } }) => name)], [1000, ["inner", "outer"]]);
      assert.ok(steps[0]!.diskBytes > 1000 && steps.every(({ seconds, peakBytes }) => seconds > 0 && peakBytes > 20e6) && rest.diskBytes === 0);
      assert.equal(together(steps).diskBytes, steps[0]!.diskBytes + steps[1]!.diskBytes);
      assert.equal((await fromCache(outer))?.value, 1000);
      await assert.rejects(fromCache(() => Promise.reject(new ConfigError("a fault"))), /a fault/);
    }));

  it("counts what a search trains: 12 settings for 4 epochs, and 2 of them on to 60", () => {
    assert.equal(searchEpochs(12, 60), 12 * 4 + 2 * 56);
    assert.equal(searchEpochs(12, 3), 12 * 3);
  });

  it("plans as many steps of each kind as the persona experiment computes, less what is in results or in the cache", () =>
    withFolder(async (folder) => {
      const settings = { ...(await personaIn(folder)), seeds: 2 };
      const plans = async (changed: object = {}): Promise<GridPlan> => planPersonaPaper(await beginPersonaPaper({ ...settings, ...changed }));
      const before = await plans();
      assert.ok(!existsSync(settings.results), "nothing was read");
      assert.deepEqual(cacheEntries(settings.cache!), [], "nothing is kept");
      assert.deepEqual(before.tasks, { total: 9, left: 9 });
      for (const { kind, seconds, cpuSeconds, peakBytes, diskBytes } of before.kinds) assert.ok(seconds > 0 && cpuSeconds > 0 && diskBytes > 0 && peakBytes > 50e6 && peakBytes < 20e9, `${kind}: ${seconds} s, ${peakBytes}`);
      assert.deepEqual(Object.keys(before.taskBytes), personaGrid(await beginPersonaPaper(settings)).tasks.map(({ id }) => id));

      const one = await beginPersonaPaper({ ...settings, seeds: 1 });
      await runTasks(personaGrid(one), undefined);
      const rest = await plans();
      assert.deepEqual([rest.tasks.left, counts(rest.kinds)], [4, [["measure", 1], ["measure in three forms", 3], ["personas", 1], ["train Persona-SASRec", 2], ["train SASRec", 2]]]); // shuffled personas are made of the graph's
      const cached = await plans({ results: join(folder, "other") });
      assert.deepEqual([cached.tasks.left, counts(cached.kinds)], [9, counts(rest.kinds)], "what the cache holds is not counted");

      const { steps } = await meteredSteps(async () => runTasks(personaGrid(await beginPersonaPaper(settings)), undefined));
      assert.deepEqual(ran(steps, personaKind), counts(rest.kinds));
      const after = await plans();
      assert.deepEqual([after.tasks.left, after.kinds, after.seconds], [0, [], 0]);
      assert.deepEqual(counts(before.kinds), [["measure", 3], ["measure in three forms", 6], ["personas", 2], ["train POP", 1], ["train Persona-SASRec", 4], ["train SASRec", 4]]);
    }));

  it("plans the searches of a larger budget, and the one that a list needs", () =>
    withFolder(async (folder) => {
      const settings = await personaIn(folder);
      const searched = await planPersonaPaper(await beginPersonaPaper({ ...settings, budget: "hour", seeds: 1, arms: ["pop", "sasrec"], set: {} }));
      assert.deepEqual(searched.kinds.map(({ kind, steps }) => [kind, steps]), [["train POP", 1], ["measure", 2], ["search SASRec", 1], ["train SASRec", 1]]);
      await assert.rejects(async () => planPersonaPaper(await beginPersonaPaper({ ...settings, arms: ["persona"], set: {} })), /Expected the arm "sasrec" among those that are run/);
      await assert.rejects(async () => planPersonaPaper(await beginPersonaPaper({ ...settings, seeds: 0 })), /Expected a positive number of seeds, found 0/);
    }));

  it("plans as many steps of each kind as the counterfactual experiment computes, less what is in results or in the cache", () =>
    withFolder(async (folder) => {
      const settings = { ...(await counterfactualIn(folder)), seeds: 2 };
      const plans = async (changed: object = {}): Promise<GridPlan> => planCounterfactualPaper(await beginCounterfactualPaper({ ...settings, ...changed }));
      const before = await plans();
      assert.ok(!existsSync(settings.results) && cacheEntries(settings.cache!).length === 0, "nothing was read, nothing is kept");
      assert.deepEqual([before.tasks, counts(before.kinds)], [{ total: 8, left: 8 }, [["add sessions", 6], ["go on training", 8], ["measure", 16], ["slates", 2], ["train guided diffusion", 2], ["train responses", 2], ["train the base", 2]]]);

      const { steps } = await meteredSteps(async () => runTasks(counterfactualGrid(await beginCounterfactualPaper(settings)), undefined));
      assert.deepEqual(ran(steps, counterfactualKind), counts(before.kinds));
      assert.equal((await plans()).tasks.left, 0);

      // Of what the cache holds only another arm's own steps are left.
      const other = await plans({ arms: ["none", "recommender"], results: join(folder, "other") });
      assert.deepEqual(counts(other.kinds), [["add sessions", 2], ["go on training", 2], ["measure", 4]]);
      assert.ok(!readdirSync(folder).includes("other"));
    }));

  it("plans a search: all settings for a share of the steps, the finalists for all, and the base's own reading", () =>
    withFolder(async (folder) => {
      const settings = { ...(await counterfactualIn(folder)), budget: "hour", arms: ["none", "duplicates"], seeds: 1 } as const;
      const { kinds } = await planCounterfactualPaper(await beginCounterfactualPaper(settings));
      const doses = new Set(counterfactualArms.find(({ id }) => id === "duplicates")!.settings.map(({ dose }) => dose)).size;
      assert.deepEqual(counts(kinds), [["add sessions", doses], ["go on training", 2 * (12 + 4)], ["measure", 1 + 2 * (12 + 4) + 2], ["train the base", 1]]);
    }));
});
