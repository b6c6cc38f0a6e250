/**
 * From noise to item vectors, by a network that predicts x0, and the guidance that it is asked under.
 *   noising   x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e                                            (Ho et al., 2020, Eq. 4)
 *   guidance  x0^ = (1 + w) f(x_t, condition) - w f(x_t, none)                               (Ho and Salimans, 2022)
 *   ddpm      with r = a_t / a_s, s the time after t:  x_s ~ N(sqrt(a_s) (1 - r) / (1 - a_t) x0^ + sqrt(r) (1 - a_s) / (1 - a_t) x_t,
 *             (1 - r) (1 - a_s) / (1 - a_t))                                                   (Ho et al., Eq. 7)
 *   ddim      x_s = sqrt(a_s) x0^ + sqrt(1 - a_s) (x_t - sqrt(a_t) x0^) / sqrt(1 - a_t)        (Song et al., 2021, Eq. 12, eta 0)
 * After the last time a_s is 1: both end in x0^ itself, without noise.
 * Symbols: B rows, D dimensions, T times, n of them that a sampler visits, a the signal's share (alpha-bar).
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { Rng } from "../../core/rng";
import type { Schedule } from "./schedules";

/** Their names. */
export const samplers = ["ddim", "ddpm"] as const;

/** The name of a sampler. */
export type SamplerName = (typeof samplers)[number];

/** x0^ of rows that all stand at one time. [B, D] -> [B, D] */
export type Predict = (x: tf.Tensor2D, time: number) => tf.Tensor2D;

/** What a sampler draws: standard normal numbers, [B * D] at each call. */
export type Noise = () => Float32Array;

/** One step, for those who look on; its tensors die with the step. */
export interface SampledStep {
  readonly time: number;
  /** [B, D] before the step. */
  readonly x: tf.Tensor2D;
  /** [B, D] */
  readonly predicted: tf.Tensor2D;
}

/**
 * The times that a sampler visits, from T - 1 down to 0, evenly; the network is asked at these very times.
 * @param steps from 1 to T
 * @throws ConfigError for another number
 * @example
 * import { sampledTimes } from "sessionlab";
 * assert.deepEqual(sampledTimes(1000, 4), [999, 666, 333, 0]);
 */
export function sampledTimes(times: number, steps: number): readonly number[] {
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= times)) throw new ConfigError(`Expected steps to be a whole number in 1..${times}, the times of the schedule, found ${steps}`);
  return Array.from({ length: steps }, (_, i) => (steps === 1 ? times - 1 : Math.round(((times - 1) * (steps - 1 - i)) / (steps - 1))));
}

/** Rows with noise of their own times. @param x0 [B, D] @param times [B] @param noise [B, D] @returns [B, D] */
export function noised(x0: tf.Tensor2D, times: ArrayLike<number>, noise: tf.Tensor2D, { signal }: Pick<Schedule, "signal">): tf.Tensor2D {
  const column = (of: (share: number) => number): tf.Tensor2D => tf.tensor2d(Float32Array.from(times, (t) => Math.sqrt(of(signal[t]!))), [times.length, 1]);
  return x0.mul(column((share) => share)).add(noise.mul(column((share) => 1 - share))) as tf.Tensor2D;
}

/** Both predictions as one; with w = 0 and w = -1 only the one that counts is made. */
export function guided(conditional: Predict, unconditional: Predict, weight: number): Predict {
  if (weight === 0) return conditional;
  if (weight === -1) return unconditional;
  return (x, time) => conditional(x, time).mul(1 + weight).sub(unconditional(x, time).mul(weight)) as tf.Tensor2D;
}

/**
 * Runs a sampler.
 * @param start [B, D] noise to begin with; not disposed
 * @param noise asked once a step but the last by "ddpm", never by "ddim"
 * @param visit called before each step's result replaces x
 * @returns [B, D]; the caller disposes it
 */
export function runSampler(predict: Predict, start: tf.Tensor2D, schedule: Schedule, { sampler, steps }: { readonly sampler: SamplerName; readonly steps: number }, noise: Noise, visit?: (step: SampledStep) => void): tf.Tensor2D {
  const { signal } = schedule;
  const times = sampledTimes(signal.length, steps);
  let x = start.clone();
  times.forEach((time, at) => {
    const next = tf.tidy(() => {
      const predicted = predict(x, time);
      visit?.({ time, x, predicted });
      const after = times[at + 1];
      if (after === undefined) return predicted.clone();
      const [own, later] = [signal[time]!, signal[after]!];
      return sampler === "ddim" ? ddimStep(x, predicted, own, later) : ddpmStep(x, predicted, own, later, tf.tensor2d(noise(), x.shape));
    });
    x.dispose();
    x = next;
  });
  return x;
}

/** x at the next time, by DDIM with eta 0. @param own a_t @param later a_s */
export function ddimStep(x: tf.Tensor2D, predicted: tf.Tensor2D, own: number, later: number): tf.Tensor2D {
  const onX = Math.sqrt((1 - later) / (1 - own));
  return predicted.mul(Math.sqrt(later) - onX * Math.sqrt(own)).add(x.mul(onX)) as tf.Tensor2D;
}

/** x at the next time, by DDPM. @param noise [B, D] */
export function ddpmStep(x: tf.Tensor2D, predicted: tf.Tensor2D, own: number, later: number, noise: tf.Tensor2D): tf.Tensor2D {
  const ratio = own / later;
  const onPredicted = (Math.sqrt(later) * (1 - ratio)) / (1 - own);
  const onX = (Math.sqrt(ratio) * (1 - later)) / (1 - own);
  const deviation = Math.sqrt(((1 - ratio) * (1 - later)) / (1 - own));
  return predicted.mul(onPredicted).add(x.mul(onX)).add(noise.mul(deviation)) as tf.Tensor2D;
}

/**
 * Noise by row: a row's numbers hang on its name alone, not on who stands beside it.
 * @param names [B] what each row is called
 */
export function rowNoise(rng: Rng, names: ArrayLike<number>, dimension: number): Noise {
  const rows = Array.from(names, (name) => rng.child(name));
  return () => {
    const out = new Float32Array(rows.length * dimension);
    for (const [row, own] of rows.entries()) for (let i = 0; i < dimension; i++) out[row * dimension + i] = own.normal();
    return out;
  };
}

/** Noise that all sessions share: each has the same numbers for its samples 0, 1, ... @param sessions B @param each S @returns [B * S * D] at each call */
export function sharedNoise(sessions: number, each: number, dimension: number): Noise {
  const own = rowNoise(new Rng("shared"), Array.from({ length: each }, (_, draw) => draw), dimension);
  return () => {
    const numbers = own();
    const out = new Float32Array(sessions * numbers.length);
    for (let session = 0; session < sessions; session++) out.set(numbers, session * numbers.length);
    return out;
  };
}
