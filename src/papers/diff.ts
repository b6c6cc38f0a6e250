/**
 * Two result files side by side: the options, data, code and environment in which their passports differ, those first that matter most
 * as far as results know: pairs of runs, and of trials of searches, that differ in one option alone, and how far their metric lies apart.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError } from "../core/errors";
import { hashOfJson } from "../core/hash";
import { passportDifference, passportKey } from "../evaluation/passport";
import { nearest } from "../core/options";
import { clip } from "../display/panel";
import type { Table } from "../display/table";
import type { Trial } from "../models/tune";
import { readResult, readResults, resultId, resultName, type Result } from "./results";
import { readSearch } from "./searches";

/** What kind of thing differs; in this order where nothing is known of an effect. */
export const differenceKinds = ["data", "protocol", "option", "code", "environment"] as const;

/** One thing in which two results differ. */
export interface ResultDifference {
  readonly kind: (typeof differenceKinds)[number];
  /** "options.dropout" */
  readonly key: string;
  /** As JSON; left out where one of them has none. */
  readonly a?: string;
  readonly b?: string;
  /** What pairs that differ in this alone say. */
  readonly effect?: { readonly mean: number; readonly largest: number; readonly pairs: number; readonly metric: string; readonly on: "test" | "validation" };
}

/** Two results compared: JSON. */
export interface ResultDiff {
  readonly a: string;
  readonly b: string;
  /** The metrics that both have on test: a's, b's. */
  readonly metrics: Readonly<Record<string, readonly [number, number]>>;
  readonly differences: readonly ResultDifference[];
}

/** A passport and what else decides a run, flat: "options.dropout" to JSON text. */
export function flatPassport({ passport, ...result }: Pick<Result, "passport"> & Partial<Result>): ReadonlyMap<string, string> {
  const { tieRate: _tieRate, startedAt: _startedAt, seconds: _seconds, ...decides } = passport;
  const own = Object.fromEntries(Object.entries(result).filter(([key]) => ["arm", "form", "setting", "world"].includes(key)));
  const flat = new Map<string, string>();
  const add = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) flat.set(path, JSON.stringify(value) ?? "undefined");
    else for (const [key, one] of Object.entries(value)) add(path === "" ? key : `${path}.${key}`, one);
  };
  add("", { ...decides, ...own });
  return flat;
}

function kindOf(key: string): ResultDifference["kind"] {
  const [first] = key.split(".");
  if (first === "data") return "data";
  if (["split", "candidates", "ties", "ks", "budget"].includes(first!)) return "protocol";
  if (first === "version") return "code";
  return ["backend", "threads", "cpu", "node"].includes(first!) ? "environment" : "option";
}

/** Keys in which two flat passports differ. */
export function differingKeys(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key)).sort();
}

/**
 * In what two results differ, and how much each difference matters.
 * @param results a folder that knows of effects: "results"; left out: nothing is ranked by effect
 * @example
 * import { diffResults, type Result } from "sessionlab";
 * const part = { metrics: { "NDCG@10": 0.1 } };
 * const run = (dropout: number) => ({ paper: "base", dataset: "toy", model: "sasrec", seed: 1, passport: { model: "SASRec", options: { dropout } }, test: part }) as unknown as Result;
 * assert.deepEqual(diffResults(run(0.2), run(0.5)).differences, [{ kind: "option", key: "options.dropout", a: "0.2", b: "0.5" }]);
 */
