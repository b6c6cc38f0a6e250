/** Which vectors are near each other, and how much of that stays from one seed of the encoder to the next. */
import { ConfigError } from "../core/errors";
import type { Rng } from "../core/rng";
import { adjustedRandIndex } from "../evaluation/labels";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { rankedByCosine } from "../text/neighbours";
import { personaGroups } from "./clusters";

/** A node and its likeness. */
export interface NearNode {
  readonly node: number;
  /** The cosine of what is left of both vectors without the mean of all nodes: HDGI's have one direction in common. */
  readonly likeness: number;
}

/**
 * The nodes most like a vector, or a node of the matrix; of equals the smaller number first.
 * @param vectors [N, D]
 * @param to a node, which is left out, or a vector [D]
 * @throws ConfigError for a node that is none, or a vector of another length
 * @example
 * import { nearestPersonas } from "sessionlab";
 * const vectors = { shape: [3, 2] as const, data: Float32Array.of(11, 10, 10, 11, 12, 10) };
 * assert.equal(nearestPersonas(vectors, 0, 1)[0]!.node, 2);
 */
export function nearestPersonas({ shape: [count, width], data }: HostMatrix, to: number | Float32Array, k: number): NearNode[] {
  const vector = typeof to === "number" ? data.subarray(to * width, to * width + width) : to;
  if (vector.length !== width) throw new ConfigError(`Expected a node in [0, ${count}) or a vector of ${width} numbers, found ${typeof to === "number" ? to : `${to.length} numbers`}`);
  const mean = new Float64Array(width);
  data.forEach((value, at) => (mean[at % width]! += value / count));
  return rankedByCosine({ shape: [count, width], data }, vector, mean).filter(({ row }) => row !== to).slice(0, k).map(({ row, cosine }) => ({ node: row, likeness: cosine }));
}

/** What two or more seeds agree on, means over pairs of them. */
export interface Stability {
  readonly seeds: number;
  /** Adjusted Rand index of their groups: 1 the same groups, 0 no more alike than by chance. */
  readonly groups: number;
  /** Share of a node's nearest that both have. */
  readonly neighbours: number;
  /** What that share would be by chance. */
  readonly byChance: number;
}

/** Nodes whose neighbours are compared. */
const sampled = 500;

/**
 * How much the vectors of several seeds agree.
 * @param runs [N, D] each, of the same nodes
 * @param k groups
 * @param near nearest nodes that are compared
 * @throws ConfigError for fewer than two runs, or runs of other nodes
 * @example
 * import { personaStability, Rng } from "sessionlab";
 * const vectors = { shape: [4, 1] as const, data: Float32Array.of(-10, -11, 10, 11) };
 * const { groups, neighbours } = personaStability([vectors, vectors], 2, new Rng(1), 1);
 * assert.deepEqual([groups, neighbours], [1, 1]);
 */
export function personaStability(runs: readonly HostMatrix[], k: number, rng: Rng, near = 10): Stability {
  const count = runs[0]?.shape[0] ?? 0;
  if (runs.length < 2 || runs.some(({ shape }) => shape[0] !== count)) throw new ConfigError(`Expected the vectors of two seeds or more, of as many nodes, found those of ${runs.map(({ shape }) => shape[0]).join(", ")} nodes`);
  const groups = runs.map((vectors, run) => personaGroups(vectors, k, rng.child(`groups ${run}`)).labels);
  const nodes = Array.from(rng.child("nodes").permutation(count)).slice(0, sampled);
  const nearest = runs.map((vectors) => nodes.map((node) => new Set(nearestPersonas(vectors, node, near).map((one) => one.node))));
  const pairs = runs.flatMap((_, a) => runs.slice(a + 1).map((__, b) => [a, a + 1 + b] as const));
  const mean = (of: (a: number, b: number) => number): number => pairs.reduce((sum, [a, b]) => sum + of(a, b), 0) / pairs.length;
  const shared = (a: Set<number>, b: Set<number>): number => [...a].filter((node) => b.has(node)).length / a.size;
  return {
    seeds: runs.length,
    groups: mean((a, b) => adjustedRandIndex(groups[a]!, groups[b]!)),
    neighbours: mean((a, b) => nodes.reduce((sum, _, n) => sum + shared(nearest[a]![n]!, nearest[b]![n]!), 0) / nodes.length),
    byChance: near / Math.max(count - 1, 1),
  };
}
