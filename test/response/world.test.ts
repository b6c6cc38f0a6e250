/** The simulated world: its knobs do what they say, policies stand in their order, and nothing depends on who steps beside whom. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { pairedBootstrap } from "../../src/evaluation/compare";
import { sessionsFrom } from "../../src/data/sessions";
import { clickRates, lessPopularItems, sessionClicks } from "../../src/response/ctr";
import { logLikelihoods } from "../../src/response/mechanism";
import { fixedPolicy, loggingPolicy, oraclePolicy, randomPolicy, recommenderPolicy, weightedPolicy } from "../../src/response/policies";
import { recsimWorld, sessionStatistics, worldLike } from "../../src/response/presets";
import { simulate } from "../../src/response/simulate";
import { choicesOf, clickSessions, logEvents, stepCount, takeSessions, type SlateLog } from "../../src/response/slate-log";
import { makeWorld, worldDefaults, type WorldKnobs } from "../../src/response/world";
import { worldMechanism } from "../../src/response/world-mechanism";
import { sameTests } from "../../src/papers/response/response";

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

function run(knobs: Partial<WorldKnobs>, sessions = 1500, policy = loggingPolicy) {
  const world = makeWorld({ users: 60, items: 50, slots: 5, steps: 6, ...knobs }, new Rng(1));
  return { world, ...simulate(world, policy(world), { sessions }, new Rng(2)) };
}

/** Clicks by slot, over slates. */
function bySlot({ slots, clicked }: SlateLog): number[] {
  return Array.from({ length: slots }, (_, s) => mean(clicked.filter((_one, at) => at % slots === s)));
}

