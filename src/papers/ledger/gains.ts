/**
 * Gains that the two papers claim, from results: the proposed model against its best baseline and its strongest placebo, by paired tests over
 * sessions; on the sealed period where it was read. Nothing is scored: ranks and counts are in the files.
 */
import type { Budget } from "../../core/budget";
import { drawMeans } from "../../evaluation/bootstrap";
import { pairedRows, type Run } from "../../evaluation/compare";
import { equivalence, type MarginTest } from "../../evaluation/equivalence";
import { readCaseGroups, type CaseGroups } from "../case-groups";
import { compareAll, runOf, type PaperComparison, type Rival } from "../comparisons";
import { counterfactualMetric, experimentName as counterfactualName } from "../counterfactual/counterfactual";
import type { CounterfactualConfirmation } from "../counterfactual/confirm";
import { counterfactualEntries, guardOf, primaryOf as counterfactualPrimary, type CounterfactualEntry, type OverallGuard } from "../counterfactual/report";
import type { CounterfactualSet } from "../counterfactual/data";
import { overSeeds } from "../measure";
import { onlineName } from "../online/online";
import { compareOnline, countsOf, drawnDifference, onlineEntries, onlineRivals, slotsOf, withHolm, type CountsBySeed } from "../online/report";
import { sealedCounts, type OnlineConfirmation } from "../online/confirm";
import { meanRates, primaryRate } from "../online/rates";
import { experimentName } from "../persona/persona";
import type { Form } from "../persona/arms";
import { personaEntries, primaryOf, rowName, type Entry } from "../persona/report";
import type { DatasetName } from "../../data/catalog";
import { baseline, placebo } from "../placebo";
import { resultsId, type Result, type ResultPart } from "../results";
import { primaryMetric } from "../steps";
import { readConfirmationFile, verdictOf, worthwhile, type Confirmation } from "../sealed";
import { differenceText } from "../words";
import { gainVerdict, notAttempted, type Found } from "./rules";

const sealedWords = "sealed period, read once";
const exploratory = "test, exploratory: the sealed period was not opened";
const otherForm = "test, exploratory: what was sealed is the form that validation chose";

/** An experiment's rows on the cases that count, the proposed one first. */
interface Gain {
  readonly title: string;
  readonly metric: string;
  readonly budget: Budget;
  readonly runs: readonly Run[];
  readonly results: string;
  readonly rivals: readonly (Rival & { readonly title: string })[];
  /** Where the verdict comes from. */
  readonly basis: string;
  /** Some of the cases; all if not given. */
  readonly cases?: Int32Array;
  /** What the sealed period's file says of this metric. */
  readonly known?: Confirmation;
  /** Whether too much is paid for the gain: then it is none. */
  readonly tooDear?: string;
}

/** From comparisons to a row. @param margin tests against the strongest placebo */
function foundOf({ title, metric, budget, results, basis }: Pick<Gain, "title" | "metric" | "budget" | "results" | "basis">, values: readonly number[], comparisons: readonly PaperComparison[], usual: number, margin: MarginTest | undefined, titleOf: (name: string) => string, verdict = verdictOf(comparisons.filter(({ as }) => as === baseline || as === placebo), worthwhile * usual)): Found {
  const value = overSeeds(values.map((one) => ({ value: one })))["value"]!;
  const relative = `${((100 * comparisons.find(({ as }) => as === baseline)!.difference) / usual).toFixed(1)} % of the best baseline`;
  return {
    verdict: gainVerdict(verdict),
    ours: { what: title, metric, value, seeds: values.length, budget, results: [results] },
    tested: {
      words: [`gain ${relative}`, ...comparisons.map((one) => `against the ${one.as}, ${titleOf(one.against)}: ${differenceText(one, metric)}`)],
      ...(margin && { margin, of: "to the strongest placebo" }),
    },
    basis,
    ...(isPrimary(metric, basis) && { primary: true }),
  };
}

/** The metric that each experiment tests first, in the form that stands for its paper. */
function isPrimary(metric: string, basis: string): boolean {
  return basis !== otherForm && [primaryMetric, counterfactualMetric, primaryRate].includes(metric);
}

