/** What is left of an experiment: sums by hand, and the small persona experiment before and after it was run. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Grid, Task } from "../../src/papers/grid";
import { beginPersonaPaper, runPersonaPaper } from "../../src/papers/persona/persona";
import { planPersonaPaper } from "../../src/papers/persona/plan";
import { searchEpochs } from "../../src/papers/persona/search";
import { gridPlan, planWords } from "../../src/papers/plan";
import { withFolder } from "../scratch";
import { experimentIn } from "./small-persona";

describe("papers/plan", function () {
  this.timeout(240_000);
  const backend = { name: "cpu", device: "CPU", threads: 1, cpu: "a processor", tfjs: "4" } as const;

  it("adds up seconds and disk of a kind, and takes its largest memory", () => {
    const task = (id: string): Task => ({ id, kind: "run", arm: id, seed: 1, needs: [] });
    const grid: Grid = { tasks: [task("a"), task("b"), task("c")], isDone: ({ id }) => id === "a", run: () => Promise.resolve(), close: () => Promise.resolve() };
    const plan = gridPlan("demo", grid, backend, 2, [
      { kind: "train", count: 3, seconds: 10, cpuSeconds: 20, peakBytes: 2e9, diskBytes: 100 },
      { kind: "train", count: 1, seconds: 20, cpuSeconds: 30, peakBytes: 3e9, diskBytes: 1000 },
      { kind: "measure", count: 2, seconds: 5, cpuSeconds: 5, peakBytes: 1e9, diskBytes: 0 },
    ]);
    assert.deepEqual(plan.kinds, [{ kind: "train", steps: 4, seconds: 50, cpuSeconds: 90, peakBytes: 3e9, diskBytes: 1300 }, { kind: "measure", steps: 2, seconds: 10, cpuSeconds: 10, peakBytes: 1e9, diskBytes: 0 }]);
    assert.deepEqual([plan.seconds, plan.cpuSeconds, plan.peakBytes, plan.diskBytes, plan.tasks], [60, 100, 3e9, 1300, { total: 3, left: 2 }]);
    const { title, cells, notes } = planWords(plan);
    assert.equal(title, "demo: 2 of 3 tasks are left");
    assert.deepEqual(cells[1], ["train", "4", "50 s", "1 min 30 s", "3.00 GB", "1.30 kB"]);
    assert.match(notes.join(" "), /0\.02 machine-hours at most on a processor, cpu CPU, 1 of \d+ threads a process; .* 2 processes need up to 6\.00 GB/);
  });

  it("counts what a search trains: 12 settings for 4 epochs, and 2 of them on to 60", () => {
    assert.equal(searchEpochs(12, 60), 12 * 4 + 2 * 56);
    assert.equal(searchEpochs(12, 3), 12 * 3);
  });

  it("plans the steps of each kind that are left, and leaves nothing behind", () =>
    withFolder(async (folder) => {
      const settings = { ...(await experimentIn(folder)), seeds: 2 };
      const plan = await planPersonaPaper(await beginPersonaPaper(settings));
      assert.ok(!existsSync(settings.cache!) && !existsSync(settings.results), "nothing is kept, nothing was read");
      assert.deepEqual(plan.tasks, { total: 9, left: 9 });
      assert.deepEqual(plan.kinds.map(({ kind, steps }) => [kind, steps]), [
        ["train POP", 1], ["measure", 3], ["train SASRec", 4], ["measure in three forms", 6], ["personas", 2], ["train Persona-SASRec", 4],
      ]); // shuffled personas are made of the graph's
      for (const { kind, seconds, peakBytes } of plan.kinds) assert.ok(seconds > 0 && seconds < 600 && peakBytes > 50e6 && peakBytes < 20e9, `${kind}: ${seconds} s, ${peakBytes}`);

      await runPersonaPaper({ ...settings, seeds: 1 });
      const rest = await planPersonaPaper(await beginPersonaPaper(settings));
      assert.deepEqual([rest.tasks, rest.kinds.map(({ kind, steps }) => [kind, steps])], [{ total: 9, left: 4 }, [["train SASRec", 2], ["measure", 1], ["measure in three forms", 3], ["personas", 1], ["train Persona-SASRec", 2]]]);

      // Where options are searched for, the searches are planned too.
      const searched = await planPersonaPaper(await beginPersonaPaper({ ...settings, budget: "hour", seeds: 1, arms: ["pop", "sasrec"], set: {}, results: join(folder, "none") }));
      assert.deepEqual(searched.kinds.map(({ kind, steps }) => [kind, steps]), [["train POP", 1], ["measure", 2], ["search SASRec", 1], ["train SASRec", 1]]);
    }));
});
