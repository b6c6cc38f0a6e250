/**
 * sessionlab evaluate on benchmark files: trains a model by name with its budget's options and measures it on the test
 * cases. Targets that training does not have are misses. A training that was done before comes from the cache.
 */
import { basename, resolve } from "node:path";
import { budgets } from "../core/budget";
import { footer } from "../core/step";
import { readBenchmark } from "../data/benchmark";
import { sessionCount } from "../data/types";
import { renderTable } from "../display/formats";
import { evaluate } from "../evaluation/evaluate";
import { passportOf } from "../evaluation/passport";
import { countReading } from "../evaluation/readings";
import { trainingCounts } from "../evaluation/strata";
import { makerOf, models, type ModelId } from "../models/index";
import { trainStep } from "../papers/steps";
import { initBackend } from "../tensor/backend";
import type { Outcome, Terminal } from "./terminal";
import { oneOf, parsePairs } from "./values";

/** What can be said on the command line. */
export interface BenchmarkEvaluateOptions {
  readonly model: string;
  readonly train: string;
  readonly test: string;
  readonly k?: readonly number[];
  readonly readings: string;
  readonly budget?: string;
  readonly options?: readonly string[];
  readonly seed?: number;
  readonly validShare?: number;
  readonly half?: boolean;
}

/**
 * Trains and measures. Of several cut-offs, `recall` and `mrr` are of the largest, and `metrics` has all.
 * @throws ConfigError, DataError with file and line
 */
export async function evaluateBenchmark(given: BenchmarkEvaluateOptions, { signal, progress, say }: Terminal): Promise<Outcome> {
  const id = oneOf("a model", Object.keys(models) as ModelId[], given.model);
  const budget = oneOf("a budget", budgets, given.budget ?? "minute");
  const { k: ks = [20], seed = 1, half = false } = given;
  const maker = makerOf(id);
  // Models on tensors stop early on validation; the others would only lose the latest sessions to it.
  const validShare = given.validShare ?? (maker.tensors ? 0.1 : 0);
  const options = { ...maker.budgets[budget], ...parsePairs(given.options ?? []) };
  maker.make(options).dispose(); // wrong options fail before the data are read
  const backend = await initBackend();
  const name = basename(given.train).replace(/(\.(txt|tsv|csv|gz))+$/i, "");
  const split = await readBenchmark({ train: given.train, test: given.test, signal, progress }, { name, validShare, confirm: half });
  const trained = await trainStep(maker, split, options, seed, { backend, budget, signal, progress });
  say(`${maker.title}: ${footer(trained)}`);
  const readings = await countReading(resolve(given.readings), `benchmark-${name}-${split.test.hash.slice(0, 8)}`, "test");
  const startedAt = new Date();
  const start = performance.now();
  const model = await trained.value.open();
  try {
    const evaluation = await evaluate((sessions) => model.score(sessions), split.test, { ks, counts: trainingCounts(split.train), signal, progress });
    const seconds = (performance.now() - start) / 1000;
    const passport = passportOf({ model: maker.title, options: trained.value.options, seeds: [seed], budget, seconds, split, evaluation, backend, startedAt });
    const { metrics, overSeen, cases } = evaluation;
    const parts = [{ name: "all", cases, metrics }, { name: "seen targets", ...overSeen }];
    const text = renderTable(
      {
        title: `${maker.title} on ${half ? "the first half of " : ""}${given.test}`,
        columns: [
          { header: "cases", cell: (part) => part.name },
          { header: "number", cell: (part) => part.cases, digits: 0 },
          ...ks.flatMap((k) => [
            { header: `Recall@${k}`, cell: (part: (typeof parts)[number]) => part.metrics[`HR@${k}`] },
            { header: `MRR@${k}`, cell: (part: (typeof parts)[number]) => part.metrics[`MRR@${k}`] },
          ]),
        ],
        rows: parts,
        protocol: `${passport.candidates} from ${sessionCount(split.train)} sessions, targets that training does not have are misses, metric's expectation over ties, backend ${passport.backend}`,
        results: [trained.key],
        notes: [
          ...(validShare > 0 ? [`The last ${sessionCount(split.valid.sessions)} training sessions were validation (--valid-share ${validShare}).`] : []),
          `This is reading ${readings} of these test cases from the command line.`,
        ],
      },
      "text",
    );
    const k = ks.at(-1)!;
    const facts = { trainSessions: sessionCount(split.train), validShare, budget, seed, options: trained.value.options, readings, cached: trained.cached };
    return { text, json: { model: id, k, cases, recall: metrics[`HR@${k}`], mrr: metrics[`MRR@${k}`], metrics, overSeen, ...facts, passport } };
  } finally {
    model.dispose();
  }
}
