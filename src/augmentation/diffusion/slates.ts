/**
 * From sampled vectors to slates of distinct real items, and a diffusion model as a proposer of slates.
 *   top    one sample a session; its K nearest items
 *   draws  K samples a session; each becomes the nearest item that the slate does not have yet
 * Symbols: B sessions, K slots, V items, D dimensions.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { resolveOptions, rules } from "../../core/options";
import type { Rng } from "../../core/rng";
import { sessionCount, type Sessions } from "../../data/types";
import { topItems } from "../../evaluation/lists";
import type { ItemVectors } from "../../models/item-table";
import type { SlateProposer } from "../types";
import type { DiffusionModel } from "./diffusion-model";
import { samplers, type SamplerName } from "./samplers";
import { scoresOf, similarities, type Similarity } from "./similarity";

/** How samples become a slate. */
export type Retrieval = "top" | "draws";

/** Scores that are held at once. */
const scoresAtOnce = 1 << 25;

/**
 * The items that samples become.
 * @param samples [B, D] for "top", [B * K, D] for "draws", among `vectors`
 * @returns [B * K] inside ids, K distinct ones a session
 * @throws ConfigError for more slots than items
 * @example
 * import { initBackend, nearestSlates } from "sessionlab";
 * await initBackend();
 * const vectors = { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, -1, 0) } as const;
 * assert.deepEqual([...nearestSlates(Float32Array.of(0.2, 0.9), vectors, { slots: 2, retrieval: "top", similarity: "dot" })], [1, 0]);
 * assert.deepEqual([...nearestSlates(Float32Array.of(0.2, 0.9, 0.1, 0.9), vectors, { slots: 2, retrieval: "draws", similarity: "dot" })], [1, 0]);
 */
export function nearestSlates(samples: Float32Array, vectors: ItemVectors, { slots, retrieval, similarity }: { readonly slots: number; readonly retrieval: Retrieval; readonly similarity: Similarity }): Int32Array {
  const [items, dimension] = vectors.shape;
  if (!(Number.isInteger(slots) && slots >= 1 && slots <= items)) throw new ConfigError(`Expected slots to be a whole number in 1..${items}, the items that there are, found ${slots}`);
  const each = retrieval === "top" ? 1 : slots;
  const sessions = samples.length / dimension / each;
  const atOnce = Math.max(1, Math.floor(scoresAtOnce / items / each));
  const slates = new Int32Array(sessions * slots);
  const table = tf.tensor2d(vectors.data, [items, dimension]);
  try {
    for (let from = 0; from < sessions; from += atOnce) {
      const to = Math.min(sessions, from + atOnce);
      const scores = tf.tidy(() => scoresOf(tf.tensor2d(samples.subarray(from * each * dimension, to * each * dimension), [(to - from) * each, dimension]), table, similarity));
      const best = topItems(scores, items, slots); // [(to - from) * each, K]
      scores.dispose();
      slates.set(retrieval === "top" ? best : distinct(best, slots), from * slots);
    }
  } finally {
    table.dispose();
  }
  return slates;
}

/** The first item of each sample's list that no sample before it has taken. @param lists [B * K, K] @returns [B * K] */
function distinct(lists: Int32Array, slots: number): Int32Array {
  const taken = new Set<number>();
  return Int32Array.from({ length: lists.length / slots }, (_, row) => {
    if (row % slots === 0) taken.clear();
    const item = lists.subarray(row * slots, (row + 1) * slots).find((one) => !taken.has(one))!; // K candidates, fewer than K taken
    taken.add(item);
    return item;
  });
}

const defaults = {
  retrieval: "top" as Retrieval,
  /** Absent: the model's own, as all below. */
  similarity: undefined as Similarity | undefined,
  sampler: undefined as SamplerName | undefined,
  steps: undefined as number | undefined,
  /** w. */
  guidance: undefined as number | undefined,
  /** The quantile of popularity to go towards; absent, any. */
  popularity: undefined as number | undefined,
  name: "guided diffusion",
};

/** How a proposer makes slates. */
export type ProposerOptions = Partial<typeof defaults>;

/** Sessions between which others may take their turn. */
const sessionsAtOnce = 2048;

/**
 * A fitted diffusion model as a proposer of slates.
 * @throws ConfigError for wrong options; what `sample` and `nearestSlates` throw, when slates are made
 * @example
 * import { DiffusionModel, diffusionProposer, initBackend, Niser, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const train = { role: "train", ...sessions } as const;
 * const valid = { role: "valid", items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" } as const;
 * const base = new Niser({ dimension: 8, epochs: 3 });
 * await base.fit(train, valid, { rng: new Rng(1) });
 * const model = new DiffusionModel({ width: 16, epochs: 2, times: 50, steps: 5 });
 * await model.fit(base, train, valid, { rng: new Rng(2) });
 * const slate = await diffusionProposer(model, { guidance: 2 }).slates({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }, 3, new Rng(3));
 * assert.deepEqual([...slate].sort(), [0, 1, 2]);
 * model.dispose();
 * base.dispose();
 */
export function diffusionProposer(model: DiffusionModel, given: ProposerOptions = {}): SlateProposer {
  const { orAbsent, oneOf, positiveInteger } = rules;
  const { name, retrieval, similarity = model.options.similarity, ...options } = resolveOptions("diffusionProposer", defaults, given, {
    ...{ retrieval: oneOf("top", "draws"), similarity: oneOf(undefined, ...similarities), sampler: oneOf(undefined, ...samplers), steps: orAbsent(positiveInteger) },
    guidance: orAbsent((value) => (Number.isFinite(value) ? undefined : "a finite number")),
  });
  return {
    name,
    async slates(sessions: Sessions, slots: number, rng: Rng) {
      const count = sessionCount(sessions);
      const slates = new Int32Array(count * slots);
      for (let from = 0; from < count; from += sessionsAtOnce) {
        await nextTurn();
        const part = slice(sessions, from, Math.min(count, from + sessionsAtOnce));
        const samples = model.sample(part, rng.child(`sessions from ${from}`), { ...options, each: retrieval === "top" ? 1 : slots });
        slates.set(nearestSlates(samples, model.vectors(), { slots, retrieval, similarity }), from * slots);
      }
      return slates;
    },
  };
}

/** Sessions [from, to). */
function slice({ offsets, item, user }: Sessions, from: number, to: number): Sessions {
  const first = offsets[from]!;
  return { offsets: offsets.subarray(from, to + 1).map((one) => one - first), item: item.subarray(first, offsets[to]), user: user?.subarray(from, to) };
}
