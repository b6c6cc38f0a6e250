/**
 * The sealed period of the persona experiment. First the experiment is frozen: which model stands for the paper, what it is held
 * against and by which options, all by validation, in results/frozen/<experiment>.json, which is committed. Then the confirm cases
 * are scored once, for those runs alone, and results/confirm/<experiment>.json holds the verdict. A second look is refused.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
import { ConfigError } from "../core/errors";
import { hashOfJson } from "../core/hash";
import { packRanks } from "../evaluation/packed-ranks";
import { passportKey } from "../evaluation/passport";
import { readReadings } from "../evaluation/readings";
import type { Form } from "./persona-arms";
import { beginPersonaPaper, experimentName, stagesOf, type PersonaExperiment, type Underway } from "./persona";
import { loadPersonaData } from "./persona-data";
import { confirmStep, formsStep } from "./persona-forms";
import { comparisonsOf, personaEntries, personaReport, primaryOf, rowName, runOf, type Entry, type PersonaComparison } from "./persona-report";
import { partOf, type ResultPart } from "./results";
import { primaryMetric } from "./steps";

/** What was decided before the sealed cases are read. */
export interface FrozenExperiment {
  readonly experiment: string;
  readonly metric: string;
  readonly proposed: FrozenRow;
  /** "best baseline", "strongest placebo", "same compute without personas". */
  readonly against: readonly (FrozenRow & { readonly as: string })[];
  /** The gain that each comparison finds in four of five cases, by the spread on test. */
  readonly detectable: Readonly<Record<string, number>>;
}

/** A row, by its runs. */
export interface FrozenRow {
  readonly arm: string;
  readonly form: Form;
  /** Passport keys, by seed from 1. */
  readonly runs: readonly string[];
}

/** What the sealed period says. */
export interface Confirmation {
  readonly experiment: string;
  /** Hash of what was frozen. */
  readonly frozen: string;
  readonly metric: string;
  readonly cases: number;
  readonly comparisons: readonly PersonaComparison[];
  /** Means over seeds by row, and the parts and ranks of each run. */
  readonly rows: readonly { readonly name: string; readonly runs: readonly (ResultPart & { readonly seed: number; readonly ranks: string })[] }[];
  readonly verdict: Verdict;
}

/** "reproduced": ahead of the best baseline and the strongest placebo; "too small to tell": the gain that could be found is larger than the smallest worth having. */
export type Verdict = "reproduced" | "not reproduced" | "too small to tell";

/** Below this, after Holm's correction, a difference counts. */
const alpha = 0.05;
/** A gain below this share of the best baseline's metric is not worth having. */
const worthwhile = 0.05;

function fileOf(folder: "frozen" | "confirm", { results, source, budget }: PersonaExperiment): string {
  return join(results, folder, `persona-${experimentName({ source, budget })}.json`);
}

/**
 * Writes down what will be confirmed.
 * @throws ConfigError where results are missing, or the experiment was confirmed already
 */
export async function freezePersonaPaper(settings: PersonaExperiment): Promise<FrozenExperiment> {
  if (existsSync(fileOf("confirm", settings))) throw new ConfigError(`Expected an experiment whose sealed cases were not read, found ${fileOf("confirm", settings)}; they are read once`);
  const entries = personaEntries(settings);
  const { proposed, against } = primaryOf(entries);
  if (proposed === undefined || against.length < 3) throw new ConfigError("Expected results of the proposed model, baselines, placebos and the control of the same compute, found not all of them; run the experiment first");
  const short = [proposed, ...against.map(({ entry }) => entry)].find(({ arm, results }) => results.length < settings.seeds && arm.model !== "pop" && arm.model !== "vs-knn");
  if (short !== undefined) throw new ConfigError(`Expected ${settings.seeds} seeds of each, found ${short.results.length} of ${rowName({ arm: short.arm.id, form: short.form })}; run the experiment first`);
  const world = await loadPersonaData(settings.source, { ...settings.world, signal: settings.signal, progress: settings.progress });
  const row = ({ arm, form, results }: Entry): FrozenRow => ({ arm: arm.id, form, runs: results.map(({ passport }) => passportKey(passport)) });
  const frozen: FrozenExperiment = {
    experiment: `persona-${experimentName(settings)}`,
    metric: primaryMetric,
    proposed: row(proposed),
    against: against.map(({ as, entry }) => ({ as, ...row(entry) })),
    detectable: Object.fromEntries(personaReport(world, settings).comparisons.map(({ against: other, detectable }) => [other, detectable])),
  };
  writeCheckedJson(fileOf("frozen", settings), frozen);
  return frozen;
}

/** What was frozen, if it was. @throws DataError when its file was changed by hand */
export function readFrozen(settings: PersonaExperiment): FrozenExperiment | undefined {
  return readCheckedJson<FrozenExperiment>(fileOf("frozen", settings), "a frozen experiment", "restore it from its history");
}

/** What was confirmed, if it was. @throws DataError when its file was changed by hand */
export function readConfirmation(settings: PersonaExperiment): Confirmation | undefined {
  return readCheckedJson<Confirmation>(fileOf("confirm", settings), "a confirmation", "restore it from its history");
}

