/**
 * The online experiment of the counterfactual paper (P2, arXiv 2410.21892) in a simulated world: sessions are logged, a
 * recommender learns from their clicks, and each arm trains it on for as many steps with sessions of its own making. Then all
 * of them meet the same fresh users with the same noise, so that what differs is the recommender. In a world whose logs have
 * no popularity bias a gain that comes of mending the bias must be gone.
 * - A run whose file is there under the same passport is not run again; all arms of a world and seed come before the next.
 * - Options are chosen on validation sessions, with seed 1, in the world with bias.
 * Departs: P2's simulator could not be read; this one is src/response/world.ts, with its knobs in the passport.
 */
import { ConfigError, throwIfAborted } from "../../core/errors";
import { hashOf } from "../../core/hash";
import { nearest } from "../../core/options";
import type { Passport } from "../../evaluation/passport";
import type { SessionCounts } from "../../response/ctr";
import { worldDefaults } from "../../response/world";
import { libraryVersion } from "../../tensor/backend";
import { checkExperiment, checkSet, chosenArms, hasResult, noteOf, worth, type ExperimentSettings } from "../experiment";
import type { Trial } from "../../models/tune";
import { onlineArms, onlineDefaults, onlineModel, unbiasedArms, type OnlineArm, type OnlineSetting } from "./arms";
import { OnlineBench, type AddedReport, type BenchSettings, type Met } from "./bench";
import { meanRates, onlineMargin, overallRate, packCounts, primaryRate } from "./rates";
import { onlineData, onlineWorlds, startsOf, type OnlineData, type OnlineStart, type OnlineWorldName, type OnlineWorldOptions } from "./world";
import { writeResult, type Result, type ResultPart } from "../results";
import { readSearch, writeSearch } from "../searches";

/** What is run; its seeds are the worlds 1..n of each kind. */
export interface OnlineExperiment extends ExperimentSettings, OnlineWorldOptions {
  readonly worlds?: readonly OnlineWorldName[];
  /** Ids of `onlineArms`. */
  readonly arms?: readonly string[];
  /** Settings by arm, over all else: then nothing is chosen for it. */
  readonly set?: Readonly<Record<string, OnlineSetting>>;
  /** The difference in the primary rate that would matter: for the tests of equivalence and of not being worse. */
  readonly margin?: number;
}

/** One arm in one world, as its file holds it. */
export interface OnlineResult extends Result {
  readonly arm: string;
  readonly world: OnlineWorldName;
  /** What was counted session by session, packed, by start: `unpackCounts`. */
  readonly counts: Readonly<Record<"valid" | "test", Readonly<Partial<Record<OnlineStart, string>>>>>;
  /** What was added to the training. */
  readonly added?: AddedReport;
}

/** The name of the experiment's files: "biased-minute". */
export function onlineDataset(world: OnlineWorldName, { budget }: Pick<OnlineExperiment, "budget">): string {
  return `${world}-${budget}`;
}

/** What readings are counted under. */
export function onlineName({ budget }: Pick<OnlineExperiment, "budget">): string {
  return `counterfactual-online-${budget}`;
}

/** The arms that a world has. @throws ConfigError for one that is none; names the nearest */
export function armsIn(world: OnlineWorldName, arms: readonly string[] | undefined): readonly OnlineArm[] {
  const ids = onlineArms.map(({ id }) => id);
  return chosenArms(onlineArms, arms ?? ids).filter(({ id }) => world === "biased" || unbiasedArms.includes(id));
}

/** The experiment under way. */
export interface OnlineUnderway {
  readonly settings: OnlineExperiment;
  /** By arm. */
  readonly chosen: ReadonlyMap<string, Required<OnlineSetting>>;
  /** What the steps of a world are told. */
  readonly bench: BenchSettings;
}

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @throws ConfigError for unknown names and wrong options; NumericError; AbortError, after which the same call goes on
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { initBackend, onlineReport, runOnline } from "sessionlab";
 * const folder = mkdtempSync("/tmp/online-");
 * const sizes = { logged: 40, held: 10, valid: 10, test: 20 };
 * const settings = { budget: "minute", seeds: 1, worlds: ["biased"], arms: ["base"], knobs: { users: 10, items: 20, slots: 4, noClick: 1 }, sizes, results: folder, cache: folder } as const;
 * await runOnline({ ...settings, backend: await initBackend() });
 * const [row] = onlineReport(settings).rows;
 * assert.ok(row!.arm === "base" && row!.test["slate CTR"]!.mean > 0);
 */
