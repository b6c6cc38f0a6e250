/**
 * Search spaces: what options may be, by name, and settings drawn from them. A setting depends on the seed and its number
 * alone, so a longer search tries what a shorter one tried, and more.
 */
import { ConfigError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import type { Rng } from "../core/rng";

/** The values of one option. */
export type Range<T = unknown> =
  | { readonly kind: "choice"; readonly values: readonly T[] }
  | { readonly kind: "uniform" | "logUniform" | "integer"; readonly low: number; readonly high: number };

/** What options may be; options that are not named keep their defaults. */
export type Space<O> = { readonly [K in keyof O]?: Range<O[K]> };

/**
 * One of some values, each as likely.
 * @throws ConfigError for no values
 * @example
 * import { choice, drawSettings, Rng } from "sessionlab";
 * assert.deepEqual(drawSettings({ loss: choice("softmax", "binary") }, 9, new Rng(1)).length, 2); // there are no more
 */
export function choice<T>(...values: readonly T[]): Range<T> {
  if (values.length === 0) throw new ConfigError("Expected values to choose among, found none; name one at least");
  return { kind: "choice", values };
}

/**
 * A number in [low, high], to four digits.
 * @throws ConfigError unless low < high
 * @example
 * import { drawSettings, Rng, uniform } from "sessionlab";
 * const [{ dropout }] = drawSettings({ dropout: uniform(0.1, 0.5) }, 1, new Rng(1)) as [{ dropout: number }];
 * assert.ok(dropout >= 0.1 && dropout <= 0.5);
 */
export function uniform(low: number, high: number): Range<number> {
  return range("uniform", low, high);
}

/**
 * A number in [low, high] whose logarithm is uniform, to four digits: for learning rates.
 * @throws ConfigError unless 0 < low < high
 * @example
 * import { drawSettings, logUniform, Rng } from "sessionlab";
 * const rates = drawSettings({ rate: logUniform(1e-4, 1e-2) }, 200, new Rng(1)).map(({ rate }) => rate!);
 * assert.ok(Math.abs(rates.filter((rate) => rate < 1e-3).length - 100) < 25); // half of them below the geometric middle
 */
export function logUniform(low: number, high: number): Range<number> {
  if (!(low > 0)) throw new ConfigError(`Expected logUniform to begin above 0, found ${low}`);
  return range("logUniform", low, high);
}

/**
 * A whole number in low..high, both included.
 * @throws ConfigError unless both are whole and low < high
 * @example
 * import { drawSettings, integer, Rng } from "sessionlab";
 * assert.deepEqual(drawSettings({ blocks: integer(1, 3) }, 50, new Rng(1)).map(({ blocks }) => blocks!).sort(), [1, 2, 3]);
 */
export function integer(low: number, high: number): Range<number> {
  if (!Number.isInteger(low) || !Number.isInteger(high)) throw new ConfigError(`Expected whole numbers, found ${low} and ${high}`);
  return range("integer", low, high);
}

function range(kind: "uniform" | "logUniform" | "integer", low: number, high: number): Range<number> {
  if (!(low < high && Number.isFinite(high - low))) throw new ConfigError(`Expected a range from low to high, found ${low} to ${high}`);
  return { kind, low, high };
}

/** Draws of one setting before a space counts as used up. */
const mostDraws = 100;

/**
 * Different settings, drawn independently.
 * @param most how many; a space of fewer gives all that were found
 * @example
 * import { choice, drawSettings, integer, Rng } from "sessionlab";
 * const space = { k: integer(10, 500), decay: choice("div", "log") };
 * assert.deepEqual(drawSettings(space, 20, new Rng(1)).slice(0, 5), drawSettings(space, 5, new Rng(1)));
 */
export function drawSettings<O>(space: Space<O>, most: number, rng: Rng): Partial<O>[] {
  const settings = new Map<string, Partial<O>>();
  const names = Object.keys(space) as (keyof O & string)[];
  for (let number = 0; settings.size < most; number++) {
    const before = settings.size;
    for (let draw = 0; draw < mostDraws && settings.size === before; draw++) {
      const own = rng.child(`setting ${number}`).child(draw);
      const setting = Object.fromEntries(names.map((name) => [name, drawFrom(space[name]!, own.child(name))])) as Partial<O>;
      const key = hashOf(setting as Hashable);
      if (!settings.has(key)) settings.set(key, setting);
    }
    if (settings.size === before) break;
  }
  return [...settings.values()];
}

function drawFrom(values: Range, rng: Rng): unknown {
  switch (values.kind) {
    case "choice":
      return values.values[rng.int(values.values.length)];
    case "uniform":
      return rounded(values.low + (values.high - values.low) * rng.uniform());
    case "logUniform":
      return rounded(values.low * (values.high / values.low) ** rng.uniform());
    case "integer":
      return values.low + rng.int(values.high - values.low + 1);
  }
}

/** To four digits: a setting can be read and typed again. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
