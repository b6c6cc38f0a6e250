/** Counterfactual sessions: whose they are, made again by hand, and what is kept of them. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import type { TrainSessions } from "../../src/data/types";
import { counterfactualAugmenter, type CounterfactualParts } from "../../src/augmentation/counterfactual";
import { itemsOf } from "../../src/augmentation/collector";
import { randomProposer, recommenderProposer } from "../../src/augmentation/proposers";
import type { SlateProposer } from "../../src/augmentation/types";
import { quantileOf, trainingCounts } from "../../src/evaluation/strata";
import { abduct } from "../../src/response/abduct";
import { act } from "../../src/response/act";
import { imputeSlates } from "../../src/response/impute";
import { loggingPolicy } from "../../src/response/policies";
import { predict } from "../../src/response/predict";
import { simulate } from "../../src/response/simulate";
import { clickSessions, takeSessions } from "../../src/response/slate-log";
import { makeWorld } from "../../src/response/world";
import { worldMechanism } from "../../src/response/world-mechanism";

const items = 40;
const catalogue = { ids: Array.from({ length: items }, (_, item) => String(item)), trained: items };

/** A logged world: its sessions are a training set. */
function logged(response: "single" | "multi" = "single") {
  const world = makeWorld({ users: 50, items, slots: 5, steps: 6, topics: 4, response, ...(response === "multi" && { noClick: 4.5 }) }, new Rng(1));
  const { log } = simulate(world, loggingPolicy(world), { sessions: 300 }, new Rng(2));
  const train: TrainSessions = { role: "train", ...clickSessions(log), items: catalogue, hash: "world" };
  return { train, parts: { mechanism: worldMechanism(world), log, proposer: randomProposer(items) } satisfies CounterfactualParts };
}

