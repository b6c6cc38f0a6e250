/** Schedules: the share of the signal that is left, as DreamRec's formulas have it. */
import assert from "node:assert/strict";
import { ConfigError } from "../../../src/core/errors";
import { diffusionSchedule, schedules, type ScheduleName } from "../../../src/augmentation/diffusion/schedules";

/** alpha-bar after 25, 50, 75 and 100 % of T, from the formulas of DreamRec's code (454133c), computed apart from this library. */
const table: readonly (readonly [name: ScheduleName, times: number, shares: readonly (readonly [share: number, signal: number, tolerance: number])[]])[] = [
  ["linear", 200, [[0.25, 0.8801, 5e-5], [0.5, 0.6025, 5e-5], [0.75, 0.3204, 5e-5], [1, 0.132, 5e-4]]],
  ["linear", 500, [[0.25, 0.7246, 5e-5], [0.5, 0.2807, 5e-5], [0.75, 0.0579, 5e-5], [1, 6.35e-3, 5e-6]]],
  ["linear", 1000, [[0.25, 0.5241, 5e-5], [0.5, 0.0786, 5e-5], [0.75, 0.0034, 5.1e-5], [1, 4.04e-5, 5e-8]]],
  ["linear", 2000, [[0.25, 0.2742, 5e-5], [0.5, 0.0062, 5e-5], [0.75, 0, 5e-5], [1, 1.6e-9, 5e-11]]],
  ...[200, 500, 2000].map((times) => ["exponential", times, [[0.25, 0.715, 1e-3], [0.5, 0.275, 1e-3], [0.75, 0.057, 6e-4], [1, 6.3e-3, 1e-4]]] as const),
  ["cosine", 500, [[0.25, 0.847, 5e-4], [0.5, 0.494, 5e-4], [0.75, 0.144, 5e-4], [1, 1e-9, 5e-10]]],
  ["sqrt", 500, [[0.25, 0.505, 5e-4], [0.5, 0.296, 5e-4], [0.75, 0.135, 5e-4], [1, 1e-6, 6e-7]]],
];

describe("diffusion schedules", () => {
  for (const [name, times, shares] of table) {
    it(`${name}, T = ${times}: ${shares.map(([, signal]) => signal).join(", ")}`, () => {
      const { signal } = diffusionSchedule(name, times);
      for (const [share, expected, tolerance] of shares) {
        const found = signal[share * times - 1]!;
        assert.ok(Math.abs(found - expected) <= tolerance, `after ${100 * share} %: ${found}, expected ${expected}`);
      }
    });
  }

  it("rescaled: the linear schedule of 1000 times, whatever T is", () => {
    assert.deepEqual(diffusionSchedule("rescaled", 1000).signal, diffusionSchedule("linear", 1000).signal);
    for (const times of [200, 500, 2000]) {
      const { signal } = diffusionSchedule("rescaled", times);
      for (const [share, expected] of [[0.25, 0.5241], [0.5, 0.0786], [0.75, 0.0034]] as const) assert.ok(Math.abs(signal[share * times - 1]! - expected) < 3e-3, `${times}: ${share}`);
      assert.ok(signal[times - 1]! < 5e-5);
    }
  });

  it("only falls, is the product of 1 - beta, and refuses what is none", () => {
    for (const name of schedules) {
      const { beta, signal } = diffusionSchedule(name, 100);
      for (let t = 0; t < 100; t++) {
        const before = t === 0 ? 1 : signal[t - 1]!;
        assert.ok(signal[t]! < before && signal[t]! > 0, `${name} at ${t}`);
        assert.ok(Math.abs(signal[t]! / before - (1 - beta[t]!)) < 1e-12);
      }
    }
    for (const times of [1, 2.5, NaN]) assert.throws(() => diffusionSchedule("cosine", times), ConfigError);
    assert.throws(() => diffusionSchedule("rescaled", 20), /Expected every beta of the rescaled schedule in \(0, 1\), found 1 at time 19/);
  });
});
