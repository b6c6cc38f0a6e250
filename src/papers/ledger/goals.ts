/**
 * What can be held against a known truth, or against a goal that was set before: the diffusion model as a recommender, the response model,
 * worlds without bias, links to entities, vectors of a labelled graph, and the benchmark's least figures.
 */
import { join } from "node:path";
import type { Budget } from "../../core/budget";
import { hashOfJson } from "../../core/hash";
import { equivalence } from "../../evaluation/equivalence";
import { passportKey } from "../../evaluation/passport";
import type { LinkDomain } from "../../kg/linker-features";
import type { ModelId } from "../../models/index";
import { benchmarkRows } from "../benchmark/benchmark";
import { readDiffusion } from "../diffusion/diffusion";
import { personaRows, personaRuns, readPersonaResults, type PersonaRun } from "../hdgi/hdgi";
import { linkingGoals, readLinking } from "../linking";
import { overSeeds } from "../measure";
import { onlineName } from "../online/online";
import { meanRates, onlineMargin, primaryRate } from "../online/rates";
import { countsOf, drawnDifference, onlineEntries, sameCompute, slotsOf } from "../online/report";
import { resultsId } from "../results";
import { readResponse, type ResponseResult } from "../response/response";
import { alpha, differenceText, signed } from "../words";
import { goalVerdict, notAttempted, type Found, type Ours } from "./rules";

/**
 * Whether guided diffusion is ahead of a row of its table; of the recommender that it stands on, not behind it.
 * @param times how often the row's metric it should have at least, by the lower end of the interval
 */
export function diffusionGoal(results: string, name: string, against: string, times = 1): Found {
  const result = readDiffusion(join(results, "diffusion", `${name}.json`));
  const row = result?.rows.find(({ model }) => model === "diffusion");
  const found = result?.comparisons.find((one) => one.against === against);
  if (result === undefined || row === undefined || found === undefined) return notAttempted(`no results/diffusion/${name}.json here`);
  const { difference, low, high, holm, proposed, baseline } = found;
  const more = (times - 1) * baseline;
  const reached = against === "POP" ? difference > 0 && holm < alpha && low >= more : low >= 0;
  const ratio = baseline > 0 ? `${(proposed / baseline).toFixed(2)} times it; ` : "";
  return {
    verdict: goalVerdict(reached, low <= more && high >= more),
    ours: { what: row.title, metric: "NDCG@20", value: row.test["NDCG@20"]!, seeds: row.seeds.length, budget: result.passport.budget, results: row.results },
    tested: { words: [`${ratio}against ${against}: ${differenceText({ difference, low, high, holm }, "NDCG@20")}`] },
    basis: "test",
  };
}

const folderName = "no results/response/simulator.json here";

function responseOf(results: string): ResponseResult | undefined {
  return readResponse(join(results, "response", "simulator.json"));
}

function oursOf(result: ResponseResult, what: string, metric: string, mean: number, seeds = 1): Ours {
  return { what, metric, value: { mean }, seeds, budget: result.passport.budget, results: [`response-simulator@${passportKey(result.passport).slice(0, 8)}`] };
}

/** Within 5 % of the true mechanism's log likelihood. */
export function likelihoodGoal(results: string): Found {
  const result = responseOf(results);
  if (result === undefined) return notAttempted(folderName);
  const best = result.likelihood.at(-1)!;
  return { verdict: goalVerdict(best.gap <= 0.05), ours: oursOf(result, "the learnt response model", "% worse than the truth", 100 * best.gap), tested: { words: [`with ${best.sessions} logged sessions`] }, basis: "held-out sessions" };
}

/** Each rate by abducted noise within the truth's interval, and by Brier's score nearer than noise from the prior. */
export function ratesGoal(results: string): Found {
  const result = responseOf(results);
  if (result === undefined) return notAttempted(folderName);
  const rows = result.rates.learnt;
  const good = rows.filter(({ abducted, prior }) => abducted.within && abducted.brier < prior.brier).length;
  return { verdict: goalVerdict(good === rows.length), ours: oursOf(result, "counterfactual rates of the learnt model", "share that is as it should be", good / rows.length), tested: { words: [`${good} of ${rows.length}`] }, basis: "the same sessions run again" };
}

/** Each policy's click rate above that of the one before, by its interval. */
export function policiesGoal(results: string): Found {
  const result = responseOf(results);
  if (result === undefined) return notAttempted(folderName);
  const later = result.policies.slice(1);
  const ahead = later.filter(({ gain }) => gain!.low > 0).length;
  const undecided = later.every(({ gain }) => gain!.high > 0);
  return { verdict: goalVerdict(ahead === later.length, undecided), ours: oursOf(result, later.at(-1)!.name, "slate CTR", later.at(-1)!.ctr.mean, result.passport.seeds.length), tested: { words: [`${ahead} of ${later.length} ahead of the one before`] }, basis: "the same users and noise" };
}