export function diffResults(a: Result, b: Result, results?: string): ResultDiff {
  const [left, right] = [flatPassport(a), flatPassport(b)];
  const keys = differingKeys(left, right);
  const effects = results === undefined ? new Map<string, number[]>() : effectsOf(results, a, b, keys);
  const differences = keys.map((key): ResultDifference => {
    const effect = effects.get(`test ${key}`) ?? effects.get(`validation ${key}`);
    const on = effects.has(`test ${key}`) ? ("test" as const) : ("validation" as const);
    const [one, other] = [left.get(key), right.get(key)];
    return {
      ...{ kind: kindOf(key), key },
      ...(one !== undefined && { a: one }),
      ...(other !== undefined && { b: other }),
      ...(effect && { effect: { mean: effect.reduce((sum, value) => sum + value, 0) / effect.length, largest: Math.max(...effect), pairs: effect.length, metric: metricOf(a), on } }),
    };
  });
  const order = (one: ResultDifference): number => differenceKinds.indexOf(one.kind);
  const ranked = [...differences].sort((one, other) => (other.effect?.mean ?? -1) - (one.effect?.mean ?? -1) || order(one) - order(other) || (one.key < other.key ? -1 : 1));
  const shared = Object.entries(a.test.metrics).filter(([name]) => b.test.metrics[name] !== undefined);
  return { a: resultId(a), b: resultId(b), metrics: Object.fromEntries(shared.map(([name, value]) => [name, [value, b.test.metrics[name]!] as const])), differences: ranked };
}

/** The metric that effects are told in: NDCG@10 where there is one. */
function metricOf({ test }: Result): string {
  return "NDCG@10" in test.metrics ? "NDCG@10" : Object.keys(test.metrics)[0] ?? "";
}

/** How far runs, and trials, lie apart that differ in one of the keys alone: by "test options.dropout". */
function effectsOf(folder: string, a: Result, b: Result, keys: readonly string[]): Map<string, number[]> {
  const metric = metricOf(a);
  const alike = readResults(folder).filter((one) => one.paper === a.paper && one.test.metrics[metric] !== undefined && (passportDifference(one.passport, a.passport) === undefined || passportDifference(one.passport, b.passport) === undefined));
  const runs = alike.map((one) => ({ flat: flatPassport(one), value: one.test.metrics[metric]! }));
  const effects = new Map<string, number[]>();
  pairsApart(runs, keys, (key, apart) => append(effects, `test ${key}`, apart));
  for (const result of [a, b]) {
    const search = readSearch(folder, result.paper === "benchmark" ? result.dataset : `${result.paper}-${result.dataset}`, armOf(result));
    if (search === undefined) continue;
    pairsApart(search.trials.flatMap((trial) => flatTrial(trial, metric)), keys, (key, apart) => append(effects, `validation ${key}`, apart));
    if (a.paper === b.paper && a.dataset === b.dataset && armOf(a) === armOf(b)) break; // one search of both
  }
  return effects;
}

function armOf(result: Result): string {
  return (result as { readonly arm?: string }).arm ?? result.model;
}

/** A trial by its options, with its round, since a longer one is not to be held against a shorter one; none where it was scored otherwise. */
function flatTrial(trial: Trial & { readonly round?: number }, metric: string): readonly { readonly flat: ReadonlyMap<string, string>; readonly value: number }[] {
  const value = trial.metrics?.[metric];
  if (value === undefined) return [];
  const options = Object.entries(trial.options).map(([key, one]) => [`options.${key}`, JSON.stringify(one)] as const);
  return [{ flat: new Map([...options, ["round", String(trial.round ?? 0)]]), value }];
}

/** Calls back for each pair that differs in one of the keys and in nothing else. */
function pairsApart(runs: readonly { readonly flat: ReadonlyMap<string, string>; readonly value: number }[], keys: readonly string[], found: (key: string, apart: number) => void): void {
  for (const key of keys) {
    const rest = new Map<string, { readonly own: string | undefined; readonly value: number }[]>();
    for (const { flat, value } of runs) {
      const others = hashOfJson([...flat].filter(([name]) => name !== key).sort(([x], [y]) => (x < y ? -1 : 1)));
      rest.set(others, [...(rest.get(others) ?? []), { own: flat.get(key), value }]);
    }
    for (const group of rest.values()) {
      group.forEach((one, at) => group.slice(at + 1).forEach((other) => one.own !== other.own && found(key, Math.abs(one.value - other.value))));
    }
  }
}

