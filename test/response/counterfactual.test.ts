/** Abduction, action, prediction: composition, effectiveness and reversibility (Pearl, Causality, section 7.3.1), and the truth of a world. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { abduct } from "../../src/response/abduct";
import { act, type Intervention } from "../../src/response/act";
import { identify, refuseUnidentified, supportOf, confidence } from "../../src/response/identify";
import { loggingPolicy, fixedPolicy, recommenderPolicy } from "../../src/response/policies";
import { predict } from "../../src/response/predict";
import { simulate, worldCounterfactual, worldNoise } from "../../src/response/simulate";
import { takeSessions, type SlateLog } from "../../src/response/slate-log";
import { makeWorld, type WorldKnobs } from "../../src/response/world";
import { worldMechanism } from "../../src/response/world-mechanism";

function logged(knobs: Partial<WorldKnobs>, sessions: number) {
  const world = makeWorld({ users: 50, items: 60, slots: 5, steps: 6, topics: 4, ...knobs }, new Rng(1));
  const { log } = simulate(world, loggingPolicy(world), { sessions }, new Rng(2));
  return { world, log, mechanism: worldMechanism(world) };
}

/** Another slate at one step of each session that is long enough. */
function changes(log: SlateLog, step: number, items: number): Intervention[] {
  const found: Intervention[] = [];
  for (let session = 0; session < log.offsets.length - 1; session++) {
    if (log.offsets[session + 1]! - log.offsets[session]! <= step) continue;
    found.push({ session, step, slate: Array.from({ length: log.slots }, (_, i) => (session + 11 * i) % items) });
  }
  return found;
}

const stepsOf = (log: SlateLog, at: number): number => log.offsets[at + 1]! - log.offsets[at]!;