function gainOf(gain: Gain): Found {
  const { runs, rivals, metric, cases, known, tooDear } = gain;
  const decisive = rivals.filter(({ as }) => as === baseline || as === placebo);
  if (decisive.length < 2) return notAttempted("the baselines or the placebos have no runs here");
  const comparisons = known?.comparisons ?? compareAll(runs, rivals, metric, cases);
  const pair = (as: string): ReturnType<typeof pairedRows> => pairedRows(runs, rivals.find((one) => one.as === as)!.runs, metric, "session", cases);
  const usual = pair(baseline).b.mean;
  const sham = pair(placebo);
  const margin = usual > 0 ? equivalence(drawMeans(sham.difference, sham.cluster), worthwhile * usual) : undefined;
  const values = runs.map((run) => pairedRows([run], rivals[0]!.runs, metric, "session", cases).a.mean);
  const found = foundOf(gain, values, comparisons, usual, margin, (name) => rivals.find((one) => one.name === name)?.title ?? name, known?.verdict ?? (tooDear === undefined ? undefined : "not reproduced"));
  return tooDear === undefined ? found : { ...found, tested: { ...found.tested!, words: [...found.tested!.words, tooDear] } };
}

/** Where an experiment of the persona paper is. */
export interface PersonaPlace {
  readonly results: string;
  readonly source: DatasetName;
  readonly budget: Budget;
}

/**
 * The persona paper's gain on one metric.
 * @param form the paper's "rerank" instead of the one that validation chose: then on test, since what is sealed has the chosen one
 */
export function personaGain({ results, source, budget }: PersonaPlace, metric: string, form?: Form): Found {
  const experiment = `persona-${experimentName({ source, budget })}`;
  const entries = personaEntries({ results, source, budget });
  const all = primaryOf(entries);
  if (all.proposed === undefined) return notAttempted(entries.length === 0 ? `no runs of ${experiment} here` : `${experiment} is under way: the proposed model has no runs yet`);
  const primary = form === undefined ? all : primaryOf(entries.filter((entry) => entry.form === form || entry.arm.role === "baseline"));
  if (primary.proposed === undefined) return notAttempted(`no runs of ${experiment} in this form`);
  const confirmed = form === undefined ? readConfirmationFile({ results, experiment }) : undefined;
  const groups = groupsOf(results, experiment, confirmed !== undefined);
  if (groups === undefined) return missingGroups(experiment);
  const name = ({ arm, form: own }: Entry): string => rowName({ arm: arm.id, form: own });
  const runs = (entry: Entry): readonly Run[] | undefined => runsOf(entry.results, confirmed?.rows.find((row) => row.name === name(entry))?.runs, confirmed !== undefined, groups);
  const proposed = runs(primary.proposed);
  if (proposed === undefined) return notAttempted(`the sealed period of ${experiment} was read with other runs`);
  const rivals = primary.against.flatMap(({ as, entry }) => {
    const own = runs(entry);
    return own === undefined ? [] : [{ as, name: name(entry), title: titleOf(entry), runs: own }];
  });
  const known = confirmed !== undefined && confirmed.metric === metric ? confirmed : undefined;
  return gainOf({ title: titleOf(primary.proposed), metric, budget, runs: proposed, results: resultsId(primary.proposed.results), rivals, basis: confirmed !== undefined ? sealedWords : form === undefined ? exploratory : otherForm, known });
}

const formWords: Readonly<Record<Form, string>> = { alone: "", rerank: ", reranked", blend: ", blended" };

function titleOf({ arm, form }: Entry): string {
  return `${arm.title}${formWords[form]}`;
}

/** The counterfactual paper's gain on less popular targets. */
export function counterfactualGain(results: string, source: CounterfactualSet, budget: Budget): Found {
  const settings = { results, source, budget };
  const experiment = `counterfactual-${counterfactualName(settings)}`;
  const entries = counterfactualEntries(settings);
  const { proposed, plain, against } = counterfactualPrimary(entries, settings);
  if (proposed === undefined) return notAttempted(entries.length === 0 ? `no runs of ${experiment} here` : `${experiment} is under way: the proposed arm has no runs yet`);
  const confirmed = readConfirmationFile<CounterfactualConfirmation>({ results, experiment });
  const groups = groupsOf(results, experiment, confirmed !== undefined);
  if (groups === undefined) return missingGroups(experiment);
  const runs = ({ arm, results: own }: typeof proposed): readonly Run[] | undefined => runsOf(own, confirmed?.rows.find(({ name }) => name === arm.id)?.runs, confirmed !== undefined, groups);
  const own = runs(proposed);
  if (own === undefined) return notAttempted(`the sealed period of ${experiment} was read with other runs`);
  const rivals = against.flatMap(({ as, entry }) => {
    const found = runs(entry);
    return found === undefined ? [] : [{ as, name: entry.arm.id, title: entry.arm.title, runs: found }];
  });
  return gainOf({ title: `NISER+ with ${proposed.arm.title}`, metric: counterfactualMetric, budget, runs: own, results: resultsId(proposed.results), rivals, basis: confirmed === undefined ? exploratory : sealedWords, cases: groups.lessPopular, known: confirmed, tooDear: tooDear(confirmed?.overall ?? (plain && guardOf(overall(proposed), overall(plain), {}))) });
}

