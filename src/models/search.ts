/**
 * Chooses a model's options among settings drawn at random from a typed space, by successive halving on the validation
 * cases (Bergstra and Bengio, JMLR 2012; Jamieson and Talwalkar, AISTATS 2016): every round gives the settings that are left
 * more epochs, or more of the training sessions, and keeps the better ones. A setting that stays goes on from its
 * checkpoint, as if it had never stopped. Test cases cannot be passed: they are of another type.
 * With a folder, a search that was interrupted goes on where it stood and ends with the same table.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError, NumericError, throwIfAborted } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { hashOf, hashOfJson, type Hashable } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import { meter } from "../core/progress";
import type { Rng } from "../core/rng";
import { recentShare } from "../data/recent";
import type { Split } from "../data/types";
import { trainingCounts } from "../evaluation/strata";
import type { Recommender } from "./recommender";
import { drawSettings, type Space } from "./space";
import { metricKey, trySetting, type Trial, type TuneContext } from "./tune";
import { sampleCases } from "./validation";

/** What a round gives each of its settings. */
export interface Round {
  /** Epochs in all, those of earlier rounds included; as many as the model's options say, if not given. */
  readonly epochs?: number;
  /** The most recent share of the training sessions; all, if not given. With another share a setting begins afresh. */
  readonly share?: number;
}

const defaults = {
  /** Settings of the first round that are not drawn, such as the published ones. */
  start: [] as readonly Readonly<Record<string, unknown>>[],
  /** Settings of the first round, those of `start` among them; the rest are drawn, fewer if the space has fewer. */
  settings: 16,
  /** One setting in so many stays after a round, rounded up. */
  halving: 2,
  /** What each round gives; the last one decides. */
  rounds: [{}] as readonly Round[],
  /** Validation cases that a trial is scored on; of more, as many are drawn once. */
  cases: 10_000,
};

/** How much is searched. */
export type SearchOptions = typeof defaults;

/** A setting in a round. */
export interface SearchTrial extends Trial {
  /** From 1. */
  readonly round: number;
  /** Number of the setting, from 1. */
  readonly setting: number;
  readonly share: number;
  /** Whether it went on to the next round, or won the last one. */
  readonly kept: boolean;
  /** Why its training broke off, if it did: such a setting is never kept. */
  readonly failure?: string;
}

/** What was chosen, and the table of what was tried: plain values. */
export interface SearchReport {
  readonly metric: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly value: number;
  /** Settings that were tried: what a table says beside the winner. */
  readonly settings: number;
  /** In the order in which they were run. */
  readonly trials: readonly SearchTrial[];
  /** A frame: `new dfd.DataFrame(rows)`. A row for each trial: round, setting, its options, share, epochs, the metric, seconds, kept. */
  readonly rows: readonly Readonly<Record<string, string | number | boolean>>[];
}

/**
 * Draws settings, halves them round by round, and names the best of the last round.
 * @param make a model from options, not fitted; an `epochs` that it sets must be the same in all rounds
 * @param context `checkpoint` is the folder of the search: its table, and the checkpoints of settings that are still in
 * @throws ConfigError for wrong options, an empty space, an unknown metric, a folder of another search, or when the training
 *   of every setting of a round broke off; DataError for a table that was changed; AbortError
 * @example
 * import { choice, integer, Markov, Rng, search } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(0, 0, 1) } as const;
 * const sessions = { offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) };
 * const valid = { role: "valid", hash: "", items, sessions, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1) } as const;
 * const report = await search((given) => new Markov({ backoff: 0, ...given }), { self: choice(true, false) }, { train, valid }, { metric: "HR@1", rng: new Rng(1) });
 * assert.deepEqual([report.options, report.value, report.settings], [{ self: false }, 1, 2]); // "a" was followed by itself, and by "b"
 */
