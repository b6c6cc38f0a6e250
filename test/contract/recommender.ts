/**
 * What every recommender must do, no exceptions. `recommenders.test.ts` lists the models; a new one is one line there.
 * The planted patterns are generated (worlds.ts), so a model that learns nothing, scores the wrong rows or shifts its
 * items by one fails here.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { AbortError, ConfigError, NotFittedError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import type { Sessions } from "../../src/data/types";
import { evaluate } from "../../src/evaluation/evaluate";
import { scoresToArray } from "../../src/evaluation/scores";
import { trainingCounts } from "../../src/evaluation/strata";
import type { Recommender } from "../../src/models/recommender";
import { initBackend } from "../../src/tensor/backend";
import { withFolder } from "../scratch";
import { columns, items, trained, worlds } from "./worlds";

/** A model under contract. */
export interface Contract {
  readonly name: string;
  /** A new model, not fitted, small enough to learn a world of 30 items in seconds. */
  make(options?: object): Recommender;
  load(folder: string): Promise<Recommender>;
  /** The pattern that it must recover. */
  readonly world: keyof typeof worlds;
  /** Milliseconds that one of its tests may take, for models that train long. */
  readonly timeout?: number;
}

/** Sessions of many lengths: short, long, repeated items, and one that training never saw inside. */
const mixed: readonly (readonly number[])[] = [[3], [3, 4], [7, 7, 7], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [5, trained, 9], [0], [trained - 1]];

function scoresOf(model: Recommender, sessions: Sessions): Float32Array {
  return scoresToArray(model.score(sessions));
}

function assertClose(found: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  assert.equal(found.length, expected.length, what);
  found.forEach((value, at) => assert.ok(Math.abs(value - expected[at]!) <= tolerance * Math.max(1, Math.abs(expected[at]!)), `${what}: ${value} is not ${expected[at]} at ${at}`));
}

function assertNotFitted(model: Recommender): void {
  for (const use of [() => model.score(columns([[0]])), () => model.recommend([], { k: 1 }), () => model.items]) assert.throws(use, NotFittedError);
}

