/** A made-up result and report: numbers that are easy to follow by hand. */
import type { Passport } from "../../src/evaluation/passport";
import type { BaseReport, BaseRow, BaseTable } from "../../src/papers/base/base";
import type { Result, ResultPart } from "../../src/papers/results";

const passport: Passport = {
  model: "SASRec",
  data: { name: "toy", hash: "d0" },
  split: { protocol: "global time" },
  candidates: "full ranking over 4 training items",
  ties: "expected",
  tieRate: 0,
  ks: [10, 20],
  options: { dropout: 0.2 },
  seeds: [1],
  budget: "minute",
  version: "0.0.0",
  backend: "cpu CPU",
  threads: 1,
  cpu: "a processor",
  node: "v0",
  startedAt: "2020-01-01T00:00:00.000Z",
  seconds: 1,
};

const part: ResultPart = { hash: "c0", cases: 3, metrics: { "NDCG@10": 0.5 }, overSeen: { cases: 2, metrics: { "NDCG@10": 0.75 } }, strata: [] };

export function toyResult(seed: number): Result {
  return {
    paper: "base",
    dataset: "toy-time",
    model: "sasrec",
    seed,
    passport: { ...passport, seeds: [seed] },
    fit: { seconds: 1, epochs: 3 },
    valid: part,
    test: part,
  };
}

type Against = BaseRow["against"];

function row(model: BaseRow["model"], title: string, ndcg: number, against?: Against): BaseRow {
  const measured = { mean: ndcg, sd: against === undefined ? 0.001 : undefined, low: ndcg - 0.01, high: ndcg + 0.01 };
  const metrics = { "NDCG@10": measured, "HR@10": { ...measured, mean: 2 * ndcg }, "HR@20": { mean: 3 * ndcg }, "MRR@10": { mean: ndcg / 2 }, "Coverage@10": { mean: 0.25 }, "ARP@10": { mean: 123.44 } };
  const stratum = (name: string, cases: number, items: number, value: number) => ({ by: "popularity", name, cases, items, metrics: { "NDCG@10": value } });
  return {
    model,
    title,
    options: model === "markov" ? { smoothing: 0.5 } : {},
    searched: model === "markov" ? 12 : 1,
    seeds: against === undefined ? [1, 2] : [1],
    results: [`base-ml-100k-time-${model}-1@12345678`],
    epochs: against === undefined ? [7, 9] : undefined,
    seconds: 61,
    valid: { "NDCG@10": { mean: 0.9 } },
    test: metrics,
    overSeen: { "NDCG@10": { mean: 2 * ndcg }, "HR@10": { mean: 0.5 } },
    strata: [stratum("tail", 40, 800, ndcg / 10), stratum("head", 50, 200, ndcg)],
    against,
  };
}

function table(protocol: BaseTable["protocol"]): BaseTable {
  const cases = { cases: 100, sessions: 20, medianPrefix: 3, coldTargetShare: 0.1, repeatShare: 0 };
  return {
    protocol,
    title: protocol === "time" ? "global time cut" : "leave-one-out",
    words: "training before the first cut",
    experiment: `base-ml-100k-${protocol}`,
    counts: { items: { trained: 1000, cold: 7 }, train: { sessions: 50, events: 900, medianLength: 9, repeatShare: 0 }, valid: cases, test: cases },
    leakage: {
      name: "ml-100k", protocol: protocol === "time" ? "global time" : "leave-one-out", testCases: 100, unseen: { cases: 10, items: 7 },
      time: { affectedShare: protocol === "time" ? 0 : 0.985, laterTrainShare: protocol === "time" ? 0 : 0.4, newestTraining: "1998-02-08T23:59:59.000Z" },
      duplicates: { jaccard: 0.8, minItems: 3, mostCandidates: 1000, sessions: 20, identical: 0, near: 0, unfinished: 0, examples: [] },
    },
    candidates: "full ranking over 1000 training items",
    rows: [
      row("pop", "POP", 0.02, { difference: 0.04, low: 0.03, high: 0.05, p: 0.0002, holm: 0.0004 }),
      row("markov", "Markov", 0.058, { difference: 0.002, low: -0.003, high: 0.007, p: 0.4, holm: 0.4 }),
      row("item-knn", "item-kNN", 0.07, { difference: -0.01, low: -0.015, high: -0.005, p: 0.004, holm: 0.008 }),
      row("sasrec", "SASRec", 0.06),
    ],
  };
}

export const toyReport: BaseReport = {
  paper: "base",
  dataset: "ml-100k",
  budget: "minute",
  seeds: 2,
  backend: { name: "cpu", device: "CPU", threads: 2, cpu: "a processor", tfjs: "4.22.0" },
  tables: [table("time"), table("loo")],
  steps: { total: 5, cached: 3, seconds: 100, cachedSeconds: 59 },
};
