/**
 * The choice of options for a labelled graph, on its validation nodes alone: each setting is trained with the first seed and
 * read by logistic regression. results/searches/hdgi-<dataset>-<learner>.json; settings that are there are not tried again.
 */
import { join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../../core/checked-json";
import { throwIfAborted } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import type { Progress } from "../../core/progress";
import { Rng } from "../../core/rng";
import type { HdgiOptions } from "../../personas/hdgi";
import type { DmgiOptions } from "../../personas/dmgi";
import { validQuality, type LabelledGraph, type LabelQuality } from "../../personas/labelled";
import { makeLearner, type PersonaLearner, type PersonaResult } from "./hdgi";

/** One setting that was tried. */
export interface PersonaTrial extends Pick<LabelQuality, "C" | "valid"> {
  /** As given; the others are the defaults. */
  readonly options: Partial<HdgiOptions & DmgiOptions>;
  readonly fit: PersonaResult["fit"];
}

/** What was tried, and what was chosen: the best micro-F1 on validation, of equals the smaller loss. */
export interface PersonaSearch {
  readonly dataset: string;
  /** The graph's hash. */
  readonly graph: string;
  readonly learner: PersonaLearner;
  readonly seed: number;
  readonly chosenBy: string;
  readonly options: PersonaTrial["options"];
  readonly trials: readonly PersonaTrial[];
}

const small = { dimension: 64, semantic: 8 } as const;
const wide = { dimension: 256, semantic: 16, rate: 0.001, patience: 50 } as const;

/** What is tried for ACM3025. Of HDGI the settings that its authors have in readme and code, and rates between. */
export const acmSettings: Readonly<Record<PersonaLearner, readonly PersonaTrial["options"][]>> = {
  gcn: [
    { ...small, rate: 0.005, epochs: 100 },
    ...[0.001, 0.005, 0.02].map((rate) => ({ ...small, rate, epochs: 300, patience: 50 })),
    { ...wide, epochs: 100 },
    { ...wide, epochs: 200 },
  ],
  gat: [
    { ...small, heads: 8, rate: 0.005, epochs: 40 },
    { ...small, heads: 8, rate: 0.005, epochs: 100 },
    { ...small, heads: 8, rate: 0.02, epochs: 120 },
  ],
  dmgi: [
    { epochs: 500 },
    { epochs: 500, self: 3 },
    { rate: 0.005, epochs: 100 },
    { rate: 0.005, epochs: 300 },
    { rate: 0.005, epochs: 300, self: 3 },
    { rate: 0.005, epochs: 300, consensus: 0.0001 },
  ],
};

/** What is searched. */
export interface PersonaSearchSettings {
  readonly dataset: string;
  readonly labelled: LabelledGraph;
  readonly learner: PersonaLearner;
  readonly settings: readonly PersonaTrial["options"][];
  /** Folder of result files. */
  readonly results: string;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly onStep?: (line: string) => void;
}

const seed = 1;

/**
 * Tries what was not tried yet.
 * @throws DataError for a damaged file; what training throws
 */
export async function searchPersonas({ dataset, labelled, learner, settings, results, signal, progress, onStep }: PersonaSearchSettings): Promise<PersonaSearch> {
  const file = join(results, "searches", `hdgi-${dataset}-${learner}.json`);
  const { graph } = labelled;
  const kept = readCheckedJson<PersonaSearch>(file, "a search", "remove it, and it is run again");
  const known = kept?.graph === graph.hash ? kept.trials : [];
  const trials: PersonaTrial[] = [];
  for (const options of settings) {
    throwIfAborted(signal, "hdgi");
    const before = known.find((trial) => hashOf(trial.options as Hashable) === hashOf(options as Hashable));
    if (before !== undefined) {
      trials.push(before);
      continue;
    }
    const { fit, vectors } = await makeLearner(learner, options).learn(graph, { rng: new Rng(seed).child("hdgi"), signal, progress });
    const trial = { options, ...validQuality(vectors, labelled), fit };
    trials.push(trial);
    onStep?.(`${JSON.stringify(options)}: validation micro-F1 ${trial.valid.micro.toFixed(4)}, loss ${trial.fit.loss!.toPrecision(3)}`);
    writeCheckedJson(file, searchOf(dataset, graph.hash, learner, trials));
  }
  return searchOf(dataset, graph.hash, learner, trials);
}

function searchOf(dataset: string, graph: string, learner: PersonaLearner, trials: readonly PersonaTrial[]): PersonaSearch {
  const ahead = (one: PersonaTrial, other: PersonaTrial): boolean => other.valid.micro > one.valid.micro || (other.valid.micro === one.valid.micro && other.fit.loss! < one.fit.loss!);
  const best = trials.reduce((one, other) => (ahead(one, other) ? other : one));
  return { dataset, graph, learner, seed, chosenBy: "micro-F1 of validation, of equals the smaller loss; test cases were not read", options: best.options, trials };
}
