/**
 * A world small enough to learn in a second: after item i comes, seven times in ten, one popular item, else one rare item, both
 * told by i. The recommender below it is made, not learnt: the state of a session is the vector of its last item.
 */
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../../src/core/rng";
import type { Cases, Items, Sessions, TrainSessions } from "../../../src/data/types";
import type { SessionEncoder } from "../../../src/augmentation/diffusion/lesson";
import { neuralDefaults } from "../../../src/models/neural";
import { columns } from "../../contract/worlds";

export const toyItems: Items = { ids: Array.from({ length: 40 }, (_, item) => `item ${item}`), trained: 40 };
const dimension = 8;
/** Items 0..9 are popular. */
export const popularAfter = (item: number): number => (item * 3 + 1) % 10;
export const rareAfter = (item: number): number => 10 + ((item * 7 + 5) % 30);

function walks(count: number, rng: Rng): number[][] {
  return Array.from({ length: count }, () => {
    const session = [rng.int(40)];
    while (session.length < 5) session.push((rng.uniform() < 0.7 ? popularAfter : rareAfter)(session.at(-1)!));
    return session;
  });
}

export const toyTrain: TrainSessions = { role: "train", hash: "toy", items: toyItems, ...columns(walks(600, new Rng("toy"))) };
const held = columns(walks(60, new Rng("held")));
const one = Int32Array.from({ length: 60 }, (_, s) => s);
export const toyValid: Cases<"valid"> = { role: "valid", hash: "toy", items: toyItems, sessions: held, session: one, end: one.map(() => 4), target: one.map((s) => held.item[held.offsets[s]! + 4]!) };

/** Unit vectors: what NISER+ ranks by. */
export function toyBase(): SessionEncoder {
  const data = new Rng("vectors").normals(40 * dimension);
  for (let item = 0; item < 40; item++) {
    const row = data.subarray(item * dimension, (item + 1) * dimension);
    const norm = Math.hypot(...row);
    row.forEach((value, at) => (row[at] = value / norm));
  }
  return {
    name: "toy",
    options: { ...neuralDefaults, maxLength: 5 },
    items: toyItems,
    outputVectors: () => ({ shape: [40, dimension], data }),
    states: ({ offsets, item }: Sessions) => {
      const rows = new Float32Array((offsets.length - 1) * dimension);
      for (let s = 0; s < offsets.length - 1; s++) {
        const last = item.subarray(offsets[s], offsets[s + 1]).filter((id) => id < 40).at(-1);
        if (last !== undefined) rows.set(data.subarray(last * dimension, (last + 1) * dimension), s * dimension);
      }
      return tf.tensor2d(rows, [offsets.length - 1, dimension]);
    },
  };
}

/** A session of each item alone. */
export const eachItem: Sessions = columns(Array.from({ length: 40 }, (_, item) => [item]));