/** Rejections of a true hypothesis within what chance allows. */
export function sameGoal(results: string): Found {
  const result = responseOf(results);
  if (result === undefined) return notAttempted(folderName);
  const { runs, rejected, low, high } = result.same;
  const share = rejected / runs;
  return { verdict: goalVerdict(share >= low && share <= high), ours: oursOf(result, "random slates against random slates", "% told apart", 100 * share), tested: { words: [`${rejected} of ${runs} tests; chance allows ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`] }, basis: "simulated sessions" };
}

/** In worlds whose logs have no popularity bias: the proposed model's gain over the same compute within the margin of the click rates, by two one-sided tests. */
export function noBiasGoal(results: string, budget: Budget): Found {
  const entries = onlineEntries("unbiased", { results, budget });
  const [own, usual] = (["proposed", sameCompute] as const).map((role) => entries.find(({ arm }) => arm.role === role));
  if (own === undefined || usual === undefined) return notAttempted(`no runs of ${onlineName({ budget })} without bias here`);
  const [counts, slots] = [countsOf(own, "test", "logged"), slotsOf(own)];
  const margin = equivalence(drawnDifference(primaryRate, counts, countsOf(usual, "test", "logged"), slots).drawn, onlineMargin);
  const value = overSeeds([...counts.values()].map((one) => ({ value: meanRates(one, slots)[primaryRate]! })))["value"]!;
  return {
    verdict: goalVerdict(margin.holds, margin.low <= onlineMargin && margin.high >= -onlineMargin),
    ours: { what: `NISER+, ${own.arm.title}`, metric: primaryRate, value, seeds: own.results.length, budget, results: [resultsId(own.results)] },
    tested: { words: [`against the same compute, ${usual.arm.title}: difference ${signed(margin.difference)}, 90 % interval [${signed(margin.low)}, ${signed(margin.high)}]`], margin, of: "to the same compute" },
    basis: "test, exploratory",
  };
}

/** The linker's precision and recall on the half of the maps that nothing was chosen on. */
export function linkingGoal(results: string, domain: LinkDomain): Found {
  const result = readLinking(join(results, "linking", "maps.json"));
  const found = result?.maps.find((one) => one.domain === domain && one.evidence === "relations");
  if (result === undefined || found === undefined) return notAttempted("no results/linking/maps.json here");
  const [precision, recall] = linkingGoals[domain];
  const { test } = found;
  return {
    verdict: goalVerdict(test.precision >= precision && test.recall >= recall),
    ours: { what: "the linker", metric: "recall", value: { mean: test.recall }, seeds: 1, budget: "paper", results: [`maps@${hashOfJson(result).slice(0, 8)}`] },
    tested: { words: [`precision ${test.precision.toFixed(3)}, recall ${test.recall.toFixed(3)} with ${test.links} links`] },
    basis: "the test half of the maps",
  };
}

/** Vectors whose micro-F1 is above that of features, and of their means over meta-paths, by more than the spread over seeds. */
export function featuresGoal(results: string, model: Extract<PersonaRun, "hdgi-c" | "hdgi-a">): Found {
  const all = readPersonaResults(results, "acm3025");
  const rows = personaRows(all);
  const [own, ...others] = ([model, "features", "mean-features"] as const).map((one) => rows.find((row) => row.model === one));
  if (own === undefined || others.some((row) => row === undefined)) return notAttempted(`no runs of ${personaRuns[model]} and of the features on ACM3025 here`);
  const measure = "test micro-F1";
  const gains = others.map((row) => ({ name: personaRuns[row!.model], gain: own.mean[measure] - row!.mean[measure] }));
  const runs = all.filter((one) => one.model === model);
  return {
    verdict: goalVerdict(gains.every(({ gain }) => gain > own.sd[measure])),
    ours: { what: personaRuns[model], metric: "micro-F1", value: { mean: own.mean[measure], sd: own.sd[measure] }, seeds: own.seeds, budget: runs[0]!.passport.budget, results: [resultsId(runs)] },
    tested: { words: gains.map(({ name, gain }) => `${signed(gain)} to ${name}`) },
    basis: "test",
  };
}

/** A model on Diginetica's files at least at what was set for it, in percent. */
export function leastGoal(results: string, model: ModelId, least: { readonly p: number; readonly mrr: number }): Found {
  const row = benchmarkRows({ results, name: "diginetica", budget: "paper" }).find((one) => one.model === model);
  if (row === undefined) return notAttempted(`no run of ${model} on the benchmark's files here`);
  const [p, mrr] = (["HR@20", "MRR@20"] as const).map((name) => overSeeds(row.results.map(({ test }) => ({ value: 100 * test.metrics[name]! })))["value"]!);
  return {
    verdict: goalVerdict(p!.mean >= least.p && mrr!.mean >= least.mrr),
    ours: { what: row.title, metric: "P@20 %", value: p!, seeds: row.results.length, budget: "paper", results: [resultsId(row.results)] },
    tested: { words: [`P@20 ${p!.mean.toFixed(2)} and MRR@20 ${mrr!.mean.toFixed(2)}`] },
    basis: "test",
  };
}