export async function runOnline(settings: OnlineExperiment): Promise<void> {
  const run = await beginOnline(settings);
  for (let seed = 1; seed <= settings.seeds; seed++) {
    for (const name of worldsOf(settings)) {
      const bench = new OnlineBench(onlineData(name, seed, settings), run.bench);
      try {
        for (const arm of armsIn(name, settings.arms)) {
          throwIfAborted(settings.signal, "reproduce");
          await oneRun(arm, bench, run);
        }
      } finally {
        await bench.dispose();
      }
    }
  }
}

/** The worlds that are asked for. */
export function worldsOf({ worlds }: Pick<OnlineExperiment, "worlds">): readonly OnlineWorldName[] {
  const known = Object.keys(onlineWorlds) as OnlineWorldName[];
  const unknown = worlds?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ConfigError(`Expected worlds (${known.join(", ")}), found "${unknown}"`);
  return known.filter((name) => worlds === undefined || worlds.includes(name));
}

/** Chooses each arm's setting. @throws as `runOnline` */
export async function beginOnline(settings: OnlineExperiment): Promise<OnlineUnderway> {
  const { budget, backend, cache, signal, progress } = settings;
  checkExperiment(settings);
  worldsOf(settings);
  const arms = armsIn("biased", settings.arms);
  checkSet(settings.set, arms);
  const wrong = Object.entries(settings.set ?? {}).flatMap(([id, set]) => Object.keys(set).map((key) => ({ id, key }))).find(({ key }) => !(key in onlineDefaults));
  if (wrong !== undefined) throw new ConfigError(`Expected options of an arm (${Object.keys(onlineDefaults).join(", ")}), found "${wrong.key}" of "${wrong.id}"; did you mean "${nearest(wrong.key, Object.keys(onlineDefaults))}"?`);
  const bench: BenchSettings = {
    shop: { backend, budget, cache, signal, progress },
    settings: { budget, onRole: (role) => Promise.resolve((role === "test" ? settings.onReading : settings.onConfirm)?.(onlineName(settings))) },
    note: noteOf(settings),
  };
  const chosen = new Map<string, Required<OnlineSetting>>();
  const first = new OnlineBench(onlineData("biased", 1, settings), bench);
  try {
    for (const arm of arms) {
      const byHand = settings.set?.[arm.id];
      const open = byHand === undefined && arm.settings.length > 1 && budget !== "minute";
      chosen.set(arm.id, { ...onlineDefaults, ...(open ? await choose(arm, first, settings) : { ...arm.settings[0], ...byHand }) });
    }
  } finally {
    await first.dispose();
  }
  return { settings, chosen, bench };
}

/** The setting with the highest primary rate on validation sessions, among those that lose no more of the overall rate than a margin. */
async function choose(arm: OnlineArm, bench: OnlineBench, { results, budget, margin = onlineMargin }: OnlineExperiment): Promise<OnlineSetting> {
  const known = readSearch(results, onlineName({ budget }), arm.id);
  if (known !== undefined) return known.options;
  const { slots } = bench.data.world.options;
  const start = await bench.met(onlineArms.find((one) => one.with === "nothing")!, onlineDefaults, ["valid"]);
  const least = meanRates(start.value.counts.valid!.logged!, slots)[overallRate]! - margin;
  const trials: (Trial & { readonly value: number })[] = [];
  for (const setting of arm.settings) {
    const { value, seconds } = await bench.met(arm, { ...onlineDefaults, ...setting }, ["valid"]);
    const metrics = meanRates(value.counts.valid!.logged!, slots);
    trials.push({ options: setting, metrics, epochs: value.fit.epochs, seconds, value: worth(metrics[primaryRate]!, metrics[overallRate]!, least) });
  }
  const best = trials.reduce((top, trial) => (trial.value > top.value ? trial : top));
  writeSearch(results, onlineName({ budget }), arm.id, { metric: primaryRate, options: best.options, value: best.value, trials, settings: arm.settings.length });
  return best.options;
}