describe("counterfactual augmentation", () => {
  it("adds the sessions that abduction, action and prediction by hand give, with their parents, steps and slates", async () => {
    for (const response of ["single", "multi"] as const) {
      const { train, parts } = logged(response);
      const rng = new Rng(3);
      const clicking = Array.from({ length: 300 }, (_, s) => s).find((s) => itemsOf(train, s).length > 0)!;
      const made = await counterfactualAugmenter({ ...parts, guidance: 2 }, { targeted: false }).augment(train, 150, rng);
      assert.deepEqual([made.parent.length, made.step.length, made.slates!.length, made.seed, made.name], [150, 150, 150 * 5, "3", "counterfactual, random slates"]);
      assert.deepEqual(Object.keys(made.columns).sort(), ["confidence", "guidance", "pass", "probability", "round"]);
      assert.ok(made.columns["guidance"]!.every((one) => one === 2) && made.columns["probability"]!.every((p) => p > 0 && p <= 1));
      for (let a = 0; a < 150; a++) {
        const one = takeSessions(parts.log, [made.parent[a]!, clicking]); // beside one with a click: a log has some
        const abducted = abduct(parts.mechanism, one, rng.child(`pass ${made.columns["pass"]![a]}`).child("draw 0"));
        const slate = made.slates!.subarray(a * 5, a * 5 + 5);
        const found = Array.from({ length: one.offsets[1]! }, (_, step) => predict(parts.mechanism, abducted, act(one, [{ session: 0, step, slate }])).log);
        const steps = found.flatMap((log, step) => (itemsOf(clickSessions(log), 0).join() === itemsOf(made.sessions, a).join() ? [step] : []));
        assert.ok(steps.length > 0, `session ${a} is none that one slate could have led to`);
        // Before its step the session is its parent's.
        assert.deepEqual(itemsOf(made.sessions, a).slice(0, made.step[a]), itemsOf(train, made.parent[a]!).slice(0, made.step[a]));
      }
      assert.deepEqual(await counterfactualAugmenter({ ...parts, guidance: 2 }, { targeted: false }).augment(train, 150, new Rng(3)), made);
    }
  });

  it("do(the factual slate) leads to copies and nothing else, and adds none of them unless asked", async () => {
    const { train, parts } = logged();
    const { log } = parts;
    const shown = new Map<string, number[]>(); // the slate that was shown after each history
    const factual: SlateProposer = {
      name: "factual",
      slates: (sessions) => Promise.resolve(Int32Array.from(Array.from({ length: sessions.offsets.length - 1 }, (_, row) => shown.get(itemsOf(sessions, row).join())!).flat())),
    };
    const one = Array.from({ length: log.offsets.length - 1 }, (_, s) => s).find((s) => log.offsets[s + 1]! - log.offsets[s]! >= 4 && itemsOf(train, s).length === log.offsets[s + 1]! - log.offsets[s]!)!;
    const single = takeSessions(log, [one]);
    const own = itemsOf(train, one);
    own.forEach((_, at) => shown.set(own.slice(0, at).join(), [...single.slate.subarray(at * 5, at * 5 + 5)]));
    const again = counterfactualAugmenter({ ...parts, log: single, proposer: factual }, { targeted: false, copies: true, passes: 30 });
    const { sessions, parent } = await again.augment(train, 25, new Rng(3));
    assert.equal(parent.length, 25);
    for (let a = 0; a < 25; a++) assert.deepEqual([parent[a], ...itemsOf(sessions, a)], [one, ...own]);
    const none = await counterfactualAugmenter({ ...parts, log: single, proposer: factual }, { targeted: false }).augment(train, 25, new Rng(3));
    assert.deepEqual([none.parent.length, none.sessions.item.length], [0, 0]);
    const prior = await counterfactualAugmenter({ ...parts, log: single, proposer: factual }, { targeted: false, noise: "prior" }).augment(train, 5, new Rng(3));
    assert.ok(prior.parent.length > 0 && /noise from the prior/.test(prior.assumptions.join()));
  });

  it("targets choices that are less popular items, and filters by how far draws agree", async () => {
    const { train, parts } = logged();
    const counts = trainingCounts(train);
    const cut = quantileOf(Float64Array.from(counts).sort(), 0.5);
    const targeted = await counterfactualAugmenter(parts, { quantile: 0.5 }).augment(train, 100, new Rng(3));
    assert.equal(targeted.parent.length, 100);
    for (let a = 0; a < 100; a++) {
      const chosen = itemsOf(targeted.sessions, a)[targeted.step[a]!]!;
      assert.ok(counts[chosen]! <= cut && targeted.slates!.subarray(a * 5, a * 5 + 5).includes(chosen));
    }
    const free = await counterfactualAugmenter(parts, { targeted: false, draws: 6 }).augment(train, 400, new Rng(3));
    const sure = await counterfactualAugmenter(parts, { targeted: false, draws: 6, leastConfidence: 0.8 }).augment(train, 400, new Rng(3));
    assert.ok(free.columns["confidence"]!.some((share) => share < 0.8));
    assert.ok(sure.columns["confidence"]!.every((share) => share >= 0.8) && sure.parent.length > 0);
  });

  it("adds exactly as many as are asked for, none twice, fewer where nothing is left, and says so", async () => {
    const { train, parts } = logged();
    for (const amount of [0, 1, 300, 900]) {
      const { parent, sessions } = await counterfactualAugmenter(parts, { targeted: false }).augment(train, amount, new Rng(4));
      const names = new Set(Array.from(parent, (s, a) => `${s} ${itemsOf(sessions, a).join()}`));
      assert.deepEqual([parent.length, names.size], [amount, amount]);
    }
    const few = await counterfactualAugmenter(parts, { passes: 1 }).augment(train, 900, new Rng(4));
    assert.ok(few.parent.length < 300);
    assert.match(few.assumptions.join(), new RegExp(`${few.parent.length} sessions of 300 that were tried were kept`));
    await assert.rejects(counterfactualAugmenter(parts).augment(train, -1, new Rng(4)), /Expected a whole number of sessions to add, found -1/);
  });

  it("several rounds set several slates, each after what the ones before led to", async () => {
    const { train, parts } = logged();
    const { columns, parent } = await counterfactualAugmenter(parts, { targeted: false, rounds: 3 }).augment(train, 50, new Rng(5));
    assert.ok(parent.length === 50 && columns["round"]!.every((round) => round === 3));
  });

  it("takes imputed slates, whose first items answer none; refuses the log of other sessions", async () => {
    const { train, parts } = logged();
    const model = { name: "last plus", items: catalogue, score: ({ offsets, item }: TrainSessions | { offsets: Uint32Array; item: Int32Array }) => Float32Array.from({ length: (offsets.length - 1) * items }, (_, at) => -Math.abs((item[offsets[Math.floor(at / items) + 1]! - 1] ?? 0) - (at % items))) };
    const log = imputeSlates(train, model, { slots: 5 }, new Rng(1));
    const { sessions, parent, step, assumptions } = await counterfactualAugmenter({ ...parts, log, proposer: recommenderProposer(model) }, { targeted: false }).augment(train, 80, new Rng(2));
    assert.equal(parent.length, 80);
    for (let a = 0; a < 80; a++) {
      assert.equal(sessions.item[sessions.offsets[a]!], train.item[train.offsets[parent[a]!]!]);
      assert.ok(step[a]! >= 1);
    }
    assert.match(assumptions.join(), /slates were not logged: the 5 best of last plus/);
    const other = { ...train, item: train.item.map((item) => (item + 1) % items) };
    await assert.rejects(counterfactualAugmenter(parts).augment(other, 5, new Rng(1)), /Expected the choices of training session 0 in the log, found others/);
    await assert.rejects(counterfactualAugmenter(parts).augment({ ...train, items: { ids: ["0"], trained: 1 } }, 5, new Rng(1)), /Expected a log over the 1 items/);
  });
});
