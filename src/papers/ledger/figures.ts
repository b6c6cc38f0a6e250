/** Ours beside a published figure: the means of result files over seeds, with the standard error of the difference. */
import type { ModelId } from "../../models/index";
import { benchmarkRows } from "../benchmark/benchmark";
import { personaRows, personaRuns, readPersonaResults, type PersonaMeasure, type PersonaRun } from "../hdgi/hdgi";
import { overSeeds, type Measured } from "../measure";
import { readResults, resultsId } from "../results";
import { signed } from "../words";
import { figureVerdict, notAttempted, standardErrorOf, type FigureTest, type Found, type Ours } from "./rules";

/** How a figure is held against ours. */
export interface FigureOptions extends Omit<FigureTest, "standardError"> {
  /** Whether it was measured on other cases than ours. */
  readonly otherCases?: boolean;
  /** The standard error of the figure itself, where it is known. */
  readonly own?: number;
}

function figure(ours: Ours, standardError: number, { published, margin, reach }: FigureOptions, digits: number, basis = "test"): Found {
  const { verdict, test, low, high } = figureVerdict(ours.value.mean, { published, margin, reach, standardError });
  const form = (value: number): string => (digits === 4 ? signed(value) : `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`);
  return { verdict, ours, tested: { words: [`difference ${form(test.difference)} [${form(low)}, ${form(high)}]`], margin: test, of: reach === true ? "not below the figure" : "to the figure" }, basis };
}

/** A figure on Diginetica's files, in percent: ours at the paper's budget. */
export function benchmarkFigure(results: string, model: ModelId, metric: "P@20" | "MRR@20", options: FigureOptions): Found {
  const row = benchmarkRows({ results, name: "diginetica", budget: "paper" }).find((one) => one.model === model);
  if (row === undefined) return notAttempted(`no run of ${model} on the benchmark's files here`);
  const name = metric === "P@20" ? "HR@20" : metric;
  const value = overSeeds(row.results.map(({ test }) => ({ value: test.metrics[name]! })))["value"]!;
  const [seeds, cases] = [row.results.length, row.results[0]!.test.cases];
  const random = row.results[0]!.fit.epochs !== undefined && seeds === 1;
  const percent: Measured = { mean: 100 * value.mean, ...(value.sd !== undefined && { sd: 100 * value.sd }) };
  const standardError = 100 * standardErrorOf(value, seeds, cases, random || options.otherCases === true, (options.own ?? 0) / 100);
  return figure({ what: row.title, metric: `${metric} %`, value: percent, seeds, budget: "paper", results: [resultsId(row.results)] }, standardError, options, 2);
}

/** A figure of a base recommender. @param dataset as in the files' names: "ml-100k-loo-hour" */
export function baseFigure(results: string, dataset: string, model: string, metric: string, { on = "test", ...options }: FigureOptions & { readonly on?: "valid" | "test" }): Found {
  const own = readResults(results).filter((one) => one.paper === "base" && one.dataset === dataset && one.model === model).sort((a, b) => a.seed - b.seed);
  const [first] = own;
  if (first === undefined) return notAttempted(`no run of ${model} on ${dataset} here`);
  const value = overSeeds(own.map((one) => ({ value: one[on].metrics[metric]! })))["value"]!;
  const standardError = standardErrorOf(value, own.length, first[on].cases, own.length === 1);
  return figure({ what: first.passport.model, metric, value, seeds: own.length, budget: first.passport.budget, results: [resultsId(own)] }, standardError, options, 4, on === "test" ? "test" : "validation");
}

/** A figure of vectors without labels on ACM3025. */
export function hdgiFigure(results: string, model: PersonaRun, measure: PersonaMeasure, options: FigureOptions): Found {
  const own = readPersonaResults(results, "acm3025").filter((one) => one.model === model);
  const [row] = personaRows(own);
  if (row === undefined) return notAttempted(`no run of ${personaRuns[model]} on ACM3025 here`);
  const value: Measured = { mean: row.mean[measure], ...(row.seeds > 1 && { sd: row.sd[measure] }) };
  return figure({ what: personaRuns[model], metric: measure, value, seeds: row.seeds, budget: own[0]!.passport.budget, results: [resultsId(own)] }, standardErrorOf(value, row.seeds, 1, false), options, 4);
}
