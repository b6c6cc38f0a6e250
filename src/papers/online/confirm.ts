/** The sealed sessions of the online experiment (sealed.ts): what is frozen, and the one look at users who met no policy before. */
import { ConfigError } from "../../core/errors";
import { hashOfJson } from "../../core/hash";
import type { SessionCounts } from "../../response/ctr";
import { beginOnline, onlineName, onlineSettingOf, type OnlineExperiment } from "./online";
import { OnlineBench } from "./bench";
import { meanRates, packCounts, primaryRate, unpackCounts } from "./rates";
import { compareOnline, onlineEntries, onlineReport, onlineRivals, overallKept, sameCompute, slotsOf, withHolm, type CountsBySeed, type OnlineEntry, type OnlineReport, type PrimaryComparison } from "./report";
import { onlineData } from "./world";
import { baseline } from "../placebo";
import { openFrozen, readConfirmationFile, refuseConfirmed, refuseOtherRuns, runKeys, verdictOf, worthwhile, writeConfirmation, writeFrozen, type Frozen, type SealedPlace, type SealedVerdict } from "../sealed";

/** An arm, by its runs. */
export interface FrozenArm {
  readonly arm: string;
  /** Passport keys, by seed from 1. */
  readonly runs: readonly string[];
}

/** What the sealed sessions say. */
export interface OnlineConfirmation extends SealedVerdict {
  readonly comparisons: readonly PrimaryComparison[];
  /** What was counted in each world, packed. */
  readonly rows: readonly { readonly name: string; readonly runs: readonly { readonly seed: number; readonly counts: string }[] }[];
}

function placeOf(settings: Pick<OnlineExperiment, "results" | "readings" | "budget">): SealedPlace {
  return { results: settings.results, readings: settings.readings, experiment: onlineName(settings) };
}

/**
 * Writes down what will be confirmed: the primary comparisons, as validation sessions chose them.
 * @throws ConfigError where results are missing, or the experiment was confirmed already
 */
export function freezeOnline(settings: OnlineExperiment): Frozen<FrozenArm> {
  refuseConfirmed(placeOf(settings));
  const { proposed, against } = onlineRivals(onlineEntries("biased", settings));
  if (proposed === undefined || against.length < 3) throw new ConfigError("Expected results of the proposed arm, baselines, placebos and the same compute, found not all of them; run the experiment first");
  const short = [proposed, ...against.map(({ entry }) => entry)].find(({ results }) => results.length < settings.seeds);
  if (short !== undefined) throw new ConfigError(`Expected ${settings.seeds} worlds of each arm, found ${short.results.length} of ${short.arm.id}; run the experiment first`);
  const row = ({ arm, results }: OnlineEntry): FrozenArm => ({ arm: arm.id, runs: runKeys(results) });
  const frozen: Frozen<FrozenArm> = {
    experiment: onlineName(settings),
    metric: primaryRate,
    proposed: row(proposed),
    against: against.map(({ as, entry }) => ({ as, ...row(entry) })),
    detectable: Object.fromEntries(onlineReport(settings).primaryComparisons.map(({ against: other, detectable }) => [other, detectable])),
  };
  writeFrozen(placeOf(settings), frozen);
  return frozen;
}

/** What was confirmed, if it was. @throws DataError when its file was changed by hand */
export function readOnlineConfirmation(settings: Pick<OnlineExperiment, "results" | "readings" | "budget">): OnlineConfirmation | undefined {
  return readConfirmationFile<OnlineConfirmation>(placeOf(settings));
}

/**
 * Lets the arms that were frozen meet the sealed sessions, once.
 * @returns what is in `results` then
 * @throws ConfigError where nothing was frozen, it is not committed, the results are others, or the sessions were read before
 */
export async function confirmOnline(settings: OnlineExperiment): Promise<OnlineConfirmation> {
  const known = readOnlineConfirmation(settings);
  if (known !== undefined) return known;
  const place = placeOf(settings);
  const frozen = openFrozen<FrozenArm>(place);
  const entries = onlineEntries("biased", settings);
  const entryOf = ({ arm, runs }: FrozenArm): OnlineEntry => {
    const entry = entries.find((one) => one.arm.id === arm);
    refuseOtherRuns(arm, entry?.results, runs, settings.results);
    return entry!;
  };
  const proposed = entryOf(frozen.proposed);
  const against = frozen.against.map((row) => ({ as: row.as, entry: entryOf(row) }));
  let counted: Promise<unknown> | undefined;
  const onConfirm = (experiment: string): Promise<unknown> => (counted ??= settings.onConfirm?.(experiment) ?? Promise.resolve()); // one reading: of all arms together
  const run = beginOnline({ ...settings, onConfirm });
  const { bench } = run;
  const met = new Map<OnlineEntry, Map<number, SessionCounts>>([proposed, ...against.map(({ entry }) => entry)].map((entry) => [entry, new Map()]));
  for (const seed of proposed.results.map((result) => result.seed)) {
    const own = new OnlineBench(onlineData("biased", seed, settings), bench);
    try {
      for (const [{ arm }, counts] of met) {
        const { value } = bench.note(`${arm.title}, world ${seed}: the sealed sessions`, await own.met(arm, await onlineSettingOf(arm, run), ["confirm"]));
        counts.set(seed, value.counts.confirm!.logged!);
      }
    } finally {
      await own.dispose();
    }
  }
  const slots = slotsOf(proposed);
  const comparisons = withHolm(against.map(({ as, entry }) => compareOnline({ world: "biased", start: "logged", rate: primaryRate, against: entry.arm.id, as }, met.get(proposed)!, met.get(entry)!, slots)));
  const usual = [...met.get(against.find(({ as }) => as === baseline)!.entry)!.values()].map((counts) => meanRates(counts, slots)[primaryRate]!);
  const smallest = (worthwhile * usual.reduce((sum, rate) => sum + rate, 0)) / usual.length;
  const confirmation: OnlineConfirmation = {
    ...{ experiment: frozen.experiment, frozen: hashOfJson(frozen), metric: frozen.metric, cases: comparisons[0]!.clusters, comparisons },
    rows: [...met].map(([{ arm }, counts]) => ({ name: arm.id, runs: [...counts].map(([seed, one]) => ({ seed, counts: packCounts(one) })) })),
    verdict: verdictOf(comparisons.filter(({ as }) => as !== sameCompute), smallest),
  };
  writeConfirmation(place, confirmation);
  return confirmation;
}

/** What an arm's runs counted on the sealed sessions; the file counts those of all worlds, each of which has as many. */
export function sealedCounts({ rows, cases }: Pick<OnlineConfirmation, "rows" | "cases">, arm: string): CountsBySeed {
  const { runs } = rows.find(({ name }) => name === arm)!;
  return new Map(runs.map(({ seed, counts }) => [seed, unpackCounts(counts, cases / runs.length)]));
}

/** The report with what the sealed sessions say; whether the overall rate was kept is counted from what the one look wrote down. */
export function withSealed(report: OnlineReport, confirmation: OnlineConfirmation | undefined): OnlineReport {
  if (confirmation === undefined) return report;
  const { verdict, cases, comparisons } = confirmation;
  const control = comparisons.find(({ as }) => as === sameCompute)!;
  const notWorse = overallKept(sealedCounts(confirmation, report.proposed), sealedCounts(confirmation, control.against), report.slots, report.margin);
  return { ...report, sealed: { verdict, sessions: cases, comparisons, notWorse } };
}