export async function search<O extends object>(
  make: (options: Partial<O>) => Recommender,
  space: Space<O>,
  split: Pick<Split, "train" | "valid">,
  context: TuneContext,
  given: Partial<SearchOptions> = {},
): Promise<SearchReport> {
  const options = resolveOptions("search", defaults, given, {
    start: (start) => (Array.isArray(start) ? undefined : "a list of settings"),
    settings: rules.positiveInteger,
    halving: (halving) => (Number.isFinite(halving) && (halving as number) > 1 ? undefined : "a number above 1"),
    rounds: (rounds) => (Array.isArray(rounds) && rounds.length > 0 ? undefined : "one round at least"),
    cases: rules.positiveInteger,
  });
  checkRounds(options.rounds);
  const metric = metricKey(context.metric);
  if (Object.keys(space).length === 0) throw new ConfigError("Expected options to search over, found an empty space; name one at least");
  const settings = settingsOf(space, options, context.rng.child("settings"));
  const valid = sampleCases(split.valid, options.cases, context.rng.child("cases"));
  const counts = trainingCounts(split.train);
  const identity = hashOf({ settings: settings as Hashable, options: options as unknown as Hashable, metric, train: split.train.hash, valid: split.valid.hash, seed: context.rng.state().path, model: modelOf(make) });
  const log = openLog(context.checkpoint, identity);

  const sizes = options.rounds.map((_, round) => Math.ceil(settings.length / options.halving ** round));
  const tick = meter(context.progress, "search", "trial", sizes.reduce((sum, size) => sum + size, 0));
  const trials: SearchTrial[] = [];
  let alive = settings.map((_, index) => index);
  for (const [at, round] of options.rounds.entries()) {
    const share = round.share ?? 1;
    const train = recentShare(split.train, share);
    const tried: Omit<SearchTrial, "kept">[] = [];
    for (const index of alive) {
      throwIfAborted(context.signal, "search");
      const place = { round: at + 1, setting: index + 1, share };
      let trial = log.find(at + 1, index + 1);
      if (trial === undefined) {
        const checkpoint = context.checkpoint && join(context.checkpoint, `setting-${index + 1}`, `share-${share}`);
        trial = { ...place, ...(await attempt(make, settings[index]!, { train, valid, counts }, { ...context, checkpoint, until: round.epochs })) };
        log.add(trial);
      }
      tried.push(trial);
      tick(trials.length + tried.length, { [metric]: Math.max(...tried.map((one) => one.metrics[metric] ?? 0)) });
    }
    // Of equal ones the earlier stays: sort is stable.
    const ranked = tried.filter(({ failure }) => failure === undefined).sort((a, b) => b.metrics[metric]! - a.metrics[metric]!);
    if (ranked.length === 0) throw new ConfigError(`Expected a setting whose training holds, found that all ${tried.length} of round ${at + 1} broke off (${tried[0]!.failure}); narrow the space`);
    const kept = new Set(ranked.slice(0, sizes[at + 1] ?? 1).map(({ setting }) => setting - 1));
    trials.push(...tried.map((one) => ({ ...one, kept: kept.has(one.setting - 1) })));
    alive = alive.filter((index) => kept.has(index));
    if (context.checkpoint !== undefined) {
      for (const index of settings.keys()) if (!kept.has(index)) rmSync(join(context.checkpoint, `setting-${index + 1}`), { recursive: true, force: true });
    }
  }
  const best = trials.find(({ round, kept }) => round === options.rounds.length && kept)!;
  return { metric, options: best.options, value: best.metrics[metric]!, settings: settings.length, trials, rows: rowsOf(trials, metric) };
}

/** Those that are given, then drawn ones that are not among them. */
function settingsOf<O extends object>(space: Space<O>, { start, settings }: SearchOptions, rng: Rng): readonly Partial<O>[] {
  const given = (start as readonly Partial<O>[]).slice(0, settings);
  const known = new Set(given.map((setting) => hashOf(setting as Hashable)));
  const drawn = drawSettings(space, settings, rng).filter((setting) => !known.has(hashOf(setting as Hashable)));
  return [...given, ...drawn.slice(0, settings - given.length)];
}

