/** The network "adaln" by one kernel of src/tensor/native, and its gradient by another; denoisers.ts has the equations and the plain twin. */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../../tensor/gradient";
import { attribute, kernel } from "../../tensor/kernel";
import type { Conditions } from "./denoisers";
import type { Places } from "./waves";

/** What the kernel is told of times and popularities. */
export interface AdalnPlaces {
  readonly time: Places;
  /** Absent where the model knows no popularity. */
  readonly asked?: Places;
}

/**
 * x0^. Gradients reach x and every weight.
 * @param values by the names of `denoiserWeights`
 * @param x [B, D]
 * @param learns false where no gradient is asked for: then nothing is kept for one, and it is wrong to ask
 * @returns [B, D]
 */
export function adaln(values: Readonly<Record<string, tf.Tensor>>, x: tf.Tensor2D, places: AdalnPlaces, { states, withState, popularity, rows }: Conditions, blocks: number, learns: boolean): tf.Tensor2D {
  const weights = weightNames(blocks, places.asked !== undefined).map((name) => values[name]!);
  const asked = places.asked ?? { distinct: new Float32Array(1), rowOf: new Int32Array(withState.length) };
  const withAsked = popularity?.map((one) => (one < 0 ? 0 : 1)) ?? new Float32Array(withState.length);
  const numbers = tf.tensor1d(joined(Float32Array, [withState, withAsked, places.time.distinct, asked.distinct]), "float32");
  const ids = tf.tensor1d(joined(Int32Array, [places.time.rowOf, asked.rowOf, ...(rows === undefined ? [] : [rows])]), "int32");
  const attributes = [attribute.int("N", weights.length)];
  const run = (input: tf.Tensor): [tf.Tensor2D, tf.Tensor] =>
    kernel("SessionlabAdaln", [...attributes, attribute.float("keeps", learns ? 1 : 0)], [input, states, numbers, ids, ...weights], 2) as [tf.Tensor2D, tf.Tensor];
  if (!learns) return run(x)[0];
  return withGradient(
    [x, ...weights],
    (input, ..._) => {
      const [value, kept] = run(input);
      return { value, keep: [kept, input, states, numbers, ids] };
    },
    (dy, kept) => kernel("SessionlabAdalnGradient", attributes, [dy, ...kept, ...weights], 1 + weights.length),
  );
}

function joined<T extends Float32Array | Int32Array>(make: new (length: number) => T, parts: readonly T[]): T {
  const all = new make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** In the kernel's order. */
function weightNames(blocks: number, popularity: boolean): readonly string[] {
  const ofBlocks = Array.from({ length: blocks }, (_, b) => ["modulation", "inner", "outer"].map((part) => `${b}/${part}`)).flat();
  const layers = ["time/inner", "time/outer", "state", "input", "output", ...ofBlocks, ...(popularity ? ["popularity"] : [])];
  return [...layers.flatMap((name) => [`${name}/weight`, `${name}/bias`]), "state/null", ...(popularity ? ["popularity/null"] : [])];
}
