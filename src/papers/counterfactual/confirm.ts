/** The sealed period of the counterfactual experiment (sealed.ts): what is frozen, and the one look at the confirm cases. */
import { ConfigError } from "../../core/errors";
import { hashOfJson } from "../../core/hash";
import { meanMetrics } from "../../evaluation/metrics";
import { packRanks, unpackRanks } from "../../evaluation/packed-ranks";
import { runOf } from "../comparisons";
import { beginCounterfactualPaper, counterfactualMetric, experimentName, settingOf, tailOf, type CounterfactualExperiment, type CounterfactualUnderway } from "./counterfactual";
import { loadCounterfactualData } from "./data";
import { comparisonsOf, counterfactualEntries, counterfactualReport, guardOf, primaryOf, type CounterfactualEntry, type CounterfactualReport, type OverallGuard } from "./report";
import { partOf } from "../results";
import { openFrozen, readConfirmationFile, refuseConfirmed, refuseOtherRuns, runKeys, verdictOf, worthwhile, writeConfirmation, writeFrozen, type Confirmation, type Frozen, type SealedPlace, type SealedRun } from "../sealed";
import { evaluateStep } from "../steps";

/** A row, by its runs. */
export interface FrozenArm {
  readonly arm: string;
  /** Passport keys, by seed from 1. */
  readonly runs: readonly string[];
}

/** What was decided before the sealed cases are read: the row without augmentation guards the overall Recall. */
export interface FrozenCounterfactual extends Frozen<FrozenArm> {
  readonly guard: FrozenArm;
  readonly margin: number;
  readonly quantile: number;
}

/** What the sealed period says, the overall Recall too. */
export interface CounterfactualConfirmation extends Confirmation {
  readonly overall: OverallGuard;
}

function placeOf(settings: CounterfactualExperiment): SealedPlace {
  return { results: settings.results, readings: settings.readings, experiment: `counterfactual-${experimentName(settings)}` };
}

/**
 * Writes down what will be confirmed.
 * @throws ConfigError where results are missing, or the experiment was confirmed already
 */
export async function freezeCounterfactualPaper(settings: CounterfactualExperiment): Promise<FrozenCounterfactual> {
  refuseConfirmed(placeOf(settings));
  const { proposed, plain, against } = primaryOf(counterfactualEntries(settings), settings);
  if (proposed === undefined || plain === undefined || against.length < 3) throw new ConfigError("Expected results of the proposed arm, no augmentation, baselines, placebos and duplicated sessions, found not all of them; run the experiment first");
  const short = [proposed, plain, ...against.map(({ entry }) => entry)].find(({ results }) => results.length < settings.seeds);
  if (short !== undefined) throw new ConfigError(`Expected ${settings.seeds} seeds of each, found ${short.results.length} of ${short.arm.id}; run the experiment first`);
  const world = await loadCounterfactualData(settings.source, settings.budget, settings.full === true, { signal: settings.signal, progress: settings.progress });
  const { comparisons, margin, quantile } = counterfactualReport(world, settings);
  const row = ({ arm, results }: CounterfactualEntry): FrozenArm => ({ arm: arm.id, runs: runKeys(results) });
  const frozen: FrozenCounterfactual = {
    experiment: placeOf(settings).experiment,
    metric: counterfactualMetric,
    proposed: row(proposed),
    against: against.map(({ as, entry }) => ({ as, ...row(entry) })),
    guard: row(plain),
    ...{ margin, quantile },
    detectable: Object.fromEntries(comparisons.map(({ against: other, detectable }) => [other, detectable])),
  };
  writeFrozen(placeOf(settings), frozen);
  return frozen;
}

/** What was confirmed, if it was. @throws DataError when its file was changed by hand */
export function readCounterfactualConfirmation(settings: CounterfactualExperiment): CounterfactualConfirmation | undefined {
  return readConfirmationFile<CounterfactualConfirmation>(placeOf(settings));
}

/**
 * Scores the sealed cases of what was frozen, once.
 * @returns what is in `results` then; nothing is scored where it is there already
 * @throws ConfigError where nothing was frozen, it is not committed, the results are not those that were frozen, or the cases were
 *   read before
 */
