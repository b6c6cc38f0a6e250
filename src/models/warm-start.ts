/**
 * A training that goes on from another's weights for a number of optimiser steps, whatever it learns from: so that what is
 * compared had the same start and the same compute, and only the sessions differ.
 */
import { ConfigError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import type { Rng } from "../core/rng";
import { sessionCount, type Sessions, type TrainSessions } from "../data/types";
import type { HostTensor, ParameterSet } from "../tensor/parameters";

/** What a fit starts from. */
export interface WarmStart {
  /** Of a model with the same weights: `NeuralRecommender.learnt`. */
  readonly weights: Readonly<Record<string, HostTensor>>;
  /** Steps of the optimiser in all, which epochs share evenly; the last one is kept unless validation prefers an earlier. */
  readonly steps: number;
}

/** Puts the weights of a start in place. @throws ConfigError for those of another model */
export function startFrom(weights: ParameterSet, { weights: given }: WarmStart): void {
  const shapes = (named: Iterable<readonly [string, { readonly shape: readonly number[] }]>): string => [...named].map(([name, { shape }]) => `${name} [${shape.join(", ")}]`).sort().join("; ");
  const [own, other] = [shapes(weights.byName), shapes(Object.entries(given))];
  if (own !== other) throw new ConfigError(`Expected weights ${own} to start from, found ${other}; start from a model of the same options and items`);
  weights.fromHost(given);
}

/** What the start is, hashed; "none" for one by chance. */
export function startHash(start: WarmStart | undefined): string {
  return start === undefined ? "none" : hashOf({ weights: start.weights as unknown as Hashable, steps: start.steps });
}

/**
 * Batches of an epoch of `count` steps: those of the data, epoch after epoch, as far as they are needed.
 * @param batches of one epoch of the data
 * @throws ConfigError where epochs do not share the steps evenly
 */
export function countedBatches<B>(batches: (rng: Rng) => readonly B[], { steps }: WarmStart, epochs: number): (rng: Rng) => readonly B[] {
  const count = steps / epochs;
  if (!Number.isInteger(count) || count < 1) throw new ConfigError(`Expected steps that ${epochs} epochs share evenly, found ${steps}; take ${epochs * Math.max(1, Math.round(count))}`);
  return (rng) => {
    const all: B[] = [];
    for (let round = 0; all.length < count; round++) {
      const more = batches(rng.child(round));
      if (more.length === 0) throw new ConfigError("Expected sessions to learn from, found none of two items");
      all.push(...more.slice(0, count - all.length));
    }
    return all;
  };
}

/**
 * Real sessions and others in one set, over the same items.
 * @param key what the others are, hashed
 * @example
 * import { mixedSessions } from "sessionlab";
 * const items = { ids: ["a", "b"], trained: 2 };
 * const train = { role: "train" as const, hash: "demo", items, offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) };
 * const { offsets, item } = mixedSessions(train, { offsets: Uint32Array.of(0, 2), item: Int32Array.of(1, 0) }, "added");
 * assert.deepEqual([[...offsets], [...item]], [[0, 2, 4], [0, 1, 1, 0]]);
 */
export function mixedSessions(train: TrainSessions, added: Sessions, key: string): TrainSessions {
  const count = sessionCount(train);
  const shift = train.offsets[count]!;
  const offsets = new Uint32Array(count + sessionCount(added) + 1);
  offsets.set(train.offsets);
  added.offsets.forEach((offset, s) => (offsets[count + s] = shift + offset));
  const item = new Int32Array(shift + added.item.length);
  item.set(train.item);
  item.set(added.item, shift);
  return { role: "train", items: train.items, offsets, item, hash: hashOf({ train: train.hash, added: key }) };
}
