/**
 * HDGI: Heterogeneous Deep Graph Infomax (Ren et al., 2019), unsupervised: vectors of nodes that tell a graph from one
 * whose features were shuffled among its nodes. encoder.ts has the equations.
 * It stops early on the training loss, as the released code does. A loss that stays at ln 2 = .693 is the trivial answer, a
 * discriminator that says one thing of all; the report says so.
 * Departs: the kept weights are those after the step whose loss was the least, not before it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { ConfigError, DataError, NotFittedError } from "../core/errors";
import { writeFileAtomic, makeFolder } from "../core/files";
import { hashOf, type Hashable } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import { Rng } from "../core/rng";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { Adam } from "../tensor/adam";
import { initBackend } from "../tensor/backend";
import { hostOf } from "../tensor/host";
import { ParameterSet, type HostTensor } from "../tensor/parameters";
import { train, type TrainingContext, type TrainingReport, type TrainingTask } from "../tensor/training";
import { encode, encodeParts, holdFeatures, holdPath, initialWeights, judge, semanticLogits, vectorsByPath, weighed, type Encoded, type EncoderOptions, type HeldFeatures, type HeldPath, type Weights } from "./encoder";
import { featureWidth, type PersonaGraph } from "./graph";
import { viewOf, type NodeView } from "./look";
import { checkNewNodes, holdNewPath, type NewNodes } from "./new-nodes";
import { blocksOf, holdBlock, pathSampler, type HeldBlock } from "./sampling";

/** HDGI's options; the sizes are those of the released README. Its rate of 0.02 ends in one meta-path and no clusters on ACM3025. */
export const hdgiDefaults = {
  /** "gcn" is HDGI-C, "gat" HDGI-A. */
  variant: "gcn" as EncoderOptions["variant"],
  /** Of a vector; of "gat" all heads together. */
  dimension: 64,
  /** Of "gat"; divides the dimension, 16 at most. */
  heads: 8,
  /** Size of the semantic attention. */
  semantic: 8,
  /** Learning rate of Adam. */
  rate: 0.005,
  epochs: 400,
  /** Epochs without a smaller loss before it stops. */
  patience: 30,
  /** Nodes of a mini-batch; 0: all nodes at once. */
  batch: 0,
  /** Of a mini-batch: neighbours drawn for a node on each meta-path. */
  neighbours: 10,
  /** Whether a node's own row counts once more after the normalisation, as in the released dense code. */
  doubleSelf: false,
};

/** Options of `Hdgi`. */
export type HdgiOptions = typeof hdgiDefaults;

/** What a training did. */
export interface HdgiReport extends TrainingReport {
  /** The smallest loss, and the share of nodes and shuffled nodes that the discriminator tells apart in that epoch. */
  readonly loss: number;
  readonly accuracy: number;
  /** Whether the loss never left ln 2: then the vectors mean nothing. */
  readonly trivial: boolean;
  /** How much each meta-path counts in that epoch. */
  readonly beta: Readonly<Record<string, number>>;
}

/** A loss above this is the trivial one. */
export const trivialLoss = 0.69;
const file = "hdgi.safetensors";
const metric = "nats below ln 2";

interface Fitted {
  readonly weights: ParameterSet;
  readonly paths: readonly string[];
  readonly width: number;
}

/**
 * The encoder, learnt without labels.
 * @example
 * import { Hdgi, initBackend, personaGraph, Rng, sparseFrom } from "sessionlab";
 * await initBackend();
 * const cells = Array.from({ length: 40 }, (_, n) => n);
 * const features = sparseFrom(40, 4, cells, cells.map((n) => (n < 20 ? n % 2 : 2 + (n % 2)))); // two kinds of nodes
 * const graph = personaGraph(cells.map(String), features, [{ name: "kind", factor: sparseFrom(40, 2, cells, cells.map((n) => (n < 20 ? 0 : 1))) }]);
 * const model = new Hdgi({ dimension: 8, epochs: 60, rate: 0.02 });
 * const report = await model.fit(graph, { rng: new Rng(1) });
 * assert.ok(report.loss < 0.69 && model.embed(graph).shape[1] === 8);
 * model.dispose();
 */
