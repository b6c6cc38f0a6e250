/** What counterfactual sessions are held against: each rival's own promise, on planted data. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import type { Sessions, TrainSessions } from "../../src/data/types";
import { casrAugmenter } from "../../src/augmentation/casr";
import { itemsOf } from "../../src/augmentation/collector";
import { copyRates } from "../../src/augmentation/copies";
import { cprAugmenter } from "../../src/augmentation/cpr";
import { duplicateAugmenter } from "../../src/augmentation/duplicates";
import { editAugmenter } from "../../src/augmentation/item-edits";
import { randomProposer, recommenderProposer } from "../../src/augmentation/proposers";
import { logSoftmax } from "../../src/response/gumbel";

const V = 12;
const items = { ids: Array.from({ length: V }, (_, item) => String(item)), trained: V };

/** Chains: each session counts up from somewhere, round and round. */
function chains(sessions: number, length: number): TrainSessions {
  const item = Int32Array.from({ length: sessions * length }, (_, at) => (Math.floor(at / length) * 5 + (at % length)) % V);
  return { role: "train", items, hash: "chains", offsets: Uint32Array.from({ length: sessions + 1 }, (_, s) => s * length), item };
}

/** What comes after the last item is the next one, with logit 3; the one after it 2. */
const counting = {
  name: "counting",
  items,
  score: ({ offsets, item }: Sessions) => Float32Array.from({ length: (offsets.length - 1) * V }, (_, at) => {
    const ahead = (V + (at % V) - item[offsets[Math.floor(at / V) + 1]! - 1]!) % V;
    return ahead === 1 ? 3 : ahead === 2 ? 2 : 0;
  }),
};

/** Items on a circle. */
const vectors = { shape: [V, 2] as const, data: Float32Array.from({ length: 2 * V }, (_, at) => (at % 2 === 0 ? Math.cos : Math.sin)((Math.PI * (at - (at % 2))) / V)) };