describe("counterfactual sessions", () => {
  for (const response of ["single", "multi"] as const) {
    it(`composition: do(the factual slate) gives the factual session in each of 10,000, and noise from the prior does not (${response})`, () => {
      const { log, mechanism } = logged({ response, noClick: response === "multi" ? 4.5 : 3 }, 10_000);
      const abducted = abduct(mechanism, log, new Rng(3));
      const factual = Array.from({ length: log.offsets.length - 1 }, (_, session) => ({ session, step: 0, slate: log.slate.slice(log.offsets[session]! * log.slots, (log.offsets[session]! + 1) * log.slots) }));
      const action = act(log, factual);
      for (const later of ["kept", fixedPolicy("other", Float32Array.from({ length: 60 }, (_, item) => item))] as const) {
        const again = predict(mechanism, abducted, action, { later });
        assert.deepEqual(again.log.clicked, log.clicked);
        assert.deepEqual(again.log.slate, log.slate);
        assert.ok(again.parted.every((step) => step === -1) && again.reused.every((one) => one === 1));
      }
      const redrawn = predict(mechanism, abducted, action, { noise: "prior" });
      const same = redrawn.parted.filter((step) => step === -1).length;
      assert.ok(same < 5000, `${same} sessions of noise from the prior are the factual ones`);
      assert.ok(redrawn.reused.every((one) => one === 0));
      assert.match(redrawn.assumptions.join(), /noise from the prior/);
    });
  }

  it("effectiveness: the slate that is set is the one that is shown, and what was clicked was shown", () => {
    const { log, mechanism } = logged({}, 500);
    const done = changes(log, 1, 60);
    const { log: other, parted } = predict(mechanism, abduct(mechanism, log, new Rng(3)), act(log, done));
    for (const { session, step, slate } of done) {
      const from = (log.offsets[session]! + step) * log.slots;
      assert.deepEqual([...other.slate.subarray(from, from + log.slots)], slate);
      assert.equal(parted[session], 1); // step 0 is before the change
    }
    const untouched = Array.from(parted.keys()).filter((session) => stepsOf(log, session) <= 1);
    assert.ok(untouched.length > 0 && untouched.every((session) => parted[session] === -1));
  });

  it("reversibility: if do(X) leads to answers Y, and do(Y's later slates) to X, both are one session", () => {
    const { log, mechanism } = logged({}, 500);
    const recommend = recommenderPolicy({ name: "by parity", items: { ids: Array.from({ length: 60 }, (_, i) => String(i)), trained: 60 }, score: ({ offsets, item }) => Float32Array.from({ length: (offsets.length - 1) * 60 }, (_, at) => { const row = Math.floor(at / 60); return ((item[offsets[row + 1]! - 1] ?? 0) * 7 + (at % 60) * 13) % 61; }) });
    const abducted = abduct(mechanism, log, new Rng(3));
    const first = predict(mechanism, abducted, act(log, changes(log, 1, 60)), { later: recommend });
    // Set each slate of each counterfactual session from outside: as the mechanisms had made them.
    const all = Array.from({ length: log.offsets.length - 1 }, (_, session) => Array.from({ length: stepsOf(log, session) }, (_step, step) => ({ session, step, slate: first.log.slate.slice((log.offsets[session]! + step) * log.slots, (log.offsets[session]! + step + 1) * log.slots) }))).flat();
    const second = predict(mechanism, abducted, act(log, all));
    assert.deepEqual(second.log.clicked, first.log.clicked);
    assert.deepEqual(second.log.slate, first.log.slate);
    // And back: from the counterfactual log, with its noise, to the factual one.
    const back = predict(mechanism, { log: first.log, key: abducted.key, logits: first.logits, noise: first.noise }, act(first.log, Array.from({ length: log.offsets.length - 1 }, (_, session) => Array.from({ length: stepsOf(log, session) }, (_step, step) => ({ session, step, slate: log.slate.slice((log.offsets[session]! + step) * log.slots, (log.offsets[session]! + step + 1) * log.slots) }))).flat()));
    const shared = Array.from(first.parted.keys()).filter((session) => first.parted[session] === -1);
    for (const session of shared) assert.deepEqual(back.log.clicked.subarray(log.offsets[session]! * 5, log.offsets[session + 1]! * 5), log.clicked.subarray(log.offsets[session]! * 5, log.offsets[session + 1]! * 5));
    assert.deepEqual(back.log.slate, log.slate);
  });

  it("a recommender in the loop goes on from what was clicked, once that is something else", () => {
    const { log, mechanism } = logged({}, 800);
    const action = act(log, changes(log, 0, 60));
    const abducted = abduct(mechanism, log, new Rng(3));
    const later = fixedPolicy("best", Float32Array.from({ length: 60 }, (_, item) => item)); // 59, 58, 57, 56, 55
    const { log: other } = predict(mechanism, abducted, action, { later });
    const clicks = (one: SlateLog, row: number): number[] => Array.from(one.slate.subarray(row * 5, row * 5 + 5)).filter((_, i) => one.clicked[row * 5 + i] === 1);
    let [kept, recommended] = [0, 0];
    for (let s = 0; s < log.offsets.length - 1; s++) {
      if (stepsOf(log, s) < 2) continue;
      const row = log.offsets[s]!;
      const same = clicks(log, row).join() === clicks(other, row).join();
      const shown = [...other.slate.subarray(row * 5 + 5, row * 5 + 10)];
      assert.deepEqual(shown, same ? [...log.slate.subarray(row * 5 + 5, row * 5 + 10)] : [59, 58, 57, 56, 55]);
      same ? kept++ : recommended++;
    }
    assert.ok(kept > 50 && recommended > 50);
  });

  for (const response of ["single", "multi"] as const) {
    it(`with a world's own noise it is what the world does when it is run again (${response})`, () => {
      const { world, log, mechanism } = logged({ response, mood: 0, drift: 0.2, noveltySeeking: 1, familiarity: 1 }, 400);
      const action = act(log, changes(log, 2, 60));
      const truth = worldCounterfactual(world, action, new Rng(2));
      const predicted = predict(mechanism, worldNoise(world, log, new Rng(2)), action).log;
      assert.deepEqual([predicted.slate, predicted.clicked, predicted.offsets], [truth.slate, truth.clicked, truth.offsets]);
      assert.notDeepEqual(truth.clicked, log.clicked);
    });
  }

  it("over draws of the noise it has the truth's rates among sessions that did the same; noise from the prior has not", () => {
    const { world, log, mechanism } = logged({ noClick: 2.5 }, 4000);
    const action = act(log, changes(log, 1, 60));
    const truth = worldCounterfactual(world, action, new Rng(2));
    // Sessions that clicked on nothing at the changed step: do they, on the other slate?
    const silent = Array.from({ length: 4000 }, (_, s) => s).filter((s) => stepsOf(log, s) > 1 && clicksAt(log, log.offsets[s]! + 1) === 0);
    const rate = (one: SlateLog): number => silent.filter((s) => clicksAt(one, log.offsets[s]! + 1) > 0).length / silent.length;
    const draws = Array.from({ length: 8 }, (_, draw) => abduct(mechanism, log, new Rng(`draw ${draw}`)));
    const estimate = draws.reduce((sum, abducted) => sum + rate(predict(mechanism, abducted, action).log) / 8, 0);
    const prior = draws.reduce((sum, abducted) => sum + rate(predict(mechanism, abducted, action, { noise: "prior" }).log) / 8, 0);
    const error = Math.sqrt((rate(truth) * (1 - rate(truth))) / silent.length);
    assert.ok(silent.length > 500 && Math.abs(estimate - rate(truth)) < 3.5 * error, `${estimate} for ${rate(truth)} +- ${error}`);
    assert.ok(Math.abs(prior - rate(truth)) > 6 * error, `noise from the prior has ${prior} too`);
    assert.ok(confidence(draws.map((abducted) => predict(mechanism, abducted, action))).some((share) => share < 1));
  });

  it("draws are seeded: the same generator gives the same noise, another one other noise", () => {
    const { log, mechanism } = logged({}, 50);
    assert.deepEqual(abduct(mechanism, log, new Rng(3)).noise, abduct(mechanism, log, new Rng(3)).noise);
    assert.notDeepEqual(abduct(mechanism, log, new Rng(3)).noise, abduct(mechanism, log, new Rng(4)).noise);
    const part = takeSessions(log, [7, 3]); // a session's noise goes by its number, not by its place
    const [whole, some] = [abduct(mechanism, log, new Rng(3)), abduct(mechanism, part, new Rng(3))];
    assert.deepEqual(some.noise.subarray(0, stepsOf(log, 7) * 6), whole.noise.subarray(log.offsets[7]! * 6, log.offsets[8]! * 6));
  });

  it("refuses what cannot be asked, with the reason", () => {
    const { log, mechanism } = logged({}, 50);
    const one = (step: number, slate: readonly number[]) => () => act(log, [{ session: 0, step, slate }]);
    assert.throws(one(0, [1, 2, 3, 4, 4]), /session 0, step 0: Expected each item once on a slate, found item 4 twice/);
    assert.throws(one(0, [1, 2, 3, 4, 60]), /Expected items in 0..59 on a slate, found 60/);
    assert.throws(one(0, [1, 2, 3, 4, -1]), /found -1/);
    assert.throws(one(0, [1, 2, 3, 4]), /Expected a slate of 5 items, found 4/);
    assert.throws(one(99, [1, 2, 3, 4, 5]), /Expected a step in 0..\d of session 0, found 99/);
    assert.throws(() => act(log, [{ session: 50, step: 0, slate: [1, 2, 3, 4, 5] }]), /Expected a session in 0..49, found 50/);
    const other = takeSessions(log, [0]);
    assert.throws(() => predict(mechanism, abduct(mechanism, other, new Rng(1)), act(log, [])), /Expected the noise of the log that the action changes/);
    const narrow = supportOf(takeSessions(log, [1]));
    const wide = act(log, [{ session: 0, step: 0, slate: [1, 2, 3, 4, 5] }]);
    assert.equal(identify(supportOf(log), wide, 1).identified, Array.from([1, 2, 3, 4, 5]).every((item) => log.slate.includes(item)));
    assert.throws(() => refuseUnidentified(narrow, wide, 5), /session 0, step 0: item \d was shown \d+ times in the logs, fewer than 5: how users value it is not known/);
    assert.deepEqual(identify({ ...supportOf(log), users: 1 }, act(log, []), 1).reasons[0], "session 1: user 1 has no session in the logs: his taste is not known");
  });
});

function clicksAt(log: SlateLog, row: number): number {
  return log.clicked.subarray(row * log.slots, (row + 1) * log.slots).reduce((sum, one) => sum + one, 0);
}
