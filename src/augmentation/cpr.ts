/**
 * Sessions by perturbed lists, in the manner of CPR (Yang et al., CIKM 2021): the recommender's list of another moment, and
 * what would be chosen from it, both by the recommender's own scores f.
 *   list      R = K best of f + a,  a ~ N(m, scale^2) for each item; m = 0 (CPR-), or learnt
 *   choice    i = argmax over R of f + scale b,  b ~ N(0, 1)
 *   kept      where softmax over R of f gives i the probability kappa or more
 *   learnt m  by REINFORCE: m += rate (r - mean r) a / scale^2 of the items on the list, r = -log p(i) of the target model
 * Symbols: K slots, V items.
 * Departs: a and b are drawn from the prior, as in the released re-implementation; it calls that a posterior.
 * Departs: the policy has a mean for each item, where the paper's is a network over the user.
 */
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { sessionsOf } from "../data/sequences";
import { topItems } from "../evaluation/lists";
import { scoresToArray } from "../evaluation/scores";
import { logSoftmax } from "../response/gumbel";
import type { ScoringModel } from "../response/policies";
import { Collector, drawnSessions, itemsOf } from "./collector";
import type { Augmenter } from "./types";

const defaults = {
  /** K. */
  slots: 10,
  /** Standard deviation of the perturbations, in the scores' units. */
  scale: 1,
  /** Least probability of the choice within its list. */
  kappa: 0.3,
  /** Batches of sessions that the policy learns from before it is used; 0 leaves it random. */
  learnt: 0,
  /** Learning rate of the policy. */
  rate: 0.1,
  /** How often each session may be tried. */
  passes: 20,
};

/** Options of `cprAugmenter`. */
export type CprOptions = typeof defaults;

/** Sessions that are tried at a time. */
const triedAtOnce = 64;

/**
 * An augmenter by perturbed lists: the session up to a step drawn by chance, and the choice there.
 * @throws ConfigError for wrong options
 * @example
 * import { cprAugmenter, Rng } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train" as const, hash: "demo", items, offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) };
 * const model = { name: "demo", items, score: ({ offsets }: { offsets: Uint32Array }) => Float32Array.from({ length: 3 * (offsets.length - 1) }, (_, at) => [0, 0, 5][at % 3]!) };
 * const { sessions } = await cprAugmenter({ model }, { slots: 2, scale: 0.1 }).augment(train, 1, new Rng(1));
 * assert.deepEqual([...sessions.item], [0, 2]);
 */
export function cprAugmenter({ model, target = model }: { readonly model: ScoringModel; readonly target?: ScoringModel }, given: Partial<CprOptions> = {}): Augmenter {
  const { wholeNumber, positiveInteger, positive, fraction } = rules;
  const { slots, scale, kappa, learnt, rate, passes } = resolveOptions("cprAugmenter", defaults, given, { slots: positiveInteger, scale: positive, kappa: fraction, learnt: wholeNumber, rate: positive, passes: positiveInteger });
  const name = learnt > 0 ? "CPR-like, learnt lists" : "CPR-like, random lists";
  const { trained } = model.items;

  const answer = (histories: readonly (readonly number[])[], means: Float64Array, rng: Rng) => {
    const scores = scoresToArray(model.score(sessionsOf(histories)));
    const noise = rng.normals(scores.length);
    const perturbed = scores.map((score, at) => score + means[at % trained]! + scale * noise[at]!);
    const lists = topItems(perturbed, trained, slots);
    const within = logSoftmax(Float64Array.from(lists, (item, at) => scores[Math.floor(at / slots) * trained + item]!), slots);
    const picked = Int32Array.from(histories, (_, row) => {
      let [best, most] = [0, -Infinity];
      for (let i = 0; i < slots; i++) {
        const value = within[row * slots + i]! + scale * rng.normal();
        if (value > most) [best, most] = [i, value];
      }
      return best;
    });
    return { lists, picked, noise, logp: Float64Array.from(picked, (slot, row) => within[row * slots + slot]!) };
  };

  return {
    name,
    augment: (train, amount, rng) => {
      const means = new Float64Array(trained);
      const draw = (parents: Int32Array, own: Rng) => Array.from(parents, (parent) => {
        const items = itemsOf(train, parent);
        const step = 1 + own.int(items.length - 1);
        return { parent, step, history: items.slice(0, step) };
      });
      const learning = rng.child("policy");
      for (let update = 0; update < learnt; update++) {
        const own = learning.child(update);
        const chosen = draw(drawnSessions(train, 2, own).subarray(0, triedAtOnce), own);
        const histories = chosen.map(({ history }) => history);
        const { lists, picked, noise } = answer(histories, means, own);
        const logp = logSoftmax(scoresToArray(target.score(sessionsOf(histories))), trained);
        const rewards = Float64Array.from(picked, (slot, row) => -logp[row * trained + lists[row * slots + slot]!]!);
        const usual = rewards.reduce((sum, one) => sum + one, 0) / rewards.length;
        lists.forEach((item, at) => {
          const row = Math.floor(at / slots);
          means[item]! += (rate * (rewards[row]! - usual) * noise[row * trained + item]!) / (scale * rewards.length);
        });
      }
      const collector = new Collector(train, amount);
      for (let pass = 0; pass < passes && !collector.full; pass++) {
        const own = rng.child(`pass ${pass}`);
        const order = drawnSessions(train, 2, own.child("order"));
        for (let from = 0; from < order.length && !collector.full; from += triedAtOnce) {
          const chosen = draw(order.subarray(from, from + triedAtOnce), own);
          const { lists, picked, logp } = answer(chosen.map(({ history }) => history), means, own);
          chosen.forEach(({ parent, step, history }, row) => {
            const slate = lists.subarray(row * slots, (row + 1) * slots);
            const items = [...history, slate[picked[row]!]!];
            if (logp[row]! < Math.log(kappa) || collector.isCopy({ items, parent })) return;
            collector.add({ items, parent, step, slate, columns: { probability: Math.exp(logp[row]!), pass } });
          });
        }
      }
      return Promise.resolve(collector.done(name, rng, [`a choice from a list is what ${model.name} would choose, where its probability within the list is ${kappa} or more`, "the noise is drawn from its prior: an intervention, no counterfactual of the session"]));
    },
  };
}