function append(map: Map<string, number[]>, key: string, value: number): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/**
 * A result by its name, its id, or the path of its file.
 * @param results the folder that names are looked up in
 * @throws ConfigError if there is no such result; DataError for a damaged file
 * @example
 * import { findResult } from "sessionlab";
 * assert.throws(() => findResult("base-toy-pop-1", "no such folder"), /Expected the name of a result or the path of its file, found "base-toy-pop-1"/);
 */
export function findResult(name: string, results: string): Result {
  if (name.endsWith(".json") && existsSync(name)) return readResult(name);
  const [file, key] = name.replace(/\.json$/, "").split("@");
  const path = join(results, `${basename(file!)}.json`);
  if (!existsSync(path)) throw new ConfigError(`Expected the name of a result or the path of its file, found "${name}"; ${wayOut(file!, results)}`);
  const result = readResult(path);
  if (key !== undefined && !passportKey(result.passport).startsWith(key)) throw new ConfigError(`Expected ${resultName(result)} under the key ${key}, found ${resultId(result)}; it was run again since`);
  return result;
}

/** What may have been meant. */
function wayOut(name: string, results: string): string {
  const names = existsSync(results) ? readdirSync(results).filter((one) => one.endsWith(".json") && one !== "readings.json").map((one) => one.replace(/\.json$/, "")) : [];
  if (names.length === 0) return `there are no results in ${results}`;
  const [, stem, seed] = /^(.+)-\{(\d+)[\d,]*\}$/.exec(name) ?? [];
  if (stem !== undefined && names.includes(`${stem}-${seed}`)) return `this is the id of several seeds: name one of them, ${stem}-${seed}`;
  return `did you mean "${nearest(name, names)}"?`;
}

/** Longest value in a table; JSON has all of it. */
const longestValue = 44;

/**
 * The differences as a table, those first that matter most.
 * @example
 * import { diffTable, renderTable } from "sessionlab";
 * const table = diffTable({ a: "base-toy-pop-1@01234567", b: "base-toy-pop-2@89abcdef", metrics: {}, differences: [{ kind: "option", key: "seeds", a: "[1]", b: "[2]" }] });
 * assert.match(renderTable(table, "markdown"), /\| seeds \| option \| \[1\] \| \[2\] \|/);
 */
export function diffTable({ a, b, differences, metrics }: ResultDiff): Table<ResultDifference> {
  const shown = Object.entries(metrics).filter(([name]) => /^(HR|NDCG|MRR)@|CTR/.test(name)).slice(0, 3);
  return {
    title: `${a} and ${b}`,
    columns: [
      { header: "differs", cell: ({ key }) => key },
      { header: "kind", cell: ({ kind }) => kind },
      { header: "the first", cell: ({ a: own }) => own && clip(own, longestValue) },
      { header: "the second", cell: ({ b: own }) => own && clip(own, longestValue) },
      { header: "apart, where it alone differs", cell: ({ effect }) => effect?.mean },
      { header: "at most", cell: ({ effect }) => effect?.largest },
      { header: "pairs", cell: ({ effect }) => effect?.pairs, digits: 0 },
      { header: "of", cell: ({ effect }) => (effect === undefined ? undefined : `${effect.metric} on ${effect.on}`) },
    ],
    rows: differences,
    protocol: "passports of both; pairs of results, or of trials of a search, that differ in that one thing alone",
    results: [a, b],
    notes: [...(shown.length === 0 ? [] : [`On test: ${shown.map(([name, [one, other]]) => `${name} ${one.toFixed(4)} and ${other.toFixed(4)}`).join(", ")}.`]), "Apart: how far the metric lies apart, on average and at most, in pairs that differ in this one thing alone; \"-\": results hold no such pair."],
  };
}
