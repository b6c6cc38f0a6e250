/**
 * The data of the counterfactual experiment: sessions cut in time, of the catalogue or one's own.
 * - ml-100k: users' events in the order of time, the last 50 (20 at the smallest budget), cut at moments.
 * - diginetica: the benchmark's files, the test file in two halves by the order of its sessions; below the paper's budget the most
 *   recent share of the training, in which items may be missing that the test asks for.
 * - yoochoose: the sample of clicks, whole sessions cut in time.
 */
import type { Budget } from "../../core/budget";
import { ConfigError } from "../../core/errors";
import { hashOf } from "../../core/hash";
import { nearest } from "../../core/options";
import { Rng } from "../../core/rng";
import { loadBenchmark, loadDataset, type LoadOptions } from "../../data/datasets";
import { recentSplit } from "../../data/recent";
import { sessionsFrom } from "../../data/sessions";
import { splitBySession, splitByTime } from "../../data/split";
import type { Split } from "../../data/types";
import { sampleCases } from "../../models/validation";

/** What it can be run on. */
export const counterfactualSets = ["ml-100k", "diginetica", "yoochoose"] as const;

/** One of them. */
export type CounterfactualSet = (typeof counterfactualSets)[number];

/** A split of one's own. */
export interface OwnSplit {
  /** In names of results. */
  readonly name: string;
  readonly split: Split;
}

/** What the experiment is made on. */
export interface CounterfactualData {
  readonly name: string;
  readonly split: Split;
  /** What is missing, and why. */
  readonly notes: readonly string[];
}

/** Validation cases that choose; of more, as many are drawn once. */
const validationCases = 10_000;

/** Share of Diginetica's training sessions, by budget. */
const shares: Readonly<Record<Budget, number>> = { minute: 1 / 64, hour: 1 / 8, paper: 1 };

/** @param full all training sessions, whatever the budget */
export async function loadCounterfactualData(source: CounterfactualSet | OwnSplit, budget: Budget, full: boolean, load: LoadOptions = {}): Promise<CounterfactualData> {
  if (typeof source !== "string") return { ...source, notes: notesOf(source.split) };
  if (!counterfactualSets.includes(source)) throw new ConfigError(`Expected a data set (${counterfactualSets.join(", ")}), found "${source as string}"; did you mean "${nearest(source, counterfactualSets)}"?`);
  const split = await read(source, budget, full ? 1 : shares[budget], load);
  const valid = sampleCases(split.valid, validationCases, new Rng(source));
  const known = valid === split.valid ? valid : { ...valid, hash: hashOf({ cases: valid.hash, drawn: validationCases, from: source }) };
  return { name: source, split: { ...split, valid: known }, notes: notesOf(split) };
}

async function read(source: CounterfactualSet, budget: Budget, share: number, load: LoadOptions): Promise<Split> {
  if (source === "diginetica") return recentSplit(await loadBenchmark("diginetica-benchmark", { validShare: 0.1, confirm: true }, load), share);
  const events = await loadDataset(source === "yoochoose" ? "yoochoose-clicks" : source, load);
  return source === "yoochoose" ? splitBySession(sessionsFrom(events, { by: "given" })) : splitByTime(sessionsFrom(events, { by: "user", maxLength: budget === "minute" ? 20 : 50 }));
}

/** How many test targets training does not have: they are misses. */
function notesOf({ test }: Split): readonly string[] {
  const { trained } = test.items;
  const unknown = test.target.reduce((sum, target) => sum + (target >= trained ? 1 : 0), 0);
  return [`${unknown} of ${test.target.length} test targets are not in training: they count as misses, and belong to no stratum of popularity.`];
}
