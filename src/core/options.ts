/** Options: a typed object over `defaults`; an unknown key is an error that names the nearest known one. */
import { ConfigError } from "./errors";

/** A check on one option's value: returns what was expected when the value is wrong, else undefined. */
export type Rule = (value: unknown) => string | undefined;

/** Rules for the usual ranges. */
export const rules = {
  positiveInteger: (value: unknown) => (Number.isInteger(value) && (value as number) > 0 ? undefined : "a positive integer"),
  wholeNumber: (value: unknown) => (Number.isInteger(value) && (value as number) >= 0 ? undefined : "an integer of 0 or more"),
  positive: (value: unknown) => (isFinite(value) && value > 0 ? undefined : "a number above 0"),
  notNegative: (value: unknown) => (isFinite(value) && value >= 0 ? undefined : "a number of 0 or more"),
  /** [0, 1) */
  fraction: (value: unknown) => (isFinite(value) && value >= 0 && value < 1 ? undefined : "a number in [0, 1)"),
  /** What the rule lets pass, or an option that is not set. */
  orAbsent: (rule: Rule): Rule => (value) => (value === undefined ? undefined : rule(value)),
  oneOf: (...allowed: readonly unknown[]): Rule => (value) =>
    allowed.includes(value) ? undefined : `one of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`,
} as const;

function isFinite(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * Lays `given` over `defaults` and checks it. A key of value `undefined` keeps its default.
 * @param owner what the options belong to; it opens the error message
 * @throws ConfigError for an unknown key (names the nearest), a wrong type, or a value that breaks its rule
 * @example
 * import { resolveOptions } from "sessionlab";
 * assert.deepEqual(resolveOptions("Demo", { k: 20, name: "a" }, { k: 5 }), { k: 5, name: "a" });
 * assert.throws(() => resolveOptions("Demo", { dropout: 0.2 }, { dropuot: 0.1 } as object), /did you mean "dropout"/);
 */
export function resolveOptions<T extends object>(
  owner: string,
  defaults: T,
  given: Partial<T> = {},
  checks: { readonly [K in keyof T]?: Rule } = {},
): Readonly<T> {
  const known = Object.keys(defaults);
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) {
      throw new ConfigError(`Expected an option of ${owner}, found "${key}"; did you mean "${nearest(key, known)}"?`);
    }
    const fallback = defaults[key as keyof T];
    if (value !== undefined && fallback !== undefined && fallback !== null && typeof value !== typeof fallback) {
      throw new ConfigError(`Expected ${owner}.${key} to be a ${typeof fallback}, found ${JSON.stringify(value)} (${typeof value})`);
    }
  }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const resolved = { ...defaults, ...present } as T;
  for (const [key, rule] of Object.entries(checks) as [keyof T & string, Rule][]) {
    const expected = rule(resolved[key]);
    if (expected !== undefined) {
      throw new ConfigError(`Expected ${owner}.${key} to be ${expected}, found ${JSON.stringify(resolved[key]) ?? String(resolved[key])}`);
    }
  }
  return Object.freeze(resolved);
}

/**
 * The candidate with the smallest edit distance to `word`.
 * @example
 * import { nearest } from "sessionlab";
 * assert.equal(nearest("sasrek", ["pop", "sasrec", "markov"]), "sasrec");
 */
export function nearest(word: string, candidates: readonly string[]): string {
  let best = candidates[0] ?? "";
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length]!;
}