/** One arm in one world, unless `results` has it. */
async function oneRun(arm: OnlineArm, bench: OnlineBench, { settings, chosen, bench: { note } }: OnlineUnderway): Promise<void> {
  const { data } = bench;
  const setting = chosen.get(arm.id)!;
  const place = { paper: "counterfactual-online", dataset: onlineDataset(data.name, settings), model: arm.id, seed: data.seed };
  const label = `${onlineWorlds[data.name].title}, ${arm.title}, seed ${data.seed}`;
  const passport = (startedAt: Date, seconds: number): Passport => passportOf(arm, setting, data, settings, startedAt, seconds);
  if (hasResult(settings.results, place, passport(new Date(0), 0))) {
    settings.onStep?.(`${label}: in results`);
    return;
  }
  const startedAt = new Date();
  const found = note(label, await bench.met(arm, setting, ["valid", "test"]));
  writeResult(settings.results, resultOf(found.value, { ...place, arm: arm.id, world: data.name, passport: passport(startedAt, found.seconds) }, data));
}

function resultOf({ counts, fit, added }: Met, known: Omit<OnlineResult, "valid" | "test" | "fit" | "counts" | "added">, { sizes, world, split }: OnlineData): OnlineResult {
  const part = (role: "valid" | "test"): ResultPart => ({ hash: hashOf({ world: split.train.hash, role, sessions: sizes[role] }), cases: sizes[role], metrics: meanRates(counts[role]!.logged!, world.options.slots), overSeen: { cases: 0, metrics: {} }, strata: [] });
  const packed = (role: "valid" | "test"): Partial<Record<OnlineStart, string>> => Object.fromEntries(Object.entries(counts[role]!).map(([start, one]) => [start, packCounts(one as SessionCounts)]));
  return { ...known, fit, valid: part("valid"), test: part("test"), counts: { valid: packed("valid"), test: packed("test") }, ...(added && { added }) };
}

function passportOf(arm: OnlineArm, setting: Required<OnlineSetting>, { name, seed, knobs, sizes, split, world }: OnlineData, { budget, backend, quantile = 0.8 }: OnlineExperiment, startedAt: Date, seconds: number): Passport {
  const adds = arm.with === "duplicates" || arm.with === "counterfactuals";
  const { rate, logQ, popularity, ...adding } = setting;
  const training = { ...(rate !== onlineDefaults.rate && { rate }), ...(logQ !== onlineDefaults.logQ && { logQ }) };
  return {
    model: arm.title,
    data: { name: `simulated world, ${onlineWorlds[name].title}`, hash: split.train.hash },
    split: { ...sizes, by: "numbers of sessions; a half of the users is logged, the other half is met", quantile, starts: startsOf(name) },
    candidates: `slates of ${world.options.slots} of ${world.options.items} items`,
    ...{ ties: "expected", tieRate: 0, ks: [] },
    options: { world: { ...worldDefaults, ...knobs }, recommender: onlineModel[budget], ...(Object.keys(training).length > 0 && { trainedOnWith: training }), ...(adds && { adding: { ...adding, ...(popularity !== null && { popularity }), slates: arm.slates ?? "none", noise: arm.noise ?? "none", mechanism: arm.mechanism ?? "none" } }) } as unknown as Passport["options"],
    ...{ seeds: [seed], budget, version: libraryVersion() },
    ...{ backend: `${backend.name} ${backend.device}`, threads: backend.threads, cpu: backend.cpu, node: process.version },
    ...{ startedAt: startedAt.toISOString(), seconds },
  };
}