describe("rivals of counterfactual sessions", () => {
  it("duplicates are sessions of the training, each once before any twice", async () => {
    const train = chains(10, 4);
    const { sessions, parent, step } = await duplicateAugmenter().augment(train, 25, new Rng(1));
    parent.forEach((s, a) => assert.deepEqual(itemsOf(sessions, a), itemsOf(train, s)));
    assert.ok(step.every((one) => one === -1));
    assert.deepEqual([0, 1, 2].map((pass) => new Set(parent.subarray(10 * pass, 10 * pass + 10)).size), [10, 10, 5]);
    assert.equal(copyRates(sessions, train, { role: "valid", items, sessions: train, session: Int32Array.of(0), end: Int32Array.of(3), target: Int32Array.of(3), hash: "" }).ofTraining, 1);
  });

  it("random slates are even over the items; a recommender's are its K best, or drawn in proportion to its softmax", async () => {
    const many = { offsets: Uint32Array.from({ length: 4001 }, (_, s) => s), item: new Int32Array(4000) };
    const share = (slates: Int32Array, item: number): number => slates.filter((one) => one === item).length / 4000;
    const random = await randomProposer(V).slates(many, 3, new Rng(1));
    for (let item = 0; item < V; item++) assert.ok(Math.abs(share(random, item) - 3 / V) < 0.035, `item ${item}: ${share(random, item)}`);
    for (let row = 0; row < 4000; row++) assert.equal(new Set(random.subarray(3 * row, 3 * row + 3)).size, 3);
    const best = await recommenderProposer(counting, { temperature: 0 }).slates(many, 2, new Rng(1));
    assert.deepEqual([...best.subarray(0, 4)], [1, 2, 1, 2]);
    const drawn = await recommenderProposer(counting).slates(many, 1, new Rng(1));
    const p = Math.exp(logSoftmax(counting.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }), V)[1]!);
    assert.ok(Math.abs(share(drawn, 1) - p) < 4 * Math.sqrt((p * (1 - p)) / 4000), `${share(drawn, 1)} for ${p}`);
  });

  it("CASR-like: the anchor's label ends each session and is sure enough; the data-oriented form flips it by the smallest change", async () => {
    const train = chains(12, 5);
    for (const kind of ["data", "model"] as const) {
      const { sessions, parent, step, columns } = await casrAugmenter({ anchor: counting, vectors }, { kind, kappa: 0.5, tries: V }).augment(train, 12, new Rng(1));
      assert.equal(parent.length, 12);
      for (let a = 0; a < 12; a++) {
        const [made, before] = [itemsOf(sessions, a), itemsOf(train, parent[a]!)];
        assert.equal(made.at(-1), (made.at(-2)! + 1) % V); // the anchor's prediction
        assert.deepEqual(made.slice(0, -1).flatMap((item, at) => (item === before[at] ? [] : [at])), [step[a]]); // one item is another
        assert.ok(columns["probability"]![a]! >= 0.5);
        if (kind === "data") assert.equal(step[a], 3); // only the last one of what is read flips the prediction
      }
      // Any item flips it; the nearest on the circle is 0.52 away, one by chance 1.27 in the mean.
      const mean = columns["distance"]!.reduce((sum, one) => sum + one, 0) / 12;
      if (kind === "data") assert.ok(mean < 0.8, `${mean}`);
    }
    assert.equal((await casrAugmenter({ anchor: counting, vectors }, { kappa: 0.9 }).augment(train, 5, new Rng(1))).parent.length, 0); // never that sure
    assert.throws(() => casrAugmenter({ anchor: counting, vectors: { shape: [3, 2], data: new Float32Array(6) } }), /Expected vectors of the 12 items/);
  });

  it("CASR-like, model-oriented: of two labels it takes the one that the target loses more on", async () => {
    const train = { ...chains(1, 2), item: Int32Array.of(0, 1) };
    const target = { ...counting, score: ({ offsets, item }: Sessions) => Float32Array.from({ length: (offsets.length - 1) * V }, (_, at) => (item[offsets[Math.floor(at / V) + 1]! - 1] === 7 && at % V === 8 ? -20 : 0)) };
    const { sessions } = await casrAugmenter({ anchor: counting, target, vectors }, { kind: "model", tries: 4 * V }).augment(train, 1, new Rng(1));
    assert.deepEqual([...sessions.item], [7, 8]);
  });

  it("CPR-like: a choice from a perturbed list, sure within it; a learnt policy makes the target lose more", async () => {
    const train = chains(12, 5);
    const loss = async (learnt: number): Promise<number> => {
      const { sessions, parent, step, slates, columns } = await cprAugmenter({ model: counting }, { slots: 4, scale: 1, kappa: 0.05, learnt, rate: 1, passes: 200 }).augment(train, 60, new Rng(1));
      assert.equal(parent.length, 60);
      let sum = 0;
      for (let a = 0; a < 60; a++) {
        const made = itemsOf(sessions, a);
        assert.deepEqual(made.slice(0, -1), itemsOf(train, parent[a]!).slice(0, step[a]));
        const slate = [...slates!.subarray(4 * a, 4 * a + 4)];
        assert.ok(slate.includes(made.at(-1)!) && new Set(slate).size === 4);
        const scores = counting.score({ offsets: Uint32Array.of(0, made.length - 1), item: Int32Array.from(made.slice(0, -1)) });
        const within = logSoftmax(Float64Array.from(slate, (item) => scores[item]!), 4)[slate.indexOf(made.at(-1)!)]!;
        assert.ok(Math.abs(Math.exp(within) - columns["probability"]![a]!) < 1e-9 && Math.exp(within) >= 0.05);
        sum -= logSoftmax(scores, V)[made.at(-1)!]!;
      }
      return sum / 60;
    };
    const [random, learnt] = [await loss(0), await loss(60)];
    assert.ok(learnt > random, `${learnt} after learning, ${random} by chance`);
    assert.equal((await cprAugmenter({ model: counting }, { slots: 4, kappa: 0.999 }).augment(train, 5, new Rng(1))).parent.length, 0);
  });

  it("edits: dropped and cropped sessions are parts, masked ones have as many items, reordered ones the same items", async () => {
    const train = chains(12, 8);
    const all = async (edit: Parameters<typeof editAugmenter>[0]) => {
      const { sessions, parent, step } = await editAugmenter(edit, { share: 0.5 }).augment(train, 40, new Rng(1));
      assert.equal(parent.length, 40);
      return Array.from(parent, (s, a) => {
        const [made, before] = [itemsOf(sessions, a), itemsOf(train, s)];
        assert.notDeepEqual(made, before);
        assert.deepEqual(made.slice(0, step[a]), before.slice(0, step[a]));
        return { made, before };
      });
    };
    for (const { made, before } of await all("crop")) assert.ok(made.length === 4 && before.join().includes(made.join()));
    for (const { made, before } of await all("dropout")) {
      let at = -1;
      assert.ok(made.length >= 2 && made.every((item) => (at = before.indexOf(item, at + 1)) >= 0));
    }
    for (const { made, before } of await all("mask")) assert.equal(made.length, before.length);
    for (const { made, before } of await all("reorder")) assert.deepEqual([...made].sort(), [...before].sort());
  });

  it("counts copies of training sessions, and sessions that hold a test case's items one after another", () => {
    const cases = { role: "test" as const, items, sessions: { offsets: Uint32Array.of(0, 3), item: Int32Array.of(4, 5, 6) }, session: Int32Array.of(0, 0), end: Int32Array.of(1, 2), target: Int32Array.of(5, 6), hash: "" };
    const added = { offsets: Uint32Array.of(0, 3, 7, 9, 13), item: Int32Array.of(0, 1, 2, /**/ 9, 4, 5, 6, /**/ 4, 5, /**/ 4, 5, 9, 6) };
    assert.deepEqual(copyRates(added, { offsets: Uint32Array.of(0, 3, 5), item: Int32Array.of(0, 1, 2, 4, 5) }, cases), { sessions: 4, ofTraining: 0.5, ofCases: 0.25 });
    assert.deepEqual(copyRates({ offsets: Uint32Array.of(0), item: new Int32Array(0) }, added, cases), { sessions: 0, ofTraining: 0, ofCases: 0 });
  });
});
