/** The learnt response model: it finds planted tastes, position bias and repeats, in logs with and without users, slates and silence. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { AbortError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { abduct } from "../../src/response/abduct";
import { act } from "../../src/response/act";
import { imputeSlates } from "../../src/response/impute";
import { inspectSession } from "../../src/response/inspect";
import { logLikelihoods } from "../../src/response/mechanism";
import { loggingPolicy } from "../../src/response/policies";
import { predict } from "../../src/response/predict";
import { ResponseModel, type ResponseOptions } from "../../src/response/response-model";
import { simulate, worldCounterfactual } from "../../src/response/simulate";
import { checkLog, type SlateLog } from "../../src/response/slate-log";
import { makeWorld, type WorldKnobs } from "../../src/response/world";
import { worldMechanism } from "../../src/response/world-mechanism";
import { initBackend } from "../../src/tensor/backend";
import { freshFolder } from "../scratch";

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

function logged(knobs: Partial<WorldKnobs>, sessions: number) {
  const world = makeWorld({ users: 12, items: 24, topics: 3, slots: 4, steps: 5, noClick: 2.5, ...knobs }, new Rng(1));
  const make = (count: number, first: number): SlateLog => simulate(world, loggingPolicy(world), { sessions: count, first }, new Rng(2)).log;
  return { world, log: make(sessions, 0), held: make(600, sessions) };
}

async function learn(log: SlateLog, given: Partial<ResponseOptions> = {}): Promise<ResponseModel> {
  const model = new ResponseModel({ dimension: 6, epochs: 10, rate: 0.03, batch: 128, ...given });
  await model.fit(log, { rng: new Rng(3) });
  return model;
}

describe("the response model", () => {
  const fresh = freshFolder();
  before(async () => {
    await initBackend();
  });

  it("comes near the true mechanism on held-out sessions, and its counterfactuals near the truth", async () => {
    const before = tf.memory().numTensors;
    const { world, log, held } = logged({ positionBias: 0.8 }, 3000);
    const model = await learn(log);
    const truth = mean(logLikelihoods(worldMechanism(world), held));
    const learnt = mean(logLikelihoods(model.mechanism(), held));
    assert.ok(learnt / truth < 1.05 && learnt < truth + 0.01, `${learnt} for ${truth}`);
    // Sessions without a click at step 1, shown another slate there.
    const silent = Array.from({ length: 600 }, (_, s) => s).filter((s) => held.offsets[s + 1]! - held.offsets[s]! > 1 && !held.clicked.subarray((held.offsets[s]! + 1) * 4, (held.offsets[s]! + 2) * 4).includes(1));
    const action = act(held, silent.map((session) => ({ session, step: 1, slate: Array.from({ length: 4 }, (_, i) => (session + 5 * i) % 24) })));
    const rate = (one: SlateLog): number => mean(silent.map((s) => (one.clicked.subarray((held.offsets[s]! + 1) * 4, (held.offsets[s]! + 2) * 4).includes(1) ? 1 : 0)));
    const real = rate(worldCounterfactual(world, action, new Rng(2)));
    const draws = [1, 2, 3, 4, 5].map((seed) => abduct(model.mechanism(), held, new Rng(seed)));
    const found = mean(draws.map((draw) => rate(predict(model.mechanism(), draw, action).log)));
    const prior = mean(draws.map((draw) => rate(predict(model.mechanism(), draw, action, { noise: "prior" }).log)));
    const error = Math.sqrt((real * (1 - real)) / silent.length);
    assert.ok(Math.abs(found - real) < 3 * error && Math.abs(found - real) < Math.abs(prior - real), `${found} and ${prior} for ${real} +- ${error}`);
    assert.deepEqual(predict(model.mechanism(), draws[0]!, act(held, [])).log.clicked, held.clicked); // do(factual slate)
    const view = inspectSession(model.mechanism(), draws[0]!, predict(model.mechanism(), draws[0]!, action), silent[0]!);
    assert.equal(view.parted, 1);
    for (const { factual } of view.steps) assert.ok(Math.abs(factual.alternatives.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-6);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("learns answers of several clicks, and repeats", async () => {
    const { world, log, held } = logged({ response: "multi", noClick: 3.5, familiarity: 2 }, 2500);
    const model = await learn(log, { kind: "multi" });
    const truth = mean(logLikelihoods(worldMechanism(world), held));
    const learnt = mean(logLikelihoods(model.mechanism(), held));
    assert.ok(learnt / truth < 1.06, `${learnt} for ${truth}`);
    assert.deepEqual(predict(model.mechanism(), abduct(model.mechanism(), held, new Rng(1)), act(held, [])).log.clicked, held.clicked);
    model.dispose();
    await assert.rejects(learn(log), /Expected one click a slate at most, found 2; take a model of kind "multi"/);
  });

  it("gives the same bits after an interruption, and from disk", async () => {
    const { log, held } = logged({}, 600);
    const whole = await learn(log, { epochs: 4 });
    const folder = fresh();
    const stopped = new ResponseModel(whole.options);
    const controller = new AbortController();
    let reports = 0;
    await assert.rejects(stopped.fit(log, { rng: new Rng(3), checkpoint: folder, signal: controller.signal, progress: () => { if (++reports === 8) controller.abort(); } }), AbortError);
    await stopped.fit(log, { rng: new Rng(3), checkpoint: folder });
    const scores = (model: ResponseModel) => logLikelihoods(model.mechanism(), held);
    assert.deepEqual(scores(stopped), scores(whole));
    await whole.save(`${folder}/model`);
    const read = ResponseModel.load(`${folder}/model`);
    assert.deepEqual(scores(read), scores(whole));
    assert.deepEqual(read.support, whole.support);
    for (const model of [whole, stopped, read]) model.dispose();
    assert.throws(() => whole.mechanism(), /Expected a fitted ResponseModel/);
  });

  it("stops by a validation log, and knows nothing of users it has not seen", async () => {
    const { log, held } = logged({}, 600);
    const model = new ResponseModel({ dimension: 4, epochs: 3 });
    const { history } = await model.fit(log, { rng: new Rng(3), valid: held });
    assert.ok(history.every((epoch) => Number.isFinite(epoch["log-likelihood"])));
    const strangers = { ...held, user: held.user!.map(() => 99) };
    assert.deepEqual(logLikelihoods(model.mechanism(), strangers), logLikelihoods(model.mechanism(), { ...held, user: undefined }));
    await assert.rejects(model.fit(log, { rng: new Rng(3), valid: { ...held, items: 25 } }), /Expected a validation log of 4 slots over 24 items, found 4 over 25/);
    model.dispose();
  });

  it("learns from imputed slates: each is answered, and no click cannot happen", async () => {
    const score = ({ offsets }: { offsets: Uint32Array }) => Float32Array.from({ length: (offsets.length - 1) * 6 }, (_, at) => -(at % 6));
    const ranker = { name: "by number", items: { ids: ["a", "b", "c", "d", "e", "f"], trained: 6 }, score };
    // Items 0 and 5 in turn; 5 is never among the two best.
    const sessions = { offsets: Uint32Array.from({ length: 201 }, (_, s) => 4 * s), item: Int32Array.from({ length: 800 }, (_, n) => (n % 2 === 0 ? 0 : 5)) };
    const log = imputeSlates(sessions, ranker, { slots: 3 }, new Rng(1));
    assert.equal(log.inserted, 2 / 3); // of three answers a session two are item 5
    assert.equal(new Set(Array.from({ length: 600 }, (_, row) => log.slate.subarray(row * 3, row * 3 + 3).indexOf(5)).filter((place) => place >= 0)).size, 3, "in every place");
    const last = imputeSlates(sessions, ranker, { slots: 3, insert: "last" }, new Rng(1));
    assert.ok(Array.from({ length: 600 }, (_, row) => last.slate.subarray(row * 3, row * 3 + 3).indexOf(5)).every((place) => place < 0 || place === 2));
    const model = await learn(log, { epochs: 60 });
    const mechanism = model.mechanism();
    assert.ok(mean(logLikelihoods(mechanism, log)) > -0.1);
    const logits = mechanism.logits(mechanism.start({ session: Int32Array.of(0), step: 0 }), Int32Array.of(0, 5, 1), 3);
    assert.equal(logits[3], -Infinity);
    const { assumptions } = predict(mechanism, abduct(mechanism, log, new Rng(1)), act(log, []));
    assert.match(assumptions.join("\n"), /slates were not logged: the 3 best of by number .*66\.7 %.*\nevery slate was answered/);
    model.dispose();
    assert.throws(() => imputeSlates({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }, ranker, {}, new Rng(1)), /Expected slates of at most 6 items/);
    assert.throws(() => imputeSlates({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }, ranker, { slots: 2 }, new Rng(1)), /Expected sessions of two known items or more, found none/);
  });

  it("learns from sessions of one slate, without users", async () => {
    const { log, held } = logged({ steps: 1, users: 1 }, 800);
    const model = await learn({ ...log, user: undefined }, { epochs: 4 });
    assert.equal(model.support.users, 0);
    assert.ok(mean(logLikelihoods(model.mechanism(), { ...held, user: undefined })) > -Math.log(5));
    model.dispose();
  });

  it("refuses logs that are none", () => {
    const log: SlateLog = { offsets: Uint32Array.of(0, 1, 2), slots: 2, items: 5, slate: Int32Array.of(0, 1, 2, 3), clicked: Uint8Array.of(1, 0, 0, 0) };
    checkLog(log, "single");
    const wrong = (change: Partial<SlateLog>, message: RegExp): void => assert.throws(() => checkLog({ ...log, ...change }, "single"), message);
    wrong({ slate: Int32Array.of(0, 1, 3, 3) }, /session 1, step 0: Expected each item once on a slate, found item 3 twice/);
    wrong({ slate: Int32Array.of(0, 1, 2, 5) }, /session 1, step 0: Expected items in 0..4 on a slate, found 5/);
    wrong({ clicked: new Uint8Array(4) }, /Expected sessions with clicks, found none in 2 slates/);
    wrong({ clicked: Uint8Array.of(1, 1, 0, 0) }, /session 0, step 0: Expected one click a slate at most, found 2/);
    wrong({ offsets: Uint32Array.of(0), slate: new Int32Array(0), clicked: new Uint8Array(0) }, /Expected a log with slates, found none/);
    wrong({ clicked: new Uint8Array(3) }, /Expected 2 x 2 entries of clicked, found 3/);
    wrong({ user: Int32Array.of(1) }, /Expected 2 entries of user, one a session, found 1/);
    wrong({ slots: 0 }, /Expected slates of one slot or more, found 0/);
  });
});