function modelOf<O extends object>(make: (options: Partial<O>) => Recommender): Hashable {
  const { name, options } = make({});
  return { name, options: options as Hashable };
}

function checkRounds(rounds: readonly Round[]): void {
  rounds.forEach(({ epochs, share, ...rest }, at) => {
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) throw new ConfigError(`Expected a round of epochs and share, found "${unknown}"`);
    if (epochs !== undefined && rules.positiveInteger(epochs) !== undefined) throw new ConfigError(`Expected the epochs of round ${at + 1} to be a positive integer, found ${epochs}`);
    const before = rounds[at - 1];
    if ((epochs ?? Infinity) < (before?.epochs ?? (before === undefined ? 0 : Infinity)) && (share ?? 1) === (before?.share ?? 1)) {
      throw new ConfigError(`Expected round ${at + 1} to give as many epochs as the one before, or more, found ${epochs}; epochs are counted from the start`);
    }
  });
}

/** A training that diverges is a finding, not an end of the search. */
async function attempt<O extends object>(
  make: (options: Partial<O>) => Recommender,
  setting: Partial<O>,
  data: Parameters<typeof trySetting>[2],
  context: TuneContext,
): Promise<Trial & Pick<SearchTrial, "failure">> {
  const start = performance.now();
  try {
    return await trySetting(make, setting, data, context);
  } catch (error) {
    if (!(error instanceof NumericError)) throw error;
    return { options: { ...(setting as Readonly<Record<string, unknown>>) }, metrics: {}, seconds: (performance.now() - start) / 1000, failure: error.message };
  }
}

type Logged = Omit<SearchTrial, "kept">;

interface Log {
  find(round: number, setting: number): Logged | undefined;
  add(trial: Logged): void;
}

/** The trials of a search, in its folder; in memory only where there is none. */
function openLog(folder: string | undefined, identity: string): Log {
  const file = folder && join(folder, "search.json");
  const trials: Logged[] = file !== undefined && existsSync(file) ? readLog(file, identity) : [];
  return {
    find: (round, setting) => trials.find((trial) => trial.round === round && trial.setting === setting),
    add(trial) {
      trials.push(trial);
      if (file !== undefined) writeFileAtomic(file, `${JSON.stringify({ identity, check: hashOfJson(trials), trials }, null, 1)}\n`);
    },
  };
}

function readLog(file: string, identity: string): Logged[] {
  let value: { readonly identity?: unknown; readonly check?: unknown; readonly trials?: unknown };
  try {
    value = JSON.parse(readFileSync(file, "utf8")) as typeof value;
  } catch (error) {
    throw new DataError("Expected the table of a search, found no JSON; remove its folder, and the search starts afresh", { file }, { cause: error });
  }
  if (!Array.isArray(value?.trials) || value.check !== hashOf(value.trials as Hashable)) {
    throw new DataError("Expected the table of a search as it was written, found it changed; remove its folder, and the search starts afresh", { file });
  }
  if (value.identity !== identity) throw new ConfigError(`Expected ${file} to be of this search, found one of another space, model, data, rounds or seed; name another folder or remove it`);
  return value.trials as Logged[];
}

function rowsOf(trials: readonly SearchTrial[], metric: string): SearchReport["rows"] {
  const inEpochs = trials.some(({ epochs }) => epochs !== undefined);
  const cell = (value: unknown): string | number | boolean => (typeof value === "number" || typeof value === "string" || typeof value === "boolean" ? value : (JSON.stringify(value) ?? ""));
  return trials.map(({ round, setting, options, share, epochs, metrics, seconds, kept }) => ({
    ...{ round, setting },
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [name, cell(value)])),
    ...{ share, ...(inEpochs ? { epochs: epochs ?? NaN } : {}), [metric]: metrics[metric] ?? NaN, seconds, kept },
  }));
}
