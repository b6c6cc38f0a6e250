/** What can be held against a known truth, or against a goal that was set before: the diffusion model as a recommender, and the response model. */
import { join } from "node:path";
import { passportKey } from "../../evaluation/passport";
import { readDiffusion } from "../diffusion/diffusion";
import { readResponse, type ResponseResult } from "../response/response";
import { alpha, differenceText } from "../words";
import { goalVerdict, notAttempted, type Found, type Ours } from "./rules";

/** Whether guided diffusion is ahead of a row of its table; of the recommender that it stands on, not behind it. */
export function diffusionGoal(results: string, name: string, against: string): Found {
  const result = readDiffusion(join(results, "diffusion", `${name}.json`));
  const row = result?.rows.find(({ model }) => model === "diffusion");
  const found = result?.comparisons.find((one) => one.against === against);
  if (result === undefined || row === undefined || found === undefined) return notAttempted(`no results/diffusion/${name}.json here`);
  const { difference, low, high, holm } = found;
  const reached = against === "POP" ? difference > 0 && holm < alpha : low >= 0;
  return {
    verdict: goalVerdict(reached, low <= 0 && high >= 0),
    ours: { what: row.title, metric: "NDCG@20", value: row.test["NDCG@20"]!, seeds: row.seeds.length, budget: result.passport.budget, results: row.results },
    tested: { words: [`against ${against}: ${differenceText({ difference, low, high, holm }, "NDCG@20")}`] },
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
