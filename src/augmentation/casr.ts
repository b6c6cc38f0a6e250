/**
 * Sessions with one item replaced, in the manner of CASR (Wang et al., SIGIR 2021): a sampler proposes, an anchor model
 * labels what comes next, and what the anchor is sure of is kept.
 *   data-oriented    of the items that flip the anchor's first prediction, the one whose vector is nearest to the item it
 *                    replaces: the smallest step over the decision boundary
 *   model-oriented   the item after which the target model loses most on the anchor's label, -log p(label)
 *   kept             where the anchor's p(label) >= kappa
 * Departs: there is no released code; the place is drawn by chance and its items are tried, `tries` of them, half the nearest
 *   by vector and half by chance, where the paper learns a continuous change and rounds it to an item.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { sessionsOf } from "../data/sequences";
import { topItems } from "../evaluation/lists";
import { scoresToArray } from "../evaluation/scores";
import { logSoftmax } from "../response/gumbel";
import type { ScoringModel } from "../response/policies";
import { Collector, drawnSessions, itemsOf } from "./collector";
import type { Augmenter } from "./types";

const defaults = {
  kind: "data" as "data" | "model",
  /** Least probability of the anchor's label. */
  kappa: 0.1,
  /** Items that are tried at the place. */
  tries: 8,
  /** How often each session may be edited. */
  passes: 20,
};

/** Options of `casrAugmenter`. */
export type CasrOptions = typeof defaults;

/** What it works with. */
export interface CasrParts {
  /** Labels what comes next. */
  readonly anchor: ScoringModel;
  /** Whose loss counts in the model-oriented form; default the anchor. */
  readonly target?: ScoringModel;
  /** The items' vectors. */
  readonly vectors: { readonly shape: readonly [items: number, width: number]; readonly data: Float32Array };
}

/** Sessions that are edited at a time. */
const editedAtOnce = 64;

/**
 * An augmenter by replaced items.
 * @throws ConfigError for wrong options, or vectors of other items
 * @example
 * import { casrAugmenter, initBackend, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train" as const, hash: "demo", items, offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) };
 * // The anchor: what comes next is the item after the last one.
 * const anchor = { name: "demo", items, score: ({ offsets, item }: { offsets: Uint32Array; item: Int32Array }) => Float32Array.from({ length: 3 * (offsets.length - 1) }, (_, at) => (at % 3 === (item[offsets[Math.floor(at / 3) + 1]! - 1]! + 1) % 3 ? 9 : 0)) };
 * const vectors = { shape: [3, 1] as const, data: Float32Array.of(0, 5, 1) }; // c is near a, b is not
 * const { sessions } = await casrAugmenter({ anchor, vectors }).augment(train, 1, new Rng(1));
 * assert.deepEqual([...sessions.item], [2, 0]); // a became c, after which the anchor says a
 */
export function casrAugmenter({ anchor, target = anchor, vectors }: CasrParts, given: Partial<CasrOptions> = {}): Augmenter {
  const options = resolveOptions("casrAugmenter", defaults, given, { kind: rules.oneOf("data", "model"), kappa: rules.fraction, tries: rules.positiveInteger, passes: rules.positiveInteger });
  const { kind, kappa, tries, passes } = options;
  const { trained } = anchor.items;
  if (vectors.shape[0] !== trained) throw new ConfigError(`Expected vectors of the ${trained} items that ${anchor.name} ranks, found ${vectors.shape[0]}; take the vectors of the same training`);
  const name = kind === "data" ? "CASR-like, data-oriented" : "CASR-like, model-oriented";
  return {
    name,
    augment: async (train, amount, rng) => {
      const collector = new Collector(train, amount);
      for (let pass = 0; pass < passes && !collector.full; pass++) {
        const own = rng.child(`pass ${pass}`);
        const order = drawnSessions(train, 2, own.child("order"));
        for (let from = 0; from < order.length && !collector.full; from += editedAtOnce) {
          const parents = order.subarray(from, from + editedAtOnce);
          const variants = Array.from(parents, (parent) => {
            const items = itemsOf(train, parent).slice(0, -1); // what came last is the label, and is told anew
            const place = own.int(items.length);
            const others = replacements(items[place]!, vectors, tries, () => own.int(trained));
            return { parent, place, items, others, sessions: [items, ...others.map(({ item }) => items.map((one, at) => (at === place ? item : one)))] };
          });
          const labels = labelsOf(anchor, variants.flatMap(({ sessions }) => sessions));
          const losses = kind === "data" || target === anchor ? undefined : logProbabilitiesOf(target, variants.flatMap(({ sessions }) => sessions), labels.label);
          let at = 0;
          for (const { parent, place, others, sessions } of variants) {
            const first = at;
            at += sessions.length;
            const candidates = others.map((other, i) => ({ ...other, session: sessions[i + 1]!, label: labels.label[first + i + 1]!, logp: labels.logp[first + i + 1]!, loss: -(losses ?? labels.logp)[first + i + 1]! }));
            const sure = candidates.filter(({ logp, label }) => logp >= Math.log(kappa) && (kind === "model" || label !== labels.label[first]!));
            const best = sure.sort((a, b) => (kind === "data" ? a.distance - b.distance : b.loss - a.loss))[0];
            if (best === undefined) continue;
            const items = [...best.session, best.label];
            if (!collector.isCopy({ items, parent })) collector.add({ items, parent, step: place, columns: { probability: Math.exp(best.logp), distance: best.distance, pass } });
          }
        }
      }
      return collector.done(name, rng, [`what comes next after an edit is what ${anchor.name} says, where its probability is ${kappa} or more`]);
    },
  };
}

/** Items to try in place of one: half the nearest by vector of some drawn ones, half by chance. */
function replacements(item: number, { shape: [, width], data }: CasrParts["vectors"], tries: number, draw: () => number): { readonly item: number; readonly distance: number }[] {
  const distance = (other: number): number => {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += (data[other * width + d]! - data[item * width + d]!) ** 2;
    return Math.sqrt(sum);
  };
  const drawn = [...new Set(Array.from({ length: 4 * tries }, draw))].filter((other) => other !== item).map((other) => ({ item: other, distance: distance(other) }));
  const near = Math.ceil(tries / 2);
  const sorted = [...drawn].sort((a, b) => a.distance - b.distance).slice(0, near);
  return [...sorted, ...drawn.filter((one) => !sorted.includes(one)).slice(0, tries - near)];
}

/** A model's first prediction after each session, and how probable it is. */
function labelsOf(model: ScoringModel, lists: readonly (readonly number[])[]): { readonly label: Int32Array; readonly logp: Float64Array } {
  const { trained } = model.items;
  let label: Int32Array = new Int32Array(0);
  const values = tf.tidy(() => {
    const scores = model.score(sessionsOf(lists));
    const logits = scores instanceof Float32Array ? tf.tensor2d(scores, [lists.length, trained]) : scores; // [B, V]
    label = topItems(logits, trained, 1);
    return logits.max(1).sub(tf.logSumExp(logits, 1)).dataSync<"float32">();
  });
  return { label, logp: Float64Array.from(values) };
}

function logProbabilitiesOf(model: ScoringModel, lists: readonly (readonly number[])[], items: Int32Array): Float64Array {
  const { trained } = model.items;
  const logp = logSoftmax(scoresToArray(model.score(sessionsOf(lists))), trained);
  return Float64Array.from(items, (item, row) => logp[row * trained + item]!);
}
