/**
 * The sealed period of the persona experiment (sealed.ts): what is frozen, and the one look at the confirm cases.
 */
import { ConfigError } from "../../core/errors";
import { hashOfJson } from "../../core/hash";
import { packRanks } from "../../evaluation/packed-ranks";
import { runOf } from "../comparisons";
import type { Form } from "./arms";
import { beginPersonaPaper, experimentName, stagesOf, type PersonaExperiment, type Underway } from "./persona";
import { loadPersonaData } from "./data";
import { confirmStep, formsStep } from "./forms";
import { comparisonsOf, personaEntries, personaReport, primaryOf, rowName, type Entry, type PersonaReport } from "./report";
import { partOf } from "../results";
import { openFrozen, readConfirmationFile, readFrozenFile, refuseConfirmed, refuseOtherRuns, runKeys, verdictOf, worthwhile, writeConfirmation, writeFrozen, type Confirmation, type Frozen, type SealedPlace, type SealedRun } from "../sealed";
import { primaryMetric } from "../steps";

/** What was decided before the sealed cases are read. */
export type FrozenExperiment = Frozen<FrozenRow>;

/** A row, by its runs. */
export interface FrozenRow {
  readonly arm: string;
  readonly form: Form;
  /** Passport keys, by seed from 1. */
  readonly runs: readonly string[];
}

function placeOf({ results, readings, source, budget }: PersonaExperiment): SealedPlace {
  return { results, readings, experiment: `persona-${experimentName({ source, budget })}` };
}

/**
 * Writes down what will be confirmed.
 * @throws ConfigError where results are missing, or the experiment was confirmed already
 */
export async function freezePersonaPaper(settings: PersonaExperiment): Promise<FrozenExperiment> {
  refuseConfirmed(placeOf(settings));
  const entries = personaEntries(settings);
  const { proposed, against } = primaryOf(entries);
  if (proposed === undefined || against.length < 3) throw new ConfigError("Expected results of the proposed model, baselines, placebos and the control of the same compute, found not all of them; run the experiment first");
  const short = [proposed, ...against.map(({ entry }) => entry)].find(({ arm, results }) => results.length < settings.seeds && arm.model !== "pop" && arm.model !== "vs-knn");
  if (short !== undefined) throw new ConfigError(`Expected ${settings.seeds} seeds of each, found ${short.results.length} of ${rowName({ arm: short.arm.id, form: short.form })}; run the experiment first`);
  const world = await loadPersonaData(settings.source, { ...settings.world, signal: settings.signal, progress: settings.progress });
  const row = ({ arm, form, results }: Entry): FrozenRow => ({ arm: arm.id, form, runs: runKeys(results) });
  const frozen: FrozenExperiment = {
    experiment: placeOf(settings).experiment,
    metric: primaryMetric,
    proposed: row(proposed),
    against: against.map(({ as, entry }) => ({ as, ...row(entry) })),
    detectable: Object.fromEntries(personaReport(world, settings).comparisons.map(({ against: other, detectable }) => [other, detectable])),
  };
  writeFrozen(placeOf(settings), frozen);
  return frozen;
}

/** What was frozen, if it was. @throws DataError when its file was changed by hand */
export function readFrozen(settings: PersonaExperiment): FrozenExperiment | undefined {
  return readFrozenFile<FrozenRow>(placeOf(settings));
}

/** What was confirmed, if it was. @throws DataError when its file was changed by hand */
export function readConfirmation(settings: PersonaExperiment): Confirmation | undefined {
  return readConfirmationFile(placeOf(settings));
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
  const frozen = openFrozen<FrozenRow>(placeOf(settings));
  const entries = personaEntries(settings);
  const entryOf = ({ arm, form, runs }: FrozenRow): Entry => {
    const entry = entries.find((one) => one.arm.id === arm && one.form === form);
    refuseOtherRuns(rowName({ arm, form }), entry?.results, runs, settings.results);
    return entry!;
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
    verdict: verdictOf(comparisons.filter(({ as }) => as !== "same compute without personas"), worthwhile * usual),
  };
  writeConfirmation(placeOf(settings), confirmation);
  return confirmation;
}

/** An entry's runs on the sealed cases, by seed. */
async function sealedRuns({ arm, form, results }: Entry, run: Underway, onReading: () => Promise<unknown>): Promise<readonly SealedRun[]> {
  const { split } = run.world;
  const runs: SealedRun[] = [];
  for (const { seed } of results) {
    const { stages } = await stagesOf(arm, seed, run);
    const forms = form === "blend" ? (await formsStep(split, stages, run.shop)).value : {};
    const { value } = run.note(`${rowName({ arm: arm.id, form })}, seed ${seed}: the sealed cases`, await confirmStep(split, stages, form, forms[form]?.blend, run.shop, onReading));
    runs.push({ seed, ...partOf(value), ranks: packRanks(value.rows) });
  }
  return runs;
}

/** The report with what the sealed period says. */
export function withSealed(report: PersonaReport, confirmation: Confirmation | undefined): PersonaReport {
  if (confirmation === undefined) return report;
  const { verdict, cases, comparisons } = confirmation;
  return { ...report, sealed: { verdict, cases, comparisons } };
}
