/**
 * NISER+: normalised item and session representations (Gupta et al., 2019), SR-GNN's network on the unit sphere.
 *   e_i = E_i / |E_i|;  graph network and soft attention of SR-GNN over e, with a position vector added to each state;
 *   score(j) = sigma s~ . e_j,  s~ = s / |s|, under a softmax                                             (Eq. 5, 6)
 * A popular item can no longer win by the length of its vector. Item dropout and positions make NISER into NISER+.
 * Symbols: V items, D dimensions, B sessions, L positions of the longest session.
 * Departs: item dropout drops coordinates of the items' vectors before they are normalised, as in RecBole-GNN; the paper
 *   says dropout of item embeddings and no more.
 * Departs: what SR-GNN departs in.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { lastPositions, sequenceOfPositions, type Sequences } from "../data/sequences";
import { evenly } from "../tensor/initial";
import { dropout } from "../tensor/ops/dropout";
import { normaliseRows } from "../tensor/ops/normalise";
import { gatherRows } from "../tensor/ops/rows";
import type { HostTensor } from "../tensor/parameters";
import { debiasRules } from "./debias";
import { NeuralRecommender, neuralRules, scheduleRules, type Values } from "./neural";
import { sessionGraphs } from "./session-graph";
import { graphStates, graphWeights, readout, srGnnDefaults } from "./sr-gnn";
import { choice, logUniform, type Space } from "./space";

/** NISER+'s options; dimension, rate, sigma and item dropout as in the paper. */
export const niserDefaults = {
  ...srGnnDefaults,
  /** What cosines are multiplied by. */
  sigma: 16,
  /** Share of an item vector's coordinates that is dropped. */
  itemDropout: 0.1,
  /** Whether a position's vector counts from the session's start or from its end; "none" is NISER. */
  positions: "start" as "start" | "end" | "none",
};

/** Options of `Niser`. */
export type NiserOptions = typeof niserDefaults;

/** What a search draws from, around the published settings; the rest stays as published. */
export const niserRanges: Space<NiserOptions> = {
  rate: logUniform(5e-4, 8e-3),
  batch: choice(100, 256, 512),
  l2: choice(0, 1e-6, 1e-5),
  sigma: choice(12, 16, 20),
  itemDropout: choice(0.1, 0.2, 0.3),
  positions: choice("start", "end"),
};

/** Options over the defaults at each budget. */
export const niserBudgets = { minute: { epochs: 4, patience: 2 }, hour: { epochs: 10 }, paper: {} };

/**
 * The recommender.
 * @example
 * import { initBackend, Niser, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new Niser({ dimension: 8, epochs: 60, patience: 60, rate: 0.05, rateDecay: 1 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class Niser extends NeuralRecommender<NiserOptions> {
  readonly name = "NISER+";

  constructor(options: Partial<NiserOptions> = {}) {
    const { positiveInteger, positive, notNegative, fraction, oneOf } = rules;
    const checks = { ...neuralRules, ...scheduleRules, ...debiasRules, l2: notNegative, steps: positiveInteger, sigma: positive, itemDropout: fraction, positions: oneOf("start", "end", "none") };
    super(resolveOptions("NISER+", niserDefaults, options, checks));
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<Niser> {
    return NeuralRecommender.read(folder, "NISER+", (options) => new Niser(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    const { dimension } = this.options;
    return evenly(items * dimension, 1 / Math.sqrt(dimension), rng);
  }

  protected initialWeights(_: number, rng: Rng): Record<string, HostTensor> {
    const { dimension, maxLength, positions } = this.options;
    const weights = graphWeights(dimension, rng);
    const data = (): Float32Array => evenly(maxLength * dimension, 1 / Math.sqrt(dimension), rng.child("position"));
    return positions === "none" ? weights : { ...weights, position: { shape: [maxLength, dimension], data: data() } };
  }

  /** sigma stands with the sessions, so that scores are the softmax's logits. */
  protected encode(values: Values, sequences: Sequences, rng?: Rng): tf.Tensor2D {
    return niserVectors(values, sequences, this.options, rng).mul(this.options.sigma);
  }

  protected override outputTable(values: Values): tf.Tensor2D {
    return normaliseRows(values["item"] as tf.Tensor2D);
  }
}

/**
 * The network: a unit vector for each session.
 * @param rng where given, dropout is on: only inside `fit`
 * @returns [B, D]
 */
export function niserVectors(values: Values, sequences: Sequences, options: Pick<NiserOptions, "steps" | "itemDropout" | "positions">, rng?: Rng): tf.Tensor2D {
  const graphs = sessionGraphs(sequences);
  const session = sequenceOfPositions(sequences.offsets);
  const items = gatherRows(values["item"] as tf.Tensor2D, graphs.nodes); // [N, D]
  const kept = rng === undefined ? items : dropout(items, options.itemDropout, rng.child("items"));
  const nodes = graphStates(values, normaliseRows(kept), graphs, options.steps); // [N, D]
  const states = gatherRows(nodes, graphs.positions); // [P, D]
  const placed = options.positions === "none" ? states : (states.add(gatherRows(values["position"] as tf.Tensor2D, placesOf(sequences.offsets, options.positions))) as tf.Tensor2D);
  const last = gatherRows(placed, lastPositions(sequences.offsets)); // [B, D]
  return normaliseRows(readout(values, placed, last, session));
}

/** The place of each position in its session, from 0. @returns [P] */
function placesOf(offsets: Uint32Array, from: "start" | "end"): Int32Array {
  const places = new Int32Array(offsets[offsets.length - 1]!);
  for (let b = 0; b < offsets.length - 1; b++) {
    for (let p = offsets[b]!; p < offsets[b + 1]!; p++) places[p] = from === "start" ? p - offsets[b]! : offsets[b + 1]! - 1 - p;
  }
  return places;
}