export class Hdgi {
  readonly options: Readonly<HdgiOptions>;
  private fitted: Fitted | undefined;
  /** How much each meta-path counts, by graph: newcomers are asked for a few at a time. */
  private betas = new WeakMap<PersonaGraph, Float32Array>();

  constructor(given: Partial<HdgiOptions> = {}) {
    this.options = resolveOptions("Hdgi", hdgiDefaults, given, {
      ...{ variant: rules.oneOf("gcn", "gat"), dimension: rules.positiveInteger, heads: rules.positiveInteger, semantic: rules.positiveInteger },
      ...{ rate: rules.positive, epochs: rules.positiveInteger, patience: rules.positiveInteger, batch: rules.wholeNumber, neighbours: rules.positiveInteger },
    });
    const { variant, dimension, heads } = this.options;
    if (variant === "gat" && (dimension % heads !== 0 || heads > 16)) throw new ConfigError(`Expected at most 16 heads that divide the dimension ${dimension}, found ${heads}`);
  }

  /**
   * Learns the weights. The same graph, options, seed and backend give the same bits, also when it was interrupted and
   * resumed from `checkpoint`.
   * @throws NumericError, AbortError, ConfigError as `train` does
   */
  async fit(graph: PersonaGraph, context: TrainingContext): Promise<HdgiReport> {
    await initBackend();
    this.dispose();
    const names = graph.paths.map(({ name }) => name);
    const weights = new ParameterSet(initialWeights(names, featureWidth(graph.features), this.options, context.rng.child("weights")));
    this.fitted = { weights, paths: names, width: featureWidth(graph.features) };
    const optimiser = new Adam(weights, { rate: this.options.rate });
    // What the steps of an epoch say of themselves goes with the checkpoint: sums of loss, accuracy and beta, and their number.
    const watched = new ParameterSet({ watched: { shape: [3 + names.length], data: new Float32Array(3 + names.length) } });
    const { batch } = this.options;
    const lesson = batch === 0 || batch >= graph.nodes.length ? this.wholeLesson(graph) : this.sampledLesson(graph);
    try {
      return this.report(await train(this.task(graph, lesson, weights, optimiser, watched, context), context), names);
    } catch (error) {
      this.dispose();
      throw error;
    } finally {
      lesson.dispose();
      optimiser.dispose();
      watched.dispose();
    }
  }

  private task(graph: PersonaGraph, lesson: Lesson, weights: ParameterSet, optimiser: Adam, watched: ParameterSet, context: TrainingContext): TrainingTask<Int32Array> {
    const { options } = this;
    const seen = watched.byName.get("watched")!;
    const names = graph.paths.map(({ name }) => name);
    let epoch: readonly number[] = [];
    return {
      name: options.variant === "gcn" ? "HDGI-C" : "HDGI-A",
      identity: hashOf({ model: "hdgi", options: options as Hashable, graph: graph.hash, seed: context.rng.state().path, backend: tf.getBackend() }),
      weights,
      optimiser,
      epochs: options.epochs,
      patience: options.patience,
      metric,
      carried: watched,
      batches: (rng) => lesson.batches(rng),
      loss: (values, nodes, rng) => {
        const [clean, shuffled] = lesson.encode(values, nodes, rng);
        const { real, shuffled: other, loss } = judge(values, clean!.vectors, shuffled!.vectors);
        const accuracy = real.greater(0).toFloat().mean().add(other.lessEqual(0).toFloat().mean()).div(2);
        seen.assign(seen.read().add(tf.concat([loss.reshape([1]), accuracy.reshape([1]), clean!.beta, tf.ones([1])])));
        return loss;
      },
      validate: async () => {
        const sums = Array.from(watched.toHost()["watched"]!.data);
        epoch = sums.map((sum) => sum / sums.at(-1)!);
        watched.fromHost({ watched: { shape: [sums.length], data: new Float32Array(sums.length) } });
        return Math.LN2 - epoch[0]!;
      },
      measures: () => ({ accuracy: epoch[1]!, ...Object.fromEntries(names.map((name, p) => [`beta ${name}`, epoch[2 + p]!])) }),
    };
  }

  private wholeLesson(graph: PersonaGraph): Lesson {
    const held = this.hold(graph);
    const all = Int32Array.from(graph.nodes.keys());
    return {
      batches: () => [all],
      encode: (values, _, rng) => encode(values, held.features, held.paths, this.options, [Int32Array.from(rng.child("shuffle").permutation(all.length))]),
      dispose: () => held.dispose(),
    };
  }

