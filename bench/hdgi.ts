/**
 * One epoch of HDGI (forward, loss, gradients, Adam over all nodes) on a graph of ACM3025's sizes, against PyTorch with the
 * same weights and the same shuffle; first both must have the same loss. The peer takes the faster of what its users have:
 * HDGI-C by sparse products over the same matrix and factor, HDGI-A by dense attention, as the released code.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { ConfigError, NumericError } from "../src/core/errors";
import { encodeSafetensors } from "../src/core/safetensors";
import { Adam, ParameterSet, personaGraph, Rng, rowNormalised, sparseFrom, type PersonaGraph } from "../src/index";
import { encode, holdFeatures, holdPath, initialWeights, judge } from "../src/personas/encoder";
import { trainStep } from "../src/tensor/training";
import { here, still, type Case } from "./interleave";
import type { Peer } from "./peer";

/** ACM3025: papers, words, author pairs, subjects. */
const [nodes, words, pairs, subjects] = [3025, 1870, 13_128, 57];

/** The options that results/searches/hdgi-acm3025-gcn.json and -gat.json ended with. */
const variants = {
  "HDGI-C": { variant: "gcn", dimension: 256, heads: 8, semantic: 16, doubleSelf: false },
  "HDGI-A": { variant: "gat", dimension: 64, heads: 8, semantic: 8, doubleSelf: false },
} as const;

/** Both variants, or one of them. @throws NumericError when the two sides do not have the same loss; ConfigError for a name that is none */
export async function hdgiCases(peer: Peer, only?: string): Promise<Case[]> {
  if (only !== undefined && !(only in variants)) throw new ConfigError(`Expected --only with one of ${Object.keys(variants).join(", ")}, found "${only}"`);
  const graph = graphOf(new Rng("bench hdgi"));
  const cases: Case[] = [];
  for (const [name, options] of Object.entries(variants)) {
    if (only !== undefined && only !== name) continue;
    const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
    try {
      const names = graph.paths.map((path) => path.name);
      const host = initialWeights(names, words, options, new Rng(1));
      const file = join(folder, "weights.safetensors");
      writeFileSync(file, encodeSafetensors(Object.fromEntries(Object.entries(host).map(([own, { shape, data }]) => [own, { dtype: "F32" as const, shape, data }])), {}));
      const shuffle = Int32Array.from(new Rng("shuffle").permutation(nodes));
      const given = { weights: file, options, graph: plain(graph), shuffle: Array.from(shuffle) };
      const graphFile = join(folder, "given.json");
      writeFileSync(graphFile, JSON.stringify(given));
      const weights = new ParameterSet(host);
      const optimiser = new Adam(weights, { rate: still });
      const [features, paths] = [holdFeatures(graph.features), graph.paths.map((path) => holdPath(path, options))];
      const loss = (values: Record<string, tf.Tensor>): tf.Scalar => {
        const [clean, shuffled] = encode(values, features, paths, options, [shuffle]);
        return judge(values, clean!.vectors, shuffled!.vectors).loss;
      };
      const own = tf.tidy(() => loss(weights.read()).dataSync()[0]!);
      const { value } = await peer.ask("hdgi loss", { file: graphFile }, 1);
      if (value === null || Math.abs(own - value) > 1e-4) throw new NumericError(`Expected the same loss of both ${name}s, found ${own} and ${value}; they are not the same model`, {});
      await peer.ask("hdgi epoch", { file: graphFile, rate: still }, 1); // reads the file, which is removed below
      const ours = here(() => void trainStep({ weights, optimiser, loss }, "all nodes", new Rng(1)));
      const last = (): void => [optimiser, weights, features, ...paths].forEach((one) => one.dispose());
      cases.push({ name: `${name}, an epoch, ${nodes.toLocaleString("en")} nodes, ${words} words, d ${options.dimension}, author pairs and subjects`, ours, peer: peer.timed("hdgi epoch", { file: graphFile, rate: still }), peerName: peer.name, last });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return cases;
}

/** Papers with 60 words each or so, about nine neighbours by author, one or two subjects. */
function graphOf(rng: Rng): PersonaGraph {
  const cells = Array.from({ length: 60 * nodes }, (_, i) => [i % nodes, Math.floor(words * rng.uniform() ** 2)] as const);
  const ends = Array.from({ length: pairs }, () => [rng.int(nodes), rng.int(nodes)] as const).filter(([a, b]) => a !== b);
  const member = Array.from({ length: Math.round(1.3 * nodes) }, (_, i) => [i % nodes, Math.floor(subjects * rng.uniform() ** 4)] as const);
  const ones = ({ rows, columns, ...matrix }: ReturnType<typeof sparseFrom>): ReturnType<typeof sparseFrom> => ({ rows, columns, ...matrix, value: matrix.value.map(() => 1) });
  const features = rowNormalised(sparseFrom(nodes, words, cells.map(([n]) => n), cells.map(([, w]) => w)));
  const matrix = ones(sparseFrom(nodes, nodes, ends.flatMap(([a, b]) => [a, b]), ends.flatMap(([a, b]) => [b, a])));
  const factor = ones(sparseFrom(nodes, subjects, member.map(([n]) => n), member.map(([, s]) => s)));
  return personaGraph(Array.from({ length: nodes }, (_, n) => String(n)), features, [{ name: "paper-author-paper", matrix }, { name: "paper-subject-paper", factor }]);
}

/** What the other side builds the graph of. */
function plain({ features, paths }: PersonaGraph): object {
  const lists = (matrix: { rows: number; columns: number; offsets: Uint32Array; column: Int32Array; value: Float32Array }): object => ({ shape: [matrix.rows, matrix.columns], offsets: Array.from(matrix.offsets), column: Array.from(matrix.column), value: Array.from(matrix.value) });
  return { features: lists(features as Parameters<typeof lists>[0]), paths: paths.map((path) => ("factor" in path ? { name: path.name, factor: lists(path.factor) } : { name: path.name, matrix: lists(path.matrix) })) };
}
