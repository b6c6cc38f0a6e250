/**
 * How well HDGI's vectors find the classes of a labelled graph, beside what they must beat: the features alone, the
 * features with the means over each meta-path, and HDGI on the rewired graph. One result file a run,
 * hdgi-<dataset>-<model>-<seed>.json; a run whose file is there under the same passport is not run again.
 */
import { join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../../core/checked-json";
import { ConfigError, throwIfAborted } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import type { Progress } from "../../core/progress";
import { Rng } from "../../core/rng";
import type { HostMatrix } from "../../evaluation/logistic-regression";
import { passportKey, type Passport } from "../../evaluation/passport";
import { Dmgi, type DmgiOptions } from "../../personas/dmgi";
import { rewired, type PersonaGraph } from "../../personas/graph";
import { Hdgi, type HdgiOptions, type HdgiReport } from "../../personas/hdgi";
import { denseFeatures, labelQuality, meanAggregated, type LabelledGraph, type LabelQuality } from "../../personas/labelled";
import { libraryVersion, type BackendInfo } from "../../tensor/backend";
import type { TrainingContext } from "../../tensor/training";
import { overSeeds } from "../measure";
import { resultName } from "../results";

/** What is measured, in the order of the table. */
export const personaRuns = {
  features: "features alone",
  "mean-features": "features and their means over meta-paths",
  "hdgi-c": "HDGI-C",
  "hdgi-a": "HDGI-A",
  dmgi: "DMGI",
  "hdgi-c-rewired": "HDGI-C, rewired graph",
  "hdgi-a-rewired": "HDGI-A, rewired graph",
} as const;

/** The id of a run. */
export type PersonaRun = keyof typeof personaRuns;

/** One run, as its file holds it. */
export interface PersonaResult extends LabelQuality {
  readonly paper: "hdgi";
  readonly dataset: string;
  readonly model: PersonaRun;
  readonly seed: number;
  readonly passport: Passport;
  /** What the training did; nothing of the baselines, which learn none. */
  readonly fit: Partial<Pick<HdgiReport, "epochs" | "bestEpoch" | "loss" | "accuracy" | "trivial" | "beta" | "seconds">>;
}

/** Options of what learns, over its defaults. */
export interface PersonaOptionSets {
  readonly gcn?: Partial<HdgiOptions>;
  readonly gat?: Partial<HdgiOptions>;
  readonly dmgi?: Partial<DmgiOptions>;
}

/**
 * Options for ACM3025, chosen on its validation split: DMGI's by `sessionlab hdgi --dataset acm3025 --search --variant dmgi`, HDGI's by a
 * script over the settings that the same command tries (results/searches/hdgi-acm3025.json).
 */
export const acmOptions = {
  gcn: { dimension: 256, semantic: 16, rate: 0.001, epochs: 200, patience: 50 },
  gat: { dimension: 64, heads: 8, semantic: 8, rate: 0.005, epochs: 100 },
  dmgi: { rate: 0.005, epochs: 100 },
} as const satisfies PersonaOptionSets;

/** What is run. */
export interface PersonaSettings {
  /** In names of files. */
  readonly dataset: string;
  readonly labelled: LabelledGraph;
  readonly runs: readonly PersonaRun[];
  /** Encoder seeds 1..n of what learns; the baselines have one run. */
  readonly seeds: number;
  readonly options?: PersonaOptionSets;
  /** Folder of result files. */
  readonly results: string;
  readonly backend: Pick<BackendInfo, "name" | "device" | "threads" | "cpu">;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly onStep?: (line: string) => void;
  /** Called before test cases are read. */
  readonly onReading?: (experiment: string) => Promise<unknown>;
}

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @returns all runs asked for, in their order
 * @throws ConfigError for a data set name that is no part of a file name; DataError for a damaged result
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { initBackend, personaGraph, runPersonas, sparseFrom } from "sessionlab";
 * const backend = await initBackend();
 * const nodes = Array.from({ length: 12 }, (_, n) => n);
 * const kinds = sparseFrom(12, 2, nodes, nodes.map((n) => n % 2));
 * const split = { train: Int32Array.of(0, 1, 2, 3), valid: Int32Array.of(4, 5), test: Int32Array.of(6, 7, 8, 9, 10, 11) };
 * const labelled = { graph: personaGraph(nodes.map(String), kinds, [{ name: "kind", factor: kinds }]), classes: ["even", "odd"], labels: Int32Array.from(nodes, (n) => n % 2), split };
 * const [result] = await runPersonas({ dataset: "demo", labelled, runs: ["features"], seeds: 1, results: mkdtempSync("/tmp/personas-"), backend });
 * assert.equal(result!.test.micro, 1);
 */
export async function runPersonas(settings: PersonaSettings): Promise<readonly PersonaResult[]> {
  const { dataset, runs, seeds } = settings;
  if (!/^[a-z0-9-]+$/.test(dataset)) throw new ConfigError(`Expected a data set's name of small letters, digits and dashes, found "${dataset}"`);
  const found: PersonaResult[] = [];
  for (const model of runs) {
    for (let seed = 1; seed <= (learnerOf(model) === undefined ? 1 : seeds); seed++) {
      throwIfAborted(settings.signal, "hdgi");
      found.push(await oneRun(settings, model, seed));
    }
  }
  return found;
}

/** The runs on a data set that a folder of results has, in the table's order. @throws DataError for a damaged one */
export function readPersonaResults(results: string, dataset: string): readonly PersonaResult[] {
  const ids = Object.keys(personaRuns) as PersonaRun[];
  const runs = ids.flatMap((model) => Array.from({ length: most }, (_, at) => fileOf(results, { paper: "hdgi", dataset, model, seed: at + 1 })));
  return runs.flatMap((file) => readCheckedJson<PersonaResult>(file, "a result", "remove it and run again") ?? []);
}

/** Seeds that are looked for. */
const most = 20;

function fileOf(results: string, run: Pick<PersonaResult, "paper" | "dataset" | "model" | "seed">): string {
  return join(results, `${resultName(run)}.json`);
}

async function oneRun(settings: PersonaSettings, model: PersonaRun, seed: number): Promise<PersonaResult> {
  const { dataset, labelled, backend, results, signal, progress, onStep } = settings;
  const startedAt = new Date();
  const started = performance.now();
  const kind = learnerOf(model);
  const learner = kind && makeLearner(kind, settings.options?.[kind]);
  const passport = (): Passport => ({
    model: personaRuns[model],
    data: { name: dataset, hash: hashOf({ graph: labelled.graph.hash, labels: labelled.labels, split: labelled.split } as unknown as Hashable) },
    split: { train: labelled.split.train.length, valid: labelled.split.valid.length, test: labelled.split.test.length },
    candidates: `${labelled.classes.length} classes`,
    ...{ ties: "expected", tieRate: 0, ks: [] },
    options: { ...learner?.options },
    seeds: [seed],
    budget: "paper",
    version: libraryVersion(),
    ...{ backend: `${backend.name} ${backend.device}`, threads: backend.threads, cpu: backend.cpu, node: process.version },
    ...{ startedAt: startedAt.toISOString(), seconds: (performance.now() - started) / 1000 },
  });
  const run = { paper: "hdgi", dataset, model, seed } as const;
  const file = fileOf(results, run);
  const kept = readCheckedJson<PersonaResult>(file, "a result", "remove it and run again");
  if (kept !== undefined && passportKey(kept.passport) === passportKey(passport())) return kept;
  const rng = new Rng(seed);
  const { graph } = labelled;
  let fit: PersonaResult["fit"] = {};
  let vectors = model === "features" ? denseFeatures(graph.features) : undefined;
  if (learner !== undefined) {
    const trained = model.endsWith("rewired") ? rewired(graph, rng.child("rewired")) : graph;
    ({ fit, vectors } = await learner.learn(trained, { rng: rng.child("hdgi"), signal, progress }));
  }
  await settings.onReading?.(`hdgi-${dataset}`);
  const quality = labelQuality(vectors ?? meanAggregated(graph), labelled, rng.child("labels"));
  const result: PersonaResult = { ...run, passport: passport(), fit, ...quality };
  writeCheckedJson(file, result);
  onStep?.(`${personaRuns[model]}, seed ${seed}: micro-F1 ${quality.test.micro.toFixed(4)}${fit.trivial === true ? "; the loss never left ln 2: these vectors mean nothing" : ""}`);
  return result;
}

/** What learns vectors, by the key of its options. */
export type PersonaLearner = keyof PersonaOptionSets;

function learnerOf(model: PersonaRun): PersonaLearner | undefined {
  return model === "dmgi" ? "dmgi" : model.startsWith("hdgi-a") ? "gat" : model.startsWith("hdgi-c") ? "gcn" : undefined;
}

/** Options, filled in, and one training with them. */
interface Learner {
  readonly options: object;
  learn(graph: PersonaGraph, context: TrainingContext): Promise<{ readonly fit: PersonaResult["fit"]; readonly vectors: HostMatrix }>;
}

export function makeLearner(kind: PersonaLearner, given: Partial<HdgiOptions & DmgiOptions> = {}): Learner {
  const model = kind === "dmgi" ? new Dmgi(given) : new Hdgi({ ...given, variant: kind });
  return {
    options: model.options,
    async learn(graph, context) {
      try {
        const { history: _, ...fit } = await model.fit(graph, context);
        return { fit, vectors: model instanceof Dmgi ? model.vectors() : model.embed(graph) };
      } finally {
        if (model instanceof Hdgi) model.dispose();
      }
    },
  };
}

/** A row of the table: means over seeds, and their sd where there are several. */
export interface PersonaRow {
  readonly model: PersonaRun;
  readonly seeds: number;
  readonly mean: Readonly<Record<PersonaMeasure, number>>;
  /** Over seeds; 0 for one. */
  readonly sd: Readonly<Record<PersonaMeasure, number>>;
  /** Whether a seed ended at the trivial loss. */
  readonly trivial: boolean;
}

/** What the table shows. */
export type PersonaMeasure = "valid micro-F1" | "test micro-F1" | "test macro-F1" | "NMI" | "ARI" | "loss" | "accuracy";

const measures: Readonly<Record<PersonaMeasure, (result: PersonaResult) => number>> = {
  "valid micro-F1": ({ valid }) => valid.micro,
  "test micro-F1": ({ test }) => test.micro,
  "test macro-F1": ({ test }) => test.macro,
  NMI: ({ nmi }) => nmi,
  ARI: ({ ari }) => ari,
  loss: ({ fit }) => fit.loss ?? NaN,
  accuracy: ({ fit }) => fit.accuracy ?? NaN,
};

/** Rows of results, by model. */
export function personaRows(results: readonly PersonaResult[]): readonly PersonaRow[] {
  return [...new Set(results.map(({ model }) => model))].map((model) => {
    const own = results.filter((result) => result.model === model);
    const measured = overSeeds(own.map((result) => Object.fromEntries(Object.entries(measures).map(([name, measure]) => [name, measure(result)]))));
    const pick = (of: "mean" | "sd") => Object.fromEntries(Object.entries(measured).map(([name, one]) => [name, one[of] ?? 0])) as Record<PersonaMeasure, number>;
    return { model, seeds: own.length, mean: pick("mean"), sd: pick("sd"), trivial: own.some(({ fit }) => fit.trivial === true) };
  });
}