/** Declares the suite for one model. */
export function contract({ name, make, load, world, timeout }: Contract): void {
  describe(`contract of ${name}`, function () {
    if (timeout !== undefined) this.timeout(timeout);
    const { train, valid, k, atLeast } = worlds[world];
    const fit = (one: Recommender) => one.fit(train, valid, { rng: new Rng(1) });
    let model: Recommender;
    const inputs = structuredClone({ train, valid });

    before(async () => {
      await initBackend();
      model = make();
      await fit(model);
    });

    after(() => model.dispose());

    it(`recovers the planted pattern (${world}): HR@${k} of ${atLeast} or more`, async () => {
      const { metrics } = await evaluate((sessions) => model.score(sessions), valid, { ks: [k], counts: trainingCounts(train) });
      assert.ok(metrics[`HR@${k}`]! >= atLeast, `HR@${k} is ${metrics[`HR@${k}`]}`);
    });

    it("scores exactly the items seen in training; flattened, its scores get HR@K = K/V", async () => {
      assert.equal(scoresOf(model, columns(mixed)).length, mixed.length * trained);
      const flat = (sessions: Sessions): Float32Array => scoresOf(model, sessions).fill(0.5);
      const { metrics } = await evaluate(flat, valid, { ks: [10], counts: trainingCounts(train) });
      assert.ok(Math.abs(metrics["HR@10"]! - 10 / trained) < 1e-12);
    });

    it("gives a session the same scores alone, in a batch, and beside a longer one (padding does not matter)", () => {
      const together = scoresOf(model, columns(mixed));
      const longer = scoresOf(model, columns([...mixed, Array.from({ length: 40 }, (_, at) => at % trained)]));
      mixed.forEach((session, row) => {
        const alone = scoresOf(model, columns([session]));
        assertClose(together.subarray(row * trained, (row + 1) * trained), alone, 1e-5, `session ${row} in a batch`);
        assertClose(longer.subarray(row * trained, (row + 1) * trained), alone, 1e-5, `session ${row} beside a longer one`);
      });
    });

    it("is deterministic when it scores: no dropout outside fit", () => {
      assert.deepEqual(scoresOf(model, columns(mixed)), scoresOf(model, columns(mixed)));
    });

    it("passes over items that training never saw, and scores sessions without a known item", () => {
      assertClose(scoresOf(model, columns([[trained, 3, trained, 4]])), scoresOf(model, columns([[3, 4]])), 1e-5, "unknown items");
      const empty = scoresOf(model, columns([[]]));
      assert.ok(empty.length === trained && empty.every(Number.isFinite));
      assertClose(scoresOf(model, columns([[trained, trained]])), empty, 1e-5, "unknown items alone");
      assert.equal(model.recommend([], { k: 3 }).length, 3);
      assert.equal(model.recommend(["never heard of"], { k: 3 }).length, 3);
    });

    it("comes back from its folder to the bit", () =>
      withFolder(async (folder) => {
        await model.save(join(folder, "model"));
        await model.save(join(folder, "model")); // a second save replaces the first
        const loaded = await load(join(folder, "model"));
        assert.deepEqual(scoresOf(loaded, columns(mixed)), scoresOf(model, columns(mixed)));
        assert.deepEqual(loaded.recommend(["id-3", "id-4"], { k: 5 }), model.recommend(["id-3", "id-4"], { k: 5 }));
        assert.deepEqual(loaded.options, model.options);
        assert.deepEqual(loaded.items, items);
        assert.equal(loaded.name, model.name);
        loaded.dispose();
        await assert.rejects(load(join(folder, "nothing here")), /model\.json/);
      }));

    it("learns the same bits from the same seed, fits afresh a second time, and leaves no tensor behind", async () => {
      const expected = scoresOf(model, columns(mixed));
      const before = tf.memory().numTensors;
      const other = make();
      for (const time of ["first", "second"]) {
        await fit(other);
        assert.deepEqual(scoresOf(other, columns(mixed)), expected, `${time} fit`);
      }
      other.recommend(["id-3"], { k: 2 });
      other.dispose();
      assert.equal(tf.memory().numTensors, before);
      assertNotFitted(other);
    });

    it("recommends outside ids with titles, best first, without what is excluded, and keeps items of the session", () => {
      const session = ["id-3", "id-4"];
      const all = model.recommend(session, { k: trained + 5 });
      assert.deepEqual(all.map(({ item }) => item).sort(), items.ids.slice(0, trained).sort()); // all of them, the session's too, never padding
      const scores = scoresOf(model, columns([[3, 4]]));
      for (const [place, { item, title, score }] of all.entries()) {
        assert.equal(score, scores[items.ids.indexOf(item)]);
        assert.equal(title, item.replace("id-", "Title "));
        assert.ok(place === 0 || all[place - 1]!.score >= score);
      }
      const exclude = all.slice(0, 2).map(({ item }) => item);
      assert.deepEqual(model.recommend(session, { k: 3, exclude }), all.slice(2, 5));
      assert.throws(() => model.recommend(session, { k: 0 }), ConfigError);
    });

    it("throws NotFittedError before fit", async () => {
      const unfitted = make();
      assertNotFitted(unfitted);
      await assert.rejects(async () => unfitted.save(join(tmpdir(), "never-written")), NotFittedError);
      unfitted.dispose();
    });

    it("stops when the signal fires", async () => {
      const other = make();
      await assert.rejects(other.fit(train, valid, { rng: new Rng(1), signal: AbortSignal.abort() }), AbortError);
      other.dispose();
    });

    it("leaves its inputs as they were", () => {
      assert.deepEqual({ train, valid }, inputs);
      const sessions = columns(mixed);
      scoresOf(model, sessions);
      assert.deepEqual(sessions, columns(mixed));
    });

    it("refuses an option it does not have", () => {
      assert.throws(() => make({ noSuchOption: 1 }), (error: Error) => error instanceof ConfigError && error.message.includes("noSuchOption"));
    });
  });
}
