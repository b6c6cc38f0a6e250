/**
 * The passport of a number: everything that it depends on, kept beside it. Same seed, backend, library version,
 * processor and threads: same bits; so all five are here, and a table refuses to mix what was not measured alike.
 */
import { DataError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import type { Budget } from "../core/budget";
import type { Split } from "../data/types";
import { libraryVersion, type BackendInfo } from "../tensor/backend";
import type { TieRule } from "./ranks";

/** How a run was made. All of it is JSON. */
export interface Passport {
  readonly model: string;
  /** The data set, and sha256 over its training sessions. */
  readonly data: { readonly name: string; readonly hash: string };
  /** How it was cut, in words and options. */
  readonly split: Readonly<Record<string, unknown>>;
  /** What each target was ranked among: "full ranking over 43097 training items". */
  readonly candidates: string;
  readonly ties: TieRule;
  readonly tieRate: number;
  readonly ks: readonly number[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly seeds: readonly number[];
  readonly budget: Budget;
  /** Of SessionLab. */
  readonly version: string;
  readonly backend: string;
  readonly threads: number;
  readonly cpu: string;
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
}

/** What `passportOf` takes: the parts that it cannot know itself. */
export interface PassportParts extends Pick<Passport, "model" | "options" | "seeds" | "budget" | "seconds"> {
  readonly split: Pick<Split, "name" | "protocol"> & { readonly train: { readonly hash: string } };
  readonly evaluation: { readonly items: number; readonly ties: TieRule; readonly tieRate: number; readonly ks: readonly number[] };
  readonly backend: Pick<BackendInfo, "name" | "device" | "threads" | "cpu">;
  readonly startedAt: Date;
}

/**
 * A passport from a run's parts; versions are filled in.
 * @example
 * import { passportOf } from "sessionlab";
 * const passport = passportOf({
 *   model: "Markov", options: { backoff: 0.01 }, seeds: [1], budget: "minute", seconds: 2, startedAt: new Date(0),
 *   split: { name: "demo", protocol: { by: "time" }, train: { hash: "abc" } },
 *   evaluation: { items: 100, ties: "expected", tieRate: 0, ks: [10] },
 *   backend: { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" },
 * });
 * assert.equal(passport.candidates, "full ranking over 100 training items");
 */
export function passportOf({ split, evaluation, backend, startedAt, ...parts }: PassportParts): Passport {
  return {
    ...parts,
    data: { name: split.name, hash: split.train.hash },
    split: split.protocol,
    candidates: `full ranking over ${evaluation.items} training items`,
    ties: evaluation.ties,
    tieRate: evaluation.tieRate,
    ks: evaluation.ks,
    version: libraryVersion(),
    backend: `${backend.name} ${backend.device}`,
    threads: backend.threads,
    cpu: backend.cpu,
    node: process.version,
    startedAt: startedAt.toISOString(),
  };
}

/** What a passport records but what does not decide the numbers: when, for how long, what came out. */
const incidental = ["tieRate", "node", "startedAt", "seconds"] as const;

/**
 * The hash of what decides the numbers: two runs of one key have the same bits.
 * @returns 64 hexadecimal digits
 * @example
 * import { passportKey, passportOf } from "sessionlab";
 * const passport = passportOf({
 *   model: "Markov", options: { backoff: 0.01 }, seeds: [1], budget: "minute", seconds: 2, startedAt: new Date(0),
 *   split: { name: "demo", protocol: { by: "time" }, train: { hash: "abc" } },
 *   evaluation: { items: 100, ties: "expected", tieRate: 0, ks: [10] },
 *   backend: { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" },
 * });
 * assert.equal(passportKey({ ...passport, seconds: 99 }), passportKey(passport));
 * assert.notEqual(passportKey({ ...passport, threads: 2 }), passportKey(passport));
 */
export function passportKey(passport: Passport): string {
  return hashOf(Object.fromEntries(Object.entries(passport).filter(([key]) => !(incidental as readonly string[]).includes(key))) as Hashable);
}

/** What two runs must share to stand in one table or test. */
const protocol = ["data", "split", "candidates", "ties", "ks", "budget"] as const;

/**
 * The first part of the protocol in which two passports differ, or undefined.
 * @example
 * import { passportDifference, passportOf } from "sessionlab";
 * const passport = passportOf({
 *   model: "Markov", options: { backoff: 0.01 }, seeds: [1], budget: "minute", seconds: 2, startedAt: new Date(0),
 *   split: { name: "demo", protocol: { by: "time" }, train: { hash: "abc" } },
 *   evaluation: { items: 100, ties: "expected", tieRate: 0, ks: [10] },
 *   backend: { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" },
 * });
 * assert.equal(passportDifference(passport, { ...passport, ks: [20] }), "ks");
 */
export function passportDifference(a: Passport, b: Passport): (typeof protocol)[number] | undefined {
  return protocol.find((key) => hashOf(a[key] as Hashable) !== hashOf(b[key] as Hashable));
}

/**
 * A passport from JSON text.
 * @param file the name that an error gives
 * @throws DataError naming the part that is missing or of another type
 * @example
 * import { parsePassport } from "sessionlab";
 * assert.throws(() => parsePassport("{}", "results/a.json"), /results\/a.json \(model\): Expected a passport's model, found nothing/);
 */
export function parsePassport(text: string, file?: string): Passport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError("Expected a passport as JSON, found something else; run the experiment again", { file }, { cause: error });
  }
  for (const [field, is] of Object.entries(shapes)) {
    const found = (value as Readonly<Record<string, unknown>> | null)?.[field];
    if (!is(found)) throw new DataError(`Expected a passport's ${field}, found ${JSON.stringify(found) ?? "nothing"}; run the experiment again`, { file, field });
  }
  return value as Passport;
}

const isText = (value: unknown): boolean => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";
const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const areNumbers = (value: unknown): boolean => Array.isArray(value) && value.every(isNumber);

const shapes: Readonly<Record<keyof Passport, (value: unknown) => boolean>> = {
  model: isText,
  data: (value) => isRecord(value) && isText((value as Passport["data"]).name) && isText((value as Passport["data"]).hash),
  split: isRecord,
  candidates: isText,
  ties: isText,
  tieRate: isNumber,
  ks: areNumbers,
  options: isRecord,
  seeds: areNumbers,
  budget: isText,
  version: isText,
  backend: isText,
  threads: isNumber,
  cpu: isText,
  node: isText,
  startedAt: isText,
  seconds: isNumber,
};