describe("a simulated world", () => {
  it("answers by its equations: values by hand", () => {
    const world = { ...makeWorld({ users: 1, items: 3, topics: 2, slots: 2, taste: 2, positionBias: 0.5, popularityPull: 0.25, noveltySeeking: 0.5, familiarity: 1.5, drift: 0.1, noClick: 1 }, new Rng(1)), taste: Float32Array.of(0.5, -0.5), topic: Int32Array.of(0, 1, 0), quality: Float32Array.of(0.3, -0.2, 0), pull: Float32Array.of(1, 0, -1) };
    const mechanism = worldMechanism(world);
    const steppers = { session: Int32Array.of(0), step: 0 };
    const states = mechanism.start(steppers);
    const softmax = (values: number[]): number[] => values.map((value) => value - Math.log(values.reduce((sum, one) => sum + Math.exp(one), 0)));
    const near = (found: Float64Array, wanted: number[]): void => found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]!) < 1e-6, `${[...found]} is not ${wanted}`));
    near(mechanism.logits(states, Int32Array.of(0, 1), 2), softmax([2 * 0.5 + 0.3 + 0.25, 2 * -0.5 - 0.2 - 0.5 * Math.log(2), 1]));
    mechanism.advance(states, Int32Array.of(0, 1), Uint8Array.of(1, 0), 2, steppers); // a click on item 0, of topic 0
    const interest = 0.5 + 0.1 * 0.5;
    near(mechanism.logits(states, Int32Array.of(2, 0), 2), softmax([2 * interest - 0.25 - 0.5, 2 * interest + 0.3 + 0.25 - 0.5 * Math.log(2) - 0.5 + 1.5, 1]));
    mechanism.advance(states, Int32Array.of(2, 1), Uint8Array.of(0, 0), 2, { ...steppers, step: 1 }); // no click: what was had fades
    near(mechanism.logits(states, Int32Array.of(2, 1), 2), softmax([2 * interest - 0.25 - 0.25, -1 - 0.2 - 0.5 * Math.log(2), 1]));
  });

  it("has clicks as probable as the mechanism says, under both couplings and both kinds of answers", () => {
    for (const knobs of [{}, { coupling: "inverse-cdf" }, { response: "multi", noClick: 4 }] as const) {
      const { log, expected } = run(knobs, 3000);
      const clicks = log.clicked.reduce((sum, one) => sum + one, 0) / stepCount(log);
      assert.ok(Math.abs(clicks - mean(expected)) < 4 * Math.sqrt(0.25 / stepCount(log)) * 1.5, `${JSON.stringify(knobs)}: ${clicks}, ${mean(expected)}`);
    }
    const { world, log, expected } = run({}, 500);
    const unanswered = choicesOf(log).map((slot) => (slot === log.slots ? 1 : 0));
    logLikelihoods(worldMechanism(world), log).forEach((value, row) => {
      if (unanswered[row] === 1) assert.ok(Math.abs(Math.exp(value) - (1 - expected[row]!)) < 1e-9);
    });
  });

  it("is turned by its knobs", () => {
    const share = (knobs: Partial<WorldKnobs>, of: (log: SlateLog) => number): number => of(run(knobs).log);
    const first = (log: SlateLog): number => bySlot(log)[0]! / bySlot(log)[4]!;
    assert.ok(share({ positionBias: 1.5 }, first) > 3 && Math.abs(share({ positionBias: 0 }, first) - 1) < 0.25);
    const popular = run({}, 1).world.popularity.map((one) => (one > 0.04 ? 1 : 0));
    const topClicks = (log: SlateLog): number => mean(clickSessions(log).item.map((item) => popular[item]!));
    assert.ok(share({ popularityPull: 2 }, topClicks) > share({ popularityPull: 0 }, topClicks) + 0.2);
    const topShown = (log: SlateLog): number => mean(log.slate.map((item) => popular[item]!));
    assert.ok(share({ exposureBias: 1.5 }, topShown) > share({ exposureBias: 0 }, topShown) + 0.2);
    const length = (log: SlateLog): number => stepCount(log) / (log.offsets.length - 1);
    assert.equal(share({ abandonment: 0 }, length), 6);
    assert.ok(share({ abandonment: 0.3 }, length) < 3);
    const repeats = (log: SlateLog): number => sessionStatistics(clickSessions(log)).repeats;
    assert.ok(share({ familiarity: 4 }, repeats) > 2 * share({ familiarity: -4 }, repeats));
    // Had a topic just now: with novelty seeking its items are clicked less.
    const { world } = run({}, 1);
    const sameTopic = (log: SlateLog): number => {
      const { offsets, item } = clickSessions(log);
      let [same, all] = [0, 0];
      for (let s = 0; s < offsets.length - 1; s++) for (let at = offsets[s]! + 1; at < offsets[s + 1]!; at++, all++) if (world.topic[item[at]!] === world.topic[item[at - 1]!]) same++;
      return same / all;
    };
    assert.ok(share({ noveltySeeking: 4, drift: 0 }, sameTopic) < 0.5 * share({ noveltySeeking: 0, drift: 0.5 }, sameTopic));
    const [low, high] = [run({ mood: 0 }), run({ mood: 1 })].map(({ log, world: one }) => mean(logLikelihoods(worldMechanism({ ...one, options: { ...one.options, mood: 0 } }), log)));
    assert.ok(high! < low!, "moods that nobody sees cost likelihood");
  });

  it("gives a session the same answers whoever steps beside it, and policies the same users and noise", () => {
    const { world, log } = run({}, 40);
    const some = simulate(world, loggingPolicy(world), { session: Int32Array.of(17, 3) }, new Rng(2)).log;
    const taken = takeSessions(log, [17, 3]);
    assert.deepEqual([some.slate, some.clicked, some.offsets, some.user], [taken.slate, taken.clicked, taken.offsets, taken.user]);
    const again = simulate(world, loggingPolicy(world), { sessions: 40 }, new Rng(2)).log;
    assert.deepEqual(again.clicked, log.clicked); // A/A under common random numbers: no difference at all
    assert.notDeepEqual(simulate(world, loggingPolicy(world), { sessions: 40 }, new Rng(3)).log.clicked, log.clicked);
  });

  it("has random < popularity < personalised < oracle, and no slate beats the oracle's at its step", async () => {
    const world = makeWorld({ users: 100 }, new Rng(5));
    const { log } = simulate(world, loggingPolicy(world), { sessions: 3000 }, new Rng(6));
    const counts = new Float64Array(log.items);
    for (const item of clickSessions(log).item) counts[item]! += 1;
    // Personalised by a rule: more of the topics that were clicked on.
    const personal = recommenderPolicy(
      { name: "by topic", items: { ids: Array.from(counts.keys(), String), trained: log.items }, score: ({ offsets, item }) => Float32Array.from({ length: (offsets.length - 1) * log.items }, (_, at) => Math.log(1 + counts[at % log.items]!) + 2 * item.subarray(offsets[Math.floor(at / log.items)]!, offsets[Math.floor(at / log.items) + 1]!).filter((one) => world.topic[one] === world.topic[at % log.items]).length) },
    );
    const policies = [randomPolicy(), fixedPolicy("popularity", counts), personal, oraclePolicy(world)];
    const rates = policies.map((policy) => sessionClicks(simulate(world, policy, { sessions: 1500 }, new Rng(7)).log));
    for (let p = 1; p < policies.length; p++) {
      const difference = rates[p]!.clicked.map((clicks, s) => clicks / rates[p]!.steps[s]! - rates[p - 1]!.clicked[s]! / rates[p - 1]!.steps[s]!);
      const { low } = pairedBootstrap(difference, Int32Array.from(difference.keys()), { resamples: 500 });
      assert.ok(low > 0, `${policies[p]!.name} over ${policies[p - 1]!.name}: ${low}`);
    }
    const mechanism = worldMechanism(world);
    const states = mechanism.start({ session: Int32Array.of(0), step: 0 });
    const context = { index: Int32Array.of(0), session: Int32Array.of(0), step: 0, states, slots: 8, items: 200, history: { offsets: Uint32Array.of(0, 0), item: new Int32Array(0) } };
    const click = (slate: Int32Array): number => 1 - Math.exp(mechanism.logits(states, slate, 8)[8]!);
    const best = click(oraclePolicy(world).slates(context));
    const rng = new Rng(8);
    for (let n = 0; n < 300; n++) assert.ok(click(Int32Array.from(rng.permutation(200).subarray(0, 8))) < best);
  });

  it("finds no effect of a policy against itself beyond the test's level", () => {
    const { rejected, runs, low, high } = sameTests(makeWorld({ steps: 3, users: 50, items: 30, slots: 3 }, new Rng(1)), 200, 100);
    assert.ok(rejected / runs >= low && rejected / runs <= high, `${rejected} of ${runs} tests at 5 %`);
  });

  it("counts rates by slate, by item and on less popular items", () => {
    const log: SlateLog = { offsets: Uint32Array.of(0, 2, 3), slots: 2, items: 4, slate: Int32Array.of(0, 1, 2, 3, 0, 3), clicked: Uint8Array.of(1, 0, 0, 0, 0, 1) };
    const rates = clickRates(log, lessPopularItems([9, 5, 1, 1], 0.5));
    assert.deepEqual([rates.slate, rates.item, rates.lessPopular, rates.lessPopularShown], [2 / 3, 2 / 6, 1 / 3, 3 / 6]);
    assert.deepEqual([...sessionClicks(log).clicked], [1, 1]);
    assert.throws(() => clickRates(log, new Uint8Array(3)), /Expected a mark for each of 4 items, found 3/);
    assert.deepEqual(sessionsFrom(logEvents(log, "x"), { by: "given", minLength: 1 }).itemIds, ["0", "3"]);
  });

  it("has RecSim's numbers where it stands for RecSim", () => {
    const world = recsimWorld({ items: 300 }, new Rng(1));
    const { log } = simulate(world, randomPolicy(), { sessions: 300 }, new Rng(2));
    const steps = stepCount(log) / 300;
    const clicks = mean(choicesOf(log).map((slot) => (slot < 2 ? 1 : 0)));
    assert.ok(Math.abs(clicks - 0.44) < 0.02, `RecSim 0.2.4 has .444 clicks a step under random slates of two, found ${clicks}`); // npm run bench -- simulator
    assert.ok(steps > 60 && steps < 120, `${steps} steps`);
    const mechanism = worldMechanism(world, 7);
    const steppers = { session: Int32Array.from({ length: 500 }, (_, s) => s), step: 0 };
    const states = mechanism.start(steppers);
    const before = states.slice();
    const slates = new Int32Array(500).fill(4);
    mechanism.advance(states, slates, new Uint8Array(500).fill(1), 1, steppers);
    const c = world.topic[4]!;
    for (let s = 0; s < 500; s++) {
      const [x, y] = [before[s * mechanism.stateSize + c]!, states[s * mechanism.stateSize + c]!];
      assert.ok(Math.abs(Math.abs(y - x) - 0.3 * (1 - Math.abs(x)) * (1 - x)) < 1e-6 || y === -1);
    }
  });

  it("takes popularity, lengths and repeats from data", () => {
    const rng = new Rng(9);
    const lengths = Array.from({ length: 800 }, () => 2 + rng.int(5));
    const offsets = Uint32Array.from([0, ...lengths.map((_, s) => lengths.slice(0, s + 1).reduce((sum, one) => sum + one, 0))]);
    const item = new Int32Array(offsets[800]!);
    for (let s = 0; s < 800; s++) for (let at = offsets[s]!; at < offsets[s + 1]!; at++) item[at] = at > offsets[s]! && rng.uniform() < 0.25 ? item[at - 1]! : Math.floor(60 * rng.uniform() ** 2);
    const { world, data, simulated } = worldLike({ offsets, item }, { slots: 6, users: 100, noClick: -9 }, rng.child("world"));
    assert.equal(world.options.items, data.items);
    assert.ok(Math.abs(simulated.meanLength / data.meanLength - 1) < 0.05, `${simulated.meanLength} and ${data.meanLength}`);
    assert.ok(Math.abs(simulated.repeats - data.repeats) < 0.03, `${simulated.repeats} and ${data.repeats}`);
    assert.ok(Math.abs(world.popularity.slice().sort().reverse()[0]! - Math.max(...countsOf(item)) / item.length) < 1e-9);
  });

  it("refuses knobs, policies and logs that are none", () => {
    assert.throws(() => makeWorld({ positionBais: 1 } as object, new Rng(1)), /did you mean "positionBias"/);
    assert.throws(() => makeWorld({ slots: 600, items: 500 }, new Rng(1)), /Expected at most 500 slots/);
    assert.throws(() => makeWorld({ abandonment: 1 }, new Rng(1)), /abandonment to be a number in \[0, 1\)/);
    assert.throws(() => makeWorld({ response: "multi", coupling: "inverse-cdf" }, new Rng(1)), /Expected coupling "gumbel"/);
    const world = makeWorld({ items: 20, slots: 3 }, new Rng(1));
    const fixed = (slate: number[]) => () => simulate(world, { name: "bad", slates: ({ index }) => Int32Array.from(Array.from(index, () => slate).flat()) }, { sessions: 2 }, new Rng(1));
    assert.throws(fixed([1, 1, 2]), /bad, session 0, step 0: Expected each item once on a slate, found item 1 twice/);
    assert.throws(fixed([1, 2, 20]), /Expected items in 0..19 on a slate, found 20/);
    assert.throws(fixed([1, 2]), /Expected 3 items for each of 2 sessions of bad, found 4 in all/);
    assert.throws(() => weightedPolicy("w", [1, -1]), /Expected weights of 0 or more, found -1 of item 1/);
    assert.throws(() => simulate(world, weightedPolicy("w", [1, 1]), { sessions: 1 }, new Rng(1)), /Expected 3 items with a weight above 0, found 2/);
    assert.throws(() => simulate(world, randomPolicy(), { sessions: 0 }, new Rng(1)), /sessions to be a positive integer/);
    assert.throws(() => recommenderPolicy({ name: "m", items: { ids: ["Heat"], trained: 1 }, score: () => Float32Array.of(1) }), /Expected item ids that are a world's numbers, found "Heat"/);
    assert.throws(() => sessionStatistics({ offsets: Uint32Array.of(0), item: new Int32Array(0) }), /Expected sessions with clicks, found none/);
    assert.equal(Object.keys(worldDefaults).length, Object.keys(world.options).length);
  });
});

function countsOf(item: Int32Array): number[] {
  const counts = new Map<number, number>();
  for (const one of item) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts.values()];
}
