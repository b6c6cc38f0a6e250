/**
 * The online experiment of the counterfactual paper (P2, arXiv 2410.21892) in a simulated world: sessions are logged, a
 * recommender learns from their clicks, and each arm trains it on for as many steps with sessions of its own making. Then all
 * of them meet the same fresh users with the same noise, so that what differs is the recommender. In a world whose logs have
 * no popularity bias a gain that comes of mending the bias must be gone.
 * - A run whose file is there under the same passport is not run again; all arms of a world and seed come before the next.
 * - Options are chosen on validation sessions, with seed 1, in the world with bias.
 * Departs: P2's simulator could not be read; this one is src/response/world.ts, with its knobs in the passport.
 */
import { ConfigError } from "../../core/errors";
import { hashOf } from "../../core/hash";
import { nearest } from "../../core/options";
import type { Passport } from "../../evaluation/passport";
import type { SessionCounts } from "../../response/ctr";
import { worldDefaults } from "../../response/world";
import { libraryVersion } from "../../tensor/backend";
import { checkExperiment, checkSet, chosenArms, hasResult, noteOf, worth, type ExperimentSettings } from "../experiment";
import { runTasks, searchTask, taskId, type Grid, type Task } from "../grid";
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
  await runTasks(onlineGrid(beginOnline(settings)), settings.signal);
}

/** One arm in one world. */
interface WorldTask extends Task {
  readonly world: OnlineWorldName;
}

/** The experiment's tasks: each arm's search in the world with bias, then all arms of a world before the next world. */
export function onlineGrid(run: OnlineUnderway): Grid {
  const { settings } = run;
  const shared = (world: OnlineWorldName, seed: number): string => `${world} world, seed ${seed}`;
  const searches = armsIn("biased", settings.arms).filter((arm) => isSearched(arm, settings)).map(({ id }): WorldTask => ({ ...searchTask(id, [shared("biased", 1)]), world: "biased" }));
  const runs = Array.from({ length: settings.seeds }, (_, at) => at + 1).flatMap((seed) => worldsOf(settings).flatMap((world) => armsIn(world, settings.arms).map((arm): WorldTask => {
    const needs = isSearched(arm, settings) ? [taskId("search", arm.id)] : [];
    return { id: `${world} world, ${taskId("run", arm.id, seed)}`, kind: "run", arm: arm.id, seed, needs, shares: [shared(world, seed)], world };
  })));
  const tasks = [...searches, ...runs];
  const of = ({ id, arm }: Task): { readonly arm: OnlineArm; readonly world: OnlineWorldName } => ({ arm: onlineArms.find((one) => one.id === arm)!, world: tasks.find((task) => task.id === id)!.world });
  let open: { readonly shared: string; readonly bench: OnlineBench } | undefined; // one world's models are held
  const close = async (): Promise<void> => {
    await open?.bench.dispose();
    open = undefined;
  };
  let latest: { readonly shared: string; readonly data: OnlineData } | undefined;
  const dataOf = (world: OnlineWorldName, seed: number): OnlineData => {
    const name = shared(world, seed);
    if (latest?.shared !== name) latest = { shared: name, data: onlineData(world, seed, settings) };
    return latest.data;
  };
  return {
    tasks,
    isDone(task) {
      const { arm, world } = of(task);
      const setting = knownSetting(arm, settings);
      return setting !== undefined && (task.kind === "search" || isMeasured(arm, setting, dataOf(world, task.seed), settings));
    },
    async run(task) {
      const { arm, world } = of(task);
      const name = shared(world, task.seed);
      if (open?.shared !== name) {
        await close();
        open = { shared: name, bench: new OnlineBench(dataOf(world, task.seed), run.bench) };
      }
      if (task.kind === "search") await searchArm(arm, open.bench, settings);
      else await oneRun(arm, open.bench, run);
    },
    close,
  };
}

/** The worlds that are asked for. */
export function worldsOf({ worlds }: Pick<OnlineExperiment, "worlds">): readonly OnlineWorldName[] {
  const known = Object.keys(onlineWorlds) as OnlineWorldName[];
  const unknown = worlds?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ConfigError(`Expected worlds (${known.join(", ")}), found "${unknown}"`);
  return known.filter((name) => worlds === undefined || worlds.includes(name));
}

