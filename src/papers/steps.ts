/**
 * The expensive parts of every experiment as cached steps: choose options on validation, train, evaluate.
 * A step's key holds the data, the options, the seed, the code of the model, and the backend where its bits matter,
 * so a changed option computes again what depends on it and nothing else. Fit and choice never see the test cases.
 */
import { join } from "node:path";
import { readFileSync } from "node:fs";
import type { Budget } from "../core/budget";
import type { Codec } from "../core/codec";
import { writeFileAtomic } from "../core/files";
import { hashOf, type Hashable } from "../core/hash";
import type { Progress } from "../core/progress";
import { Rng } from "../core/rng";
import { step, type StepResult } from "../core/step";
import type { Cases, Split } from "../data/types";
import { caseRanges, evaluationOf, rankCases, type CaseRange, type EvaluateOptions, type Evaluation, type RankedCases } from "../evaluation/evaluate";
import type { TieRule } from "../evaluation/ranks";
import { trainingCounts } from "../evaluation/strata";
import type { ModelMaker } from "../models/index";
import type { FitContext, FitReport, Recommender } from "../models/recommender";
import { tune, type TuneReport } from "../models/tune";
import { sampleCases } from "../models/validation";
import type { BackendInfo } from "../tensor/backend";

/** What the steps of an experiment share. */
export interface Workshop {
  readonly backend: BackendInfo;
  readonly budget: Budget;
  /** Folder of the step cache. */
  readonly cache?: string;
  /** Into how many parts cases are cut that are measured, each a step of its own, which any process can compute; 1 if not given. */
  readonly parts?: number;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** A model that was trained, in the cache: opened when its scores are needed. */
export interface Trained {
  readonly report: FitReport;
  /** All of them, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The caller disposes the model. */
  open(): Promise<Recommender>;
}

/** Cut-offs of every table. */
export const cutoffs: readonly number[] = [10, 20];
/** The metric that chooses and that is tested first. */
export const primaryMetric = "NDCG@10";

/** The part of the key that says which machine and library made the bits, for models that use tensors. */
export function bitsOf(maker: ModelMaker, { backend }: Workshop): Hashable {
  if (!maker.tensors) return null;
  const { name, device, threads, cpu, tfjs, tensorflow } = backend;
  return { name, device, threads, cpu, tfjs, tensorflow };
}

const evaluationCode = require.resolve("../evaluation/evaluate");

/**
 * Chooses a model's options on the validation cases.
 * @param space every setting to try, whole; of settings that are the same, one is tried
 * @param cases validation cases that a setting is scored on; of more, as many are drawn once
 */
export function tuneStep(maker: ModelMaker, split: Split, space: readonly object[], seed: number, shop: Workshop, { metric = primaryMetric, cases = Infinity } = {}): Promise<StepResult<TuneReport>> {
  const { signal, progress, cache } = shop;
  const different = [...new Map(space.map((options) => [hashOf(options as Hashable), options])).values()];
  return step(
    "tune",
    { train: split.train.hash, valid: split.valid.hash, bits: bitsOf(maker, shop) },
    { model: maker.title, space: different, metric, seed, ...(cases === Infinity ? {} : { cases }) },
    (context) => tune((options) => maker.make(options), different, { train: split.train, valid: sampleCases(split.valid, cases, new Rng(seed).child("cases")) }, { ...context, rng: new Rng(seed), metric }),
    { code: [__filename, maker.code, require.resolve("../models/tune")], signal, progress, cache },
  );
}

/** What a fit is given beside the sessions, and what that is, hashed. */
export interface Beside {
  readonly key: Hashable;
  readonly context: Pick<FitContext, "vectors" | "personas" | "start">;
}

/** Trains a model; a killed training goes on from its checkpoint when the step is called again. */
export function trainStep(maker: ModelMaker, split: Pick<Split, "train" | "valid">, options: object, seed: number, shop: Workshop, beside?: Beside): Promise<StepResult<Trained>> {
  const { signal, progress, cache } = shop;
  const train = async (context: { signal?: AbortSignal; progress?: Progress; checkpoint?: string }): Promise<Trained> => {
    const startedAt = new Date().toISOString();
    const model = maker.make(options);
    try {
      const report = await model.fit(split.train, split.valid, { ...context, ...beside?.context, rng: new Rng(seed).child(maker.title) });
      return { report, options: model.options, startedAt, open: () => Promise.resolve(model) };
    } catch (error) {
      model.dispose();
      throw error;
    }
  };
  return step(
    "train",
    { train: split.train.hash, valid: split.valid.hash, bits: bitsOf(maker, shop), ...(beside && { beside: beside.key }) },
    { model: maker.title, options, seed },
    train,
    { code: [__filename, maker.code], codec: trainedCodec(maker), checkpoint: true, signal, progress, cache },
  );
}

/** The model's own folder, and what its fit reported. The values that were computed are freed once they are written. */
function trainedCodec(maker: ModelMaker): Codec<Trained> {
  const opened = new WeakMap<Trained, Recommender>();
  return {
    async write(folder, trained) {
      const model = await trained.open();
      opened.set(trained, model);
      await model.save(join(folder, "model"));
      writeFileAtomic(join(folder, "report.json"), JSON.stringify({ report: trained.report, options: trained.options, startedAt: trained.startedAt }));
    },
    read(folder) {
      const facts = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as Omit<Trained, "open">;
      return { ...facts, open: () => maker.load(join(folder, "model")) };
    },
    release: (trained) => opened.get(trained)?.dispose(),
  };
}

/** What is measured: a trained model, on cases; sealed ones for the one who counts the reading (sealed.ts). */
export interface Measured {
  readonly maker: ModelMaker;
  readonly trained: StepResult<Trained>;
  readonly split: Split;
  readonly cases: Cases;
  /** Called before cases of role "test" or "confirm" are scored; not when the result is in the cache. */
  readonly onReading?: (role: "test" | "confirm") => Promise<unknown>;
  readonly ties?: TieRule;
}

/** Scores all cases by a trained model. */
export function evaluateStep(measured: Measured, shop: Workshop): Promise<StepResult<Evaluation>> {
  const { maker, trained, split, cases, ties = "expected" } = measured;
  const { signal, progress, cache, parts = 1 } = shop;
  return step(
    "evaluate",
    { model: trained.key, cases: cases.hash, train: split.train.hash },
    { ks: cutoffs, ties },
    async () => {
      const ranked: RankedCases[] = [];
      if (parts === 1) ranked.push(await rankedBy(measured, shop));
      else for (let part = 0; part < parts; part++) ranked.push((await evaluatePartStep(measured, part, shop)).value);
      return evaluationOf(ranked, cases, evaluateOptions(measured, shop));
    },
    { code: [__filename, evaluationCode, maker.code], signal, progress, cache },
  );
}

/** One of the parts that `shop` cuts the cases into. @param part from 0 */
export function evaluatePartStep(measured: Measured, part: number, shop: Workshop): Promise<StepResult<RankedCases>> {
  const { maker, trained, split, cases, ties = "expected" } = measured;
  const { signal, progress, cache, parts = 1 } = shop;
  return step(
    "evaluate-part",
    { model: trained.key, cases: cases.hash, train: split.train.hash },
    { ks: cutoffs, ties, part, parts },
    () => rankedBy(measured, shop, caseRanges(cases.target.length, parts)[part]),
    { code: [__filename, evaluationCode, maker.code], signal, progress, cache },
  );
}

function evaluateOptions({ split, cases, ties = "expected" }: Measured, { signal, progress }: Workshop): EvaluateOptions {
  return { ks: cutoffs, ties, ...(cases.role === "confirm" && { seal: "open" as const }), signal, progress, counts: trainingCounts(split.train) };
}

/** A reading of the cases is counted with their first. */
async function rankedBy(measured: Measured, shop: Workshop, range: CaseRange = { from: 0, to: measured.cases.target.length }): Promise<RankedCases> {
  const { trained, cases, onReading } = measured;
  const model = await trained.value.open();
  try {
    if (cases.role !== "valid" && range.from === 0) await onReading?.(cases.role);
    return await rankCases((sessions) => model.score(sessions), cases, evaluateOptions(measured, shop), range);
  } finally {
    model.dispose();
  }
}