export async function confirmCounterfactualPaper(settings: CounterfactualExperiment): Promise<CounterfactualConfirmation> {
  const known = readCounterfactualConfirmation(settings);
  if (known !== undefined) return known;
  const frozen = openFrozen<FrozenArm>(placeOf(settings)) as FrozenCounterfactual;
  const { margin, quantile } = frozen;
  const entries = counterfactualEntries(settings);
  const entryOf = ({ arm, runs }: FrozenArm): CounterfactualEntry => {
    const entry = entries.find((one) => one.arm.id === arm);
    refuseOtherRuns(arm, entry?.results, runs, settings.results);
    return entry!;
  };
  const [proposed, plain] = [entryOf(frozen.proposed), entryOf(frozen.guard)];
  const against = frozen.against.map((row) => ({ as: row.as, entry: entryOf(row) }));
  const run = await beginCounterfactualPaper(settings);
  const cases = run.world.split.confirm;
  if (cases === undefined) throw new ConfigError(`Expected a sealed period in ${run.world.name}, found none; cut one off before the experiment is run`);
  const tail = tailOf(run.world, cases, { quantile });
  const measured = new Map<CounterfactualEntry, readonly SealedRun[]>();
  let counted: Promise<unknown> | undefined;
  const onReading = (): Promise<unknown> => (counted ??= settings.onConfirm?.(frozen.experiment) ?? Promise.resolve()); // one reading: of all rows together
  for (const entry of [proposed, plain, ...against.map((one) => one.entry)]) measured.set(entry, measured.get(entry) ?? (await sealedRuns(entry, run, onReading)));
  const runs = (entry: CounterfactualEntry) => entry.results.map((result, at) => runOf(result, measured.get(entry)![at]!, cases));
  const comparisons = comparisonsOf({ proposed, plain, against }, runs, tail);
  const mean = (entry: CounterfactualEntry, of: (run: SealedRun, at: number) => number): number => measured.get(entry)!.reduce((sum, one, at) => sum + of(one, at), 0) / measured.get(entry)!.length;
  const whole = (entry: CounterfactualEntry): number => mean(entry, ({ metrics }) => metrics[counterfactualMetric]!);
  const rival = against.find(({ as }) => as === "best baseline")!.entry;
  const usual = mean(rival, ({ ranks }, at) => meanMetrics(unpackRanks(ranks, cases.target.length), rival.results[at]!.passport.ks, rival.results[at]!.passport.ties, tail)[counterfactualMetric] ?? 0);
  const overall = guardOf(whole(proposed), whole(plain), { margin });
  const verdict = verdictOf(comparisons, worthwhile * usual);
  const confirmation: CounterfactualConfirmation = {
    experiment: frozen.experiment,
    frozen: hashOfJson(frozen),
    metric: frozen.metric,
    cases: tail.length,
    comparisons,
    rows: [...measured].map(([{ arm }, all]) => ({ name: arm.id, runs: all })),
    verdict: overall.kept ? verdict : "not reproduced",
    overall,
  };
  writeConfirmation(placeOf(settings), confirmation);
  return confirmation;
}

/** The report with what the sealed period says. */
export function withSealed(report: CounterfactualReport, confirmation: CounterfactualConfirmation | undefined): CounterfactualReport {
  if (confirmation === undefined) return report;
  const { verdict, cases, comparisons, overall } = confirmation;
  return { ...report, sealed: { verdict, cases, comparisons, overall } };
}

/** An entry's runs on the sealed cases, by seed. */
async function sealedRuns({ arm, results }: CounterfactualEntry, run: CounterfactualUnderway, onReading: () => Promise<unknown>): Promise<readonly SealedRun[]> {
  const { world: { split }, shop, bench, note } = run;
  const setting = await settingOf(arm, run);
  const runs: SealedRun[] = [];
  for (const { seed } of results) {
    const { trained } = await bench.continued(arm, setting, seed);
    const { value } = note(`${arm.title}, seed ${seed}: the sealed cases`, await evaluateStep({ maker: bench.maker, trained, split, cases: split.confirm!, onReading }, shop));
    runs.push({ seed, ...partOf(value), ranks: packRanks(value.rows) });
  }
  return runs;
}