/** The overall Recall of an arm on test. */
function overall({ results }: CounterfactualEntry): number {
  return results.reduce((sum, { test }) => sum + test.metrics[counterfactualMetric]!, 0) / results.length;
}

/** In words, where the overall Recall has fallen below its margin. */
function tooDear(guard: OverallGuard | undefined): string | undefined {
  return guard === undefined || guard.kept ? undefined : `over all targets ${guard.proposed.toFixed(4)} against ${guard.plain.toFixed(4)} without augmentation: below it by more than ${100 * guard.margin} %`;
}

/** The counterfactual paper's gain in click rate, in worlds whose logs have popularity bias. */
export function onlineGain(results: string, budget: Budget): Found {
  const settings = { results, budget };
  const experiment = onlineName(settings);
  const { proposed, against } = onlineRivals(onlineEntries("biased", settings));
  if (proposed === undefined) return notAttempted(`no runs of ${experiment} here`);
  const rival = (as: string) => against.find((one) => one.as === as)?.entry;
  if (rival(baseline) === undefined || rival(placebo) === undefined) return notAttempted("the baselines or the placebos have no runs here");
  const confirmed = readConfirmationFile<OnlineConfirmation>({ results, experiment });
  const sealed = [proposed, ...against.map(({ entry }) => entry)].every(({ arm }) => confirmed?.rows.some(({ name }) => name === arm.id) ?? true);
  if (!sealed) return notAttempted(`the sealed sessions of ${experiment} were read with other runs`);
  const counts = (entry: typeof proposed): CountsBySeed => (confirmed === undefined ? countsOf(entry, "test", "logged") : sealedCounts(confirmed, entry.arm.id));
  const slots = slotsOf(proposed);
  const rates = (entry: typeof proposed): number[] => [...counts(entry).values()].map((one) => meanRates(one, slots)[primaryRate]!);
  const comparisons = confirmed?.comparisons ?? withHolm(against.map(({ as, entry }) => compareOnline({ world: "biased", start: "logged", rate: primaryRate, against: entry.arm.id, as }, counts(proposed), counts(entry), slots)));
  const theirs = rates(rival(baseline)!);
  const usual = theirs.reduce((sum, one) => sum + one, 0) / theirs.length;
  const margin = equivalence(drawnDifference(primaryRate, counts(proposed), counts(rival(placebo)!), slots).drawn, worthwhile * usual);
  const titles = new Map(against.map(({ entry }) => [entry.arm.id, entry.arm.title]));
  const shown = { title: `NISER+, ${proposed.arm.title}`, metric: primaryRate, budget, results: resultsId(proposed.results), basis: confirmed === undefined ? exploratory : sealedWords };
  return foundOf(shown, rates(proposed), comparisons, usual, margin, (name) => titles.get(name) ?? name, confirmed?.verdict);
}

function groupsOf(results: string, experiment: string, sealed: boolean): CaseGroups | undefined {
  return readCaseGroups(results, experiment, sealed ? "confirm" : "test");
}

function missingGroups(experiment: string): Found {
  return notAttempted(`results/cases/${experiment}.json is not there; sessionlab reproduce --publish writes it`);
}

/** Runs on test, or on the sealed cases, as a file has them; undefined where the sealed period was read without them, or on other cases. */
function runsOf(results: readonly (Result & { readonly ranks: string })[], sealedRuns: readonly (ResultPart & { readonly seed: number; readonly ranks: string })[] | undefined, sealed: boolean, groups: CaseGroups): readonly Run[] | undefined {
  if (!sealed) return results.some(({ test }) => test.hash !== groups.hash) ? undefined : results.map((result) => runOf(result, { ...result.test, ranks: result.ranks }, groups));
  if (sealedRuns === undefined || sealedRuns.some(({ hash }) => hash !== groups.hash)) return undefined;
  return sealedRuns.map((run) => {
    const { seed, ...part } = run;
    return runOf(results.find((result) => result.seed === seed)!, part, groups);
  });
}
