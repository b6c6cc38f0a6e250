import assert from "node:assert/strict";
import { AbortError, ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { Markov, markovSpace } from "../../src/models/markov";
import { itemKnnSpace, ItemKnn } from "../../src/models/item-knn";
import { SessionPop, sessionPopSpace } from "../../src/models/session-pop";
import { tune } from "../../src/models/tune";
import { worlds } from "../contract/worlds";

const context = () => ({ rng: new Rng(1), metric: "NDCG@10" });

describe("tune", () => {
  it("chooses the setting with the best validation metric, and tells all that it tried, in order", async () => {
    const report = await tune((options) => new SessionPop(options), sessionPopSpace, worlds.repeat, { ...context(), metric: "HR@1" });
    const values = report.trials.map((trial) => trial.metrics["HR@1"]!);
    assert.deepEqual(report.trials.map((trial) => trial.options), [{ by: "count" }, { by: "recency" }]);
    assert.equal(report.value, Math.max(...values));
    assert.deepEqual(report.options, report.trials[values.indexOf(report.value)]!.options);
    // The sessions alternate between two items: the other one comes next, never the latest.
    assert.deepEqual(report.options, { by: "count" });
    assert.ok(values[0]! > values[1]! + 0.1, values.join(" > "));
  });

  it("keeps the first of equal settings", async () => {
    const report = await tune((options) => new Markov(options), [{ backoff: 0.2 }, { backoff: 0.1 }, { backoff: 0.3 }], worlds.cycle, context());
    assert.deepEqual(new Set(report.trials.map((trial) => trial.metrics["NDCG@10"])).size, 1);
    assert.deepEqual(report.options, { backoff: 0.2 });
  });

  it("accepts Recall as a name, and every model's own space", async () => {
    assert.equal((await tune((options) => new Markov(options), markovSpace, worlds.cycle, { ...context(), metric: "Recall@5" })).metric, "HR@5");
    const knn = await tune((options) => new ItemKnn(options), itemKnnSpace, worlds.groups, context());
    assert.equal(knn.trials.length, itemKnnSpace.length);
    assert.ok(knn.trials.every((trial) => Object.keys(trial.options).length >= 2));
  });

  it("frees each model, also when one fails", async () => {
    const made: SessionPop[] = [];
    let disposed = 0;
    const make = (options: object): SessionPop => {
      const model = new SessionPop(options);
      const dispose = model.dispose.bind(model);
      model.dispose = () => {
        disposed++;
        dispose();
      };
      if (made.push(model) === 2) model.fit = () => Promise.reject(new Error("out of luck"));
      return model;
    };
    await assert.rejects(tune(make, sessionPopSpace, worlds.repeat, context()), /out of luck/);
    assert.deepEqual([made.length, disposed], [2, 2]);
  });

  it("refuses an empty space and an unknown metric, and stops when the signal fires", async () => {
    const make = (options: object): SessionPop => new SessionPop(options);
    await assert.rejects(tune(make, [], worlds.repeat, context()), ConfigError);
    await assert.rejects(tune(make, sessionPopSpace, worlds.repeat, { ...context(), metric: "accuracy" }), ConfigError);
    await assert.rejects(tune(make, sessionPopSpace, worlds.repeat, { ...context(), signal: AbortSignal.abort() }), AbortError);
  });
});
