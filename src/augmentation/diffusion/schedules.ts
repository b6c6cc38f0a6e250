/**
 * How fast a diffusion loses its signal: x_t = sqrt(a_t) x_0 + sqrt(1 - a_t) e, with a_t (written alpha-bar in papers) the
 * product of 1 - beta_i up to t (Ho, Jain and Abbeel, 2020). The schedules are those of DreamRec's code (2310.20453):
 *   linear    beta from 1e-4 to .02 whatever T is
 *   rescaled  beta of "linear" times 1000 / T
 *   cosine    a = cos^2((t/T + .008) / 1.008 pi/2) of a share of itself, beta in [1e-4, .9999] (Nichol and Dhariwal, 2021)
 *   exponential  beta = 1 - exp(-.1/T - 4.95 x / T^2), x from 1 to 2T + 1
 *   sqrt      a = 1 - sqrt(t/T + 1e-4), beta at most .999 (Li et al., 2022)
 * Symbols: T times, 0..T-1; at time 0 there is a little noise already, at time T-1 there should be nothing else.
 */
import { ConfigError } from "../../core/errors";

/** Their names. */
export const schedules = ["linear", "rescaled", "cosine", "exponential", "sqrt"] as const;

/** The name of a schedule. */
export type ScheduleName = (typeof schedules)[number];

/** A schedule as numbers. */
export interface Schedule {
  readonly name: ScheduleName;
  /** [T] */
  readonly beta: Float64Array;
  /** [T] alpha-bar: the share of the variance that is still signal. */
  readonly signal: Float64Array;
}

/**
 * The numbers of a schedule.
 * @param times T, 2 or more
 * @throws ConfigError for a T under which a beta would be 1 or more ("rescaled" needs more than 20)
 * @example
 * import { diffusionSchedule } from "sessionlab";
 * const { signal } = diffusionSchedule("linear", 200);
 * assert.equal(signal[199]!.toFixed(3), "0.132"); // not rescaled, T = 200 keeps an eighth of the signal to the end
 */
export function diffusionSchedule(name: ScheduleName, times: number): Schedule {
  if (!Number.isInteger(times) || times < 2) throw new ConfigError(`Expected 2 diffusion times or more, found ${times}`);
  const beta = betas(name, times);
  const wrong = beta.findIndex((one) => !(one > 0 && one < 1));
  if (wrong >= 0) throw new ConfigError(`Expected every beta of the ${name} schedule in (0, 1), found ${beta[wrong]} at time ${wrong} of ${times}; take more times`);
  let kept = 1;
  return { name, beta, signal: beta.map((one) => (kept *= 1 - one)) };
}

function betas(name: ScheduleName, times: number): Float64Array {
  const along = (from: number, to: number): Float64Array => Float64Array.from({ length: times }, (_, t) => from + ((to - from) * t) / (times - 1));
  /** From a function of the share of time that has gone. */
  const fromSignal = (signal: (share: number) => number, least: number, most: number): Float64Array =>
    Float64Array.from({ length: times }, (_, t) => Math.min(most, Math.max(least, 1 - signal((t + 1) / times) / signal(t / times))));
  switch (name) {
    case "linear":
      return along(1e-4, 0.02);
    case "rescaled":
      return along(0.1 / times, 20 / times);
    case "cosine":
      return fromSignal((share) => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2, 1e-4, 0.9999);
    case "exponential":
      return along(1, 2 * times + 1).map((x) => 1 - Math.exp(-0.1 / times - (4.95 * x) / times ** 2));
    case "sqrt":
      return fromSignal((share) => 1 - Math.sqrt(share + 1e-4), 0, 0.999);
  }
}