  private sampledLesson(graph: PersonaGraph): Lesson {
    const { batch } = this.options;
    const samplers = graph.paths.map((path) => pathSampler(path, this.options));
    const count = graph.nodes.length;
    let order: Uint32Array = new Uint32Array(0);
    let block: HeldBlock | undefined; // what gradients walk along: until the next step
    return {
      batches: (rng) => {
        order = rng.child("shuffle").permutation(count);
        const nodes = Int32Array.from(rng.child("nodes").permutation(count));
        return blocksOf(nodes, batch);
      },
      encode: (values, nodes, rng) => {
        block?.dispose();
        const turn = rng.child("turn").int(count); // another permutation in each step, at the price of one an epoch
        block = holdBlock(graph, samplers, nodes, rng.child("neighbours"), (node) => order[(node + turn) % count]!);
        return encodeParts(values, block.parts, this.options);
      },
      dispose: () => block?.dispose(),
    };
  }

  private report(done: TrainingReport, names: readonly string[]): HdgiReport {
    const best = done.history[done.bestEpoch - 1]!;
    const loss = best["loss"]!;
    return { ...done, loss, accuracy: best["accuracy"]!, trivial: loss > trivialLoss, beta: Object.fromEntries(names.map((name) => [name, best[`beta ${name}`]!])) };
  }

  /**
   * The vectors of all nodes.
   * @param graph the one of `fit`, or another with the same features and meta-paths: a relation off, an edge less
   * @returns [N, D]
   * @throws NotFittedError; ConfigError for a graph of other features or meta-paths
   */
  embed(graph: PersonaGraph): HostMatrix {
    return this.run(graph).vectors;
  }

  /** How much each meta-path counts for these nodes, by name; they add up to 1. @throws as `embed` */
  pathWeights(graph: PersonaGraph): Readonly<Record<string, number>> {
    const { beta } = this.run(graph);
    return Object.fromEntries(graph.paths.map(({ name }, p) => [name, beta[p]!]));
  }

  /**
   * The vectors of nodes that the graph does not have, from what they are joined to; how much each meta-path counts is the
   * graph's. What they are joined to is all that is known of them: a node that is joined to nothing has its features only.
   * @param graph as for `embed`
   * @returns [R, D]
   * @throws as `embed`; ConfigError for rows that are not the graph's
   */
  embedNew(graph: PersonaGraph, fresh: NewNodes): HostMatrix {
    checkNewNodes(graph, fresh);
    const beta = this.betas.get(graph) ?? this.run(graph).beta;
    this.betas.set(graph, beta);
    const { weights } = this.state();
    const [known, own] = [holdFeatures(graph.features), holdFeatures(fresh.features)];
    const paths = graph.paths.map((path, p) => holdNewPath(path, fresh.paths[p]!, this.options));
    try {
      return hostOf(() => {
        const inputs = (weight: tf.Tensor2D): tf.Tensor2D[] => [tf.concat([own.times(weight), known.times(weight)])];
        const perPath = vectorsByPath(weights.read(), paths.map((path) => ({ path, inputs })), this.options).map(([one]) => one!);
        const vectors = weighed(perPath, tf.tensor1d(beta));
        return { shape: vectors.shape, data: vectors.dataSync<"float32">() };
      });
    } finally {
      [known, own, ...paths].forEach((one) => one.dispose());
    }
  }

  /**
   * What one node's vector is made of: beta, its vector on each meta-path, and whom it sees there.
   * @throws as `embed`
   */
  look(graph: PersonaGraph, node: number): NodeView & { readonly beta: Float32Array } {
    const { beta } = this.run(graph);
    const { weights } = this.state();
    return { beta, ...viewOf(() => weights.read(), graph, node, this.options) };
  }

