/**
 * How a persona enters a sequential recommender, where the persona paper (P1, 2604.06928) does not say:
 *   prefix   a token before the first item:           x = [p W_i + b_i ; x_1 .. x_L]
 *   bias     added to every item vector that goes in:  x_l + p W_i + b_i
 *   gate     worked into the states:                   h_l + sigma([h_l ; p] W_g + b_g) * (p W_o + b_o)
 *   concat   beside the states, before scoring:        [h_l ; p] W_c + b_c
 * W_i and W_o begin small, W_c as what passes h_l: the network begins as the one without personas.
 * Symbols: B windows, L positions, D dimensions, P dimensions of a persona p.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../core/rng";
import { linear } from "../tensor/ops/linear";
import type { HostTensor } from "../tensor/parameters";
import type { Values } from "./neural";
import type { Injection } from "./sasrec";
import { transformerWeights } from "./transformer-weights";

/** Where a persona enters. */
export const injections = ["prefix", "bias", "gate", "concat"] as const;

/** One of them. */
export type PersonaInjection = (typeof injections)[number];

/** First values of its weights. */
export function initialInjection(inject: PersonaInjection, dimension: number, width: number, rng: Rng): Record<string, HostTensor> {
  const { weights, dense } = transformerWeights(rng);
  if (inject !== "concat") dense("persona/input", width, dimension);
  if (inject === "gate") dense("persona/gate", dimension + width, dimension);
  if (inject === "concat") {
    dense("persona/output", dimension + width, dimension);
    const { data } = weights["persona/output/weight"]!;
    for (let d = 0; d < dimension; d++) data[d * dimension + d]! += 1;
  }
  return weights;
}

/**
 * What it does to the network.
 * @param persona [B, P], one a window, or [B * L, P], one a position, which a prefix cannot take
 */
export function injectionOf(inject: PersonaInjection, values: Values, persona: tf.Tensor2D, batch: number): Injection {
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => linear(x, values[`persona/${name}/weight`] as tf.Tensor2D, values[`persona/${name}/bias`] as tf.Tensor1D);
  const projected = (): tf.Tensor3D => {
    const all = dense(persona, "input");
    return all.reshape([batch, -1, all.shape[1]]); // [B, 1 or L, D]
  };
  const beside = (states: tf.Tensor3D): tf.Tensor2D => {
    const [, length, dimension] = states.shape;
    const width = persona.shape[1];
    const own = persona.shape[0] === batch && length > 1 ? persona.reshape([batch, 1, width]).tile([1, length, 1]).reshape([-1, width]) : persona;
    return tf.concat([states.reshape([-1, dimension]), own], 1) as tf.Tensor2D; // [B*L, D + P]
  };
  const like = (x: tf.Tensor2D, { shape }: tf.Tensor3D): tf.Tensor3D => x.reshape(shape);
  if (inject === "prefix") return { input: (x) => tf.concat([projected(), x], 1) };
  if (inject === "bias") return { input: (x) => x.add(projected()) };
  if (inject === "gate") return { output: (states) => states.add(like(dense(beside(states), "gate").sigmoid() as tf.Tensor2D, states).mul(projected())) };
  return { output: (states) => like(dense(beside(states), "output"), states) };
}
