/** One model under two splits: values by hand, and what is the same on both sides. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitByTime, splitLeaveOneOut } from "../../src/data/split";
import type { Split } from "../../src/data/types";
import { toBundle } from "../../src/display/mime";
import { Pop } from "../../src/models/pop";
import type { FitContext } from "../../src/models/recommender";
import { compareSplits } from "../../src/models/two-splits";
import { textOf } from "../display/values";

// u: a a b a, then v: b a b b. In time, cut before v's third event: training a a b a b a, a 4 of 6; targets b, b.
// Leave-one-out: training a a and b a, a 3 of 4; validation targets b (u) and b (v), test targets a (u) and b (v).
const table = sessionsFrom(eventsFrom({ name: "demo", user: [..."uuuuvvvv"], item: [..."aababaab"].map((item, n) => (n === 6 ? "b" : item)), time: [1, 2, 3, 4, 5, 6, 7, 8] }));
const splits = { "in time": splitByTime(table, { at: [7, 8] }), "leave-one-out": splitLeaveOneOut(table) };

describe("compareSplits", () => {
  it("gives metrics under both and the difference", async () => {
    const comparison = await compareSplits(() => new Pop(), splits, { rng: new Rng(1), on: "test", ks: [1] });
    const [hr] = comparison.rows;
    // In time the one target is b, second of two. Leave-one-out: a is first, b is not.
    assert.deepEqual([hr!["metric"], hr!["in time"], hr!["leave-one-out"], hr!["difference"]], ["HR@1", 0, 0.5, 0.5]);
    // The bootstrap of {1, 0} over two sessions: 0, 1/2, 1 with chances 1/4, 1/2, 1/4, so an error of sqrt(1/8); the other side has none.
    const half = (Number(hr!["high"]) - Number(hr!["low"])) / 2;
    assert.ok(Math.abs(half - 1.96 * Math.sqrt(1 / 8)) < 0.02, `${half}`);
    assert.deepEqual(comparison.rows.map(({ metric, low }) => [metric, low === null]), [["HR@1", false], ["MRR@1", false], ["NDCG@1", false], ["Coverage@1", true], ["ARP@1", true]]);
    assert.deepEqual(comparison.runs.map(({ name, evaluation }) => [name, evaluation.cases, evaluation.role, evaluation.reading?.role]), [["in time", 1, "test", "test"], ["leave-one-out", 2, "test", "test"]]);
  });

  it("stays on validation unless told", async () => {
    const { on, runs } = await compareSplits(() => new Pop(), splits, { rng: new Rng(1) });
    assert.deepEqual([on, ...runs.map(({ evaluation }) => evaluation.reading)], ["valid", undefined, undefined]);
  });

  it("hands both trainings the same random numbers, and checkpoints of their own, and gives the models back", async () => {
    const drawn: number[] = [];
    const checkpoints: (string | undefined)[] = [];
    let disposed = 0;
    class Drawing extends Pop {
      override async fit(...[train, valid, context]: Parameters<Pop["fit"]>): ReturnType<Pop["fit"]> {
        drawn.push((context as FitContext).rng.next());
        checkpoints.push((context as FitContext).checkpoint);
        return super.fit(train, valid, context);
      }
      override dispose(): void {
        disposed++;
        super.dispose();
      }
    }
    await compareSplits(() => new Drawing(), splits, { rng: new Rng(1), checkpoint: "kept" });
    assert.equal(drawn[0], drawn[1]);
    assert.deepEqual([checkpoints, disposed], [["kept/in time", "kept/leave-one-out"], 2]);
  });

  it("refuses one split, three, and names that the table has already", async () => {
    const [one] = Object.values(splits);
    for (const wrong of [{ one: one! }, { one: one!, two: one!, three: one! }] as Record<string, Split>[]) {
      await assert.rejects(compareSplits(() => new Pop(), wrong, { rng: new Rng(1) }), (error) => error instanceof ConfigError && /Expected two splits, found [13]/.test(error.message));
    }
    await assert.rejects(compareSplits(() => new Pop(), { one: one!, low: one! }, { rng: new Rng(1) }), /another name for a split than "low"/);
  });

  it("shows itself as one table", async () => {
    const shown = textOf(toBundle(await compareSplits(() => new Pop(), splits, { rng: new Rng(1), on: "test", ks: [1] })), "text/plain").split("\n");
    assert.equal(shown[0], "POP under two splits  on test  full ranking");
    assert.match(shown[2]!, /^ +in time +leave-one-out +difference +its interval$/);
    assert.match(shown[3]!, /^HR@1 +0\.0000 +0\.5000 +\+0\.5000 +-0\.\d{4} to \+1\.\d{4}$/);
    assert.match(shown.join("\n"), /cases +1 +2 +- +-/);
  });
});