/** Checks the settings. @throws as `runOnline` */
export function beginOnline(settings: OnlineExperiment): OnlineUnderway {
  const { budget, backend, cache, signal, progress } = settings;
  checkExperiment(settings);
  worldsOf(settings);
  checkSet(settings.set, armsIn("biased", settings.arms));
  const wrong = Object.entries(settings.set ?? {}).flatMap(([id, set]) => Object.keys(set).map((key) => ({ id, key }))).find(({ key }) => !(key in onlineDefaults));
  if (wrong !== undefined) throw new ConfigError(`Expected options of an arm (${Object.keys(onlineDefaults).join(", ")}), found "${wrong.key}" of "${wrong.id}"; did you mean "${nearest(wrong.key, Object.keys(onlineDefaults))}"?`);
  const bench: BenchSettings = {
    shop: { backend, budget, cache, signal, progress },
    settings: { budget, onRole: (role) => Promise.resolve((role === "test" ? settings.onReading : settings.onConfirm)?.(onlineName(settings))) },
    note: noteOf(settings),
  };
  return { settings, bench };
}

/** Whether an arm's setting is searched for: not by hand, more than one to try, and a budget that lets it. */
function isSearched({ id, settings: { length } }: OnlineArm, { set, budget }: OnlineExperiment): boolean {
  return set?.[id] === undefined && length > 1 && budget !== "minute";
}

/** An arm's setting, if nothing has to be searched for it any more: by hand, kept in `results`, or the first. */
function knownSetting(arm: OnlineArm, settings: OnlineExperiment): Required<OnlineSetting> | undefined {
  if (!isSearched(arm, settings)) return { ...onlineDefaults, ...arm.settings[0], ...settings.set?.[arm.id] };
  const known = readSearch(settings.results, onlineName(settings), arm.id);
  return known && { ...onlineDefaults, ...known.options };
}

/** The setting, searched for in the world with bias where it is not known. */
export async function onlineSettingOf(arm: OnlineArm, { settings, bench }: OnlineUnderway): Promise<Required<OnlineSetting>> {
  const known = knownSetting(arm, settings);
  if (known !== undefined) return known;
  const first = new OnlineBench(onlineData("biased", 1, settings), bench);
  try {
    await searchArm(arm, first, settings);
  } finally {
    await first.dispose();
  }
  return knownSetting(arm, settings)!;
}

/** Keeps the setting with the highest primary rate on validation sessions, among those that lose no more of the overall rate than a margin. */
async function searchArm(arm: OnlineArm, bench: OnlineBench, settings: OnlineExperiment): Promise<void> {
  const { results, budget, margin = onlineMargin } = settings;
  if (knownSetting(arm, settings) !== undefined) return;
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
}

/** The place of a result. */
function placeOf(arm: OnlineArm, { name, seed }: OnlineData, settings: OnlineExperiment): Pick<OnlineResult, "paper" | "dataset" | "model" | "seed"> {
  return { paper: "counterfactual-online", dataset: onlineDataset(name, settings), model: arm.id, seed };
}

function isMeasured(arm: OnlineArm, setting: Required<OnlineSetting>, data: OnlineData, settings: OnlineExperiment): boolean {
  return hasResult(settings.results, placeOf(arm, data, settings), passportOf(arm, setting, data, settings, new Date(0), 0));
}

/** One arm in one world, unless `results` has it. */
async function oneRun(arm: OnlineArm, bench: OnlineBench, run: OnlineUnderway): Promise<void> {
  const { settings, bench: { note } } = run;
  const { data } = bench;
  const setting = await onlineSettingOf(arm, run);
  const label = `${onlineWorlds[data.name].title}, ${arm.title}, seed ${data.seed}`;
  if (isMeasured(arm, setting, data, settings)) {
    settings.onStep?.(`${label}: in results`);
    return;
  }
  const startedAt = new Date();
  const found = note(label, await bench.met(arm, setting, ["valid", "test"]));
  writeResult(settings.results, resultOf(found.value, { ...placeOf(arm, data, settings), arm: arm.id, world: data.name, passport: passportOf(arm, setting, data, settings, startedAt, found.seconds) }, data));
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