  private run(graph: PersonaGraph): { readonly vectors: HostMatrix; readonly beta: Float32Array } {
    const { weights, paths, width } = this.state();
    const unknown = graph.paths.find(({ name }) => !paths.includes(name));
    if (unknown !== undefined) throw new ConfigError(`Expected meta-paths that were learnt (${paths.join(", ")}), found "${unknown.name}"`);
    if (featureWidth(graph.features) !== width) throw new ConfigError(`Expected ${width} features, found ${featureWidth(graph.features)}`);
    const { variant, batch } = this.options;
    if (variant === "gat" && batch > 0 && batch < graph.nodes.length) return this.runSampled(graph, weights);
    const held = this.hold(graph);
    try {
      return hostOf(() => {
        const [{ vectors, beta }] = encode(weights.read(), held.features, held.paths, this.options) as [ReturnType<typeof encode>[number]];
        return { vectors: { shape: vectors.shape, data: vectors.dataSync<"float32">() }, beta: beta.dataSync<"float32">() };
      });
    } finally {
      held.dispose();
    }
  }

  /** HDGI-A on a graph whose pairs do not fit: block by block, over neighbours drawn with a seed of their own. */
  private runSampled(graph: PersonaGraph, weights: ParameterSet): { readonly vectors: HostMatrix; readonly beta: Float32Array } {
    const { dimension, batch } = this.options;
    const count = graph.nodes.length;
    const samplers = graph.paths.map((path) => pathSampler(path, this.options));
    const perPath = graph.paths.map(() => new Float32Array(count * dimension));
    const logits = new Float32Array(graph.paths.length);
    const all = Int32Array.from(graph.nodes.keys());
    for (const nodes of blocksOf(all, batch)) {
      const block = holdBlock(graph, samplers, nodes, new Rng("neighbours to embed by").child(nodes[0]!));
      tf.tidy(() => {
        const values = weights.read();
        const vectors = vectorsByPath(values, block.parts, this.options).map(([one]) => one!);
        vectors.forEach((one, p) => perPath[p]!.set(one.dataSync<"float32">(), nodes[0]! * dimension));
        semanticLogits(values, vectors).dataSync<"float32">().forEach((logit, p) => (logits[p]! += (logit * nodes.length) / count));
      });
      block.dispose();
    }
    const beta = tf.tidy(() => tf.softmax(tf.tensor1d(logits)).dataSync<"float32">());
    const data = new Float32Array(count * dimension);
    perPath.forEach((own, p) => own.forEach((value, at) => (data[at]! += beta[p]! * value)));
    return { vectors: { shape: [count, dimension], data }, beta };
  }

  private hold({ features, paths }: PersonaGraph): Held {
    const all = { features: holdFeatures(features), paths: paths.map((path) => holdPath(path, this.options)) };
    return { ...all, dispose: () => [all.features, ...all.paths].forEach((one) => one.dispose()) };
  }

  /** Writes weights and options into a folder, as safetensors. */
  save(folder: string): void {
    const { weights, paths, width } = this.state();
    makeFolder(folder);
    const tensors = Object.fromEntries(Object.entries(weights.toHost()).map(([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, data }]));
    writeFileAtomic(join(folder, file), encodeSafetensors(tensors, { options: JSON.stringify(this.options), paths: JSON.stringify(paths), width: String(width) }));
  }

  /** What `save` wrote. @throws DataError if it is damaged */
  static load(folder: string): Hdgi {
    const place = join(folder, file);
    const { tensors, metadata } = decodeSafetensors(readFileSync(place), place);
    const { options, paths, width } = metadata;
    if (options === undefined || paths === undefined || width === undefined) throw new DataError("Expected the options of an HDGI model, found none; save it again", { file: place });
    const model = new Hdgi(JSON.parse(options) as HdgiOptions);
    const host = Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }])) as Record<string, HostTensor>;
    model.fitted = { weights: new ParameterSet(host), paths: JSON.parse(paths) as string[], width: Number(width) };
    return model;
  }

  dispose(): void {
    this.fitted?.weights.dispose();
    this.fitted = undefined;
    this.betas = new WeakMap();
  }

  private state(): Fitted {
    if (this.fitted === undefined) throw new NotFittedError("Hdgi");
    return this.fitted;
  }
}

/** What a training takes its steps on. */
interface Lesson {
  batches(rng: Rng): readonly Int32Array[];
  /** Vectors of some nodes, as they are and shuffled. */
  encode(values: Weights, nodes: Int32Array, rng: Rng): readonly Encoded[];
  dispose(): void;
}

interface Held {
  readonly features: HeldFeatures;
  readonly paths: readonly HeldPath[];
  dispose(): void;
}