/**
 * Scores the sealed cases of what was frozen, once.
 * @returns what is in `results` then; nothing is scored where it is there already
 * @throws ConfigError where nothing was frozen, it is not committed, the results are not those that were frozen, or the cases were
 *   read before
 */
export async function confirmPersonaPaper(settings: PersonaExperiment): Promise<Confirmation> {
  const known = readConfirmation(settings);
  if (known !== undefined) return known;
  const frozen = readFrozen(settings);
  const file = fileOf("frozen", settings);
  if (frozen === undefined) throw new ConfigError(`Expected a frozen experiment in ${file}, found none; freeze it, commit the file, then confirm`);
  if (!isCommitted(file)) throw new ConfigError(`Expected ${file} to be committed as it is, found that it is not; commit it before the sealed cases are read`);
  const read = readReadings(settings.readings ?? join(settings.results, "readings.json"))[frozen.experiment]?.confirm ?? 0;
  if (read > 0) throw new ConfigError(`Expected sealed cases that were not read, found ${read} ${read === 1 ? "reading" : "readings"} of ${frozen.experiment}; they are read once`);
  const entries = personaEntries(settings);
  const entryOf = ({ arm, form, runs }: FrozenRow): Entry => {
    const entry = entries.find((one) => one.arm.id === arm && one.form === form);
    if (entry?.results.map(({ passport }) => passportKey(passport)).join() !== runs.join()) throw new ConfigError(`Expected the runs of ${rowName({ arm, form })} that were frozen, found others in ${settings.results}; restore them`);
    return entry;
  };
  const proposed = entryOf(frozen.proposed);
  const against = frozen.against.map((row) => ({ as: row.as, entry: entryOf(row) }));
  const run = await beginPersonaPaper(settings);
  const cases = run.world.split.confirm!;
  const measured = new Map<Entry, Awaited<ReturnType<typeof sealedRuns>>>();
  let counted: Promise<unknown> | undefined;
  const onReading = (): Promise<unknown> => (counted ??= settings.onConfirm?.(frozen.experiment) ?? Promise.resolve()); // one reading: of all rows together
  for (const entry of [proposed, ...against.map((one) => one.entry)]) measured.set(entry, measured.get(entry) ?? (await sealedRuns(entry, run, onReading)));
  const comparisons = comparisonsOf({ proposed, against }, (entry) => entry.results.map((result, at) => runOf(result, measured.get(entry)![at]!, cases)));
  const baseline = measured.get(against.find(({ as }) => as === "best baseline")!.entry)!;
  const usual = baseline.reduce((sum, { metrics }) => sum + metrics[frozen.metric]!, 0) / baseline.length;
  const confirmation: Confirmation = {
    experiment: frozen.experiment,
    frozen: hashOfJson(frozen),
    metric: frozen.metric,
    cases: cases.target.length,
    comparisons,
    rows: [...measured].map(([{ arm, form }, runs]) => ({ name: rowName({ arm: arm.id, form }), runs })),
    verdict: verdictOf(comparisons, worthwhile * usual),
  };
  writeCheckedJson(fileOf("confirm", settings), confirmation);
  return confirmation;
}

/** An entry's runs on the sealed cases, by seed. */
async function sealedRuns({ arm, form, results }: Entry, run: Underway, onReading: () => Promise<unknown>): Promise<readonly (ResultPart & { readonly seed: number; readonly ranks: string })[]> {
  const { split } = run.world;
  const runs: (ResultPart & { readonly seed: number; readonly ranks: string })[] = [];
  for (const { seed } of results) {
    const { stages } = await stagesOf(arm, seed, run);
    const forms = form === "blend" ? (await formsStep(split, stages, run.shop)).value : {};
    const { value } = run.note(`${rowName({ arm: arm.id, form })}, seed ${seed}: the sealed cases`, await confirmStep(split, stages, form, forms[form]?.blend, run.shop, onReading));
    runs.push({ seed, ...partOf(value), ranks: packRanks(value.rows) });
  }
  return runs;
}

/**
 * What comparisons on sealed cases say.
 * @param smallest the smallest gain worth having
 */
export function verdictOf(comparisons: readonly PersonaComparison[], smallest: number): Verdict {
  const decisive = comparisons.filter(({ as }) => as !== "same compute without personas");
  if (decisive.every(({ difference, holm }) => difference > 0 && holm < alpha)) return "reproduced";
  const open = decisive.every(({ high }) => high >= smallest) && decisive.some(({ low, high }) => low < smallest && high >= smallest);
  return open ? "too small to tell" : "not reproduced";
}

/** Whether a file is in the history of its repository as it lies there. */
export function isCommitted(file: string): boolean {
  try {
    const git = (...given: string[]): string => execFileSync("git", given, { cwd: dirname(file), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return git("log", "-1", "--format=%H", "--", file) !== "" && git("status", "--porcelain", "--", file) === "";
  } catch {
    return false;
  }
}
