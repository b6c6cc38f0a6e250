/**
 * Vectors of nodes that the graph does not have: a session without a user, a user who came later. What they are joined to is
 * there; they change nothing for the nodes of the graph, not even degrees, and do not see each other.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { sparseProduct } from "../tensor/ops/sparse-product";
import { holdSparse, rowSums, sparseFrom, transpose, type SparseMatrix } from "../tensor/sparse";
import { multiply } from "../kg/sparse";
import { factorDegrees, heldColumn, turned, type EncoderOptions, type HeldPath } from "./encoder";
import { adjacencyOf, type NodeFeatures, type PersonaGraph, type PersonaPath } from "./graph";

/** Nodes beside a graph: R of them. */
export interface NewNodes {
  /** [R, F] made as the graph's features are. */
  readonly features: NodeFeatures;
  /** For each meta-path of the graph, in its order: rows of its factor [R, groups], or path counts to its nodes [R, N]. */
  readonly paths: readonly PersonaPath[];
}

/** @throws ConfigError for other paths or other ends than the graph's */
export function checkNewNodes(graph: PersonaGraph, { features, paths }: NewNodes): void {
  const rows = "offsets" in features ? features.rows : features.shape[0];
  graph.paths.forEach((path, p) => {
    const own = paths[p];
    const [known, given] = [path, own].map((one) => one && ("factor" in one ? one.factor : one.matrix));
    if (own === undefined || own.name !== path.name || "factor" in own !== "factor" in path || given!.columns !== known!.columns || given!.rows !== rows) {
      throw new ConfigError(`Expected rows of ${path.name} [${rows}, ${known!.columns}]${"factor" in path ? " of its factor" : ""}, found ${own === undefined ? "none" : `those of ${own.name} [${given!.rows}, ${given!.columns}]`}`);
    }
  });
}

/** A path held for new nodes: of [R + N] rows, theirs first. */
export function holdNewPath(path: PersonaPath, own: PersonaPath, { variant, doubleSelf }: Pick<EncoderOptions, "variant" | "doubleSelf">): HeldPath {
  const fresh = "factor" in own ? own.factor : own.matrix;
  const self = Int32Array.from({ length: fresh.rows }, (_, n) => n);
  if (variant === "gat") {
    const known = "factor" in path && "factor" in own ? multiply(own.factor, transpose(path.factor)) : fresh;
    const edges = holdSparse(besideThemselves(known, self.map(() => 1)));
    return { name: path.name, mean: (x) => x, edges, dispose: () => edges.dispose() };
  }
  return "factor" in path ? overFactor(path.name, path.factor, fresh, doubleSelf) : overMatrix(path.name, adjacencyOf(path), fresh, doubleSelf);
}

/** [R, R + N]: the matrix, moved behind a diagonal. */
function besideThemselves(matrix: SparseMatrix, diagonal: ArrayLike<number>): SparseMatrix {
  const row = Array.from({ length: matrix.rows }, (_, r) => Array.from(matrix.column.subarray(matrix.offsets[r], matrix.offsets[r + 1]), () => r)).flat();
  const all = Array.from({ length: matrix.rows }, (_, r) => r);
  return sparseFrom(matrix.rows, matrix.rows + matrix.columns, [...all, ...row], [...all, ...Array.from(matrix.column, (column) => matrix.rows + column)], [...Array.from(diagonal), ...matrix.value]);
}

function overMatrix(name: string, known: SparseMatrix, fresh: SparseMatrix, doubleSelf: boolean): HeldPath {
  const theirs = rowSums(known).map((sum) => 1 / Math.sqrt(sum + 1));
  const own = rowSums(fresh).map((sum) => 1 / Math.sqrt(sum + 1));
  let cell = 0;
  const value = fresh.value.slice();
  for (let r = 0; r < fresh.rows; r++) for (; cell < fresh.offsets[r + 1]!; cell++) value[cell]! *= own[r]! * theirs[fresh.column[cell]!]!;
  const held = holdSparse(besideThemselves({ ...fresh, value }, own.map((root) => root * root + (doubleSelf ? 1 : 0))));
  return { name, mean: (x) => sparseProduct(held, x), dispose: () => held.dispose() };
}

/** r_n (b_n B' (r x) + r_n x_n),  r_n = (b_n . sizes + 1)^-1/2. */
function overFactor(name: string, known: SparseMatrix, fresh: SparseMatrix, doubleSelf: boolean): HeldPath {
  const { own, degree, sizes } = factorDegrees(known);
  const joined = Float64Array.from({ length: fresh.rows }, (_, r) => {
    let sum = 0;
    for (let at = fresh.offsets[r]!; at < fresh.offsets[r + 1]!; at++) sum += fresh.value[at]! * sizes[fresh.column[at]!]!;
    return sum;
  });
  const [there, rows] = [holdSparse(known), holdSparse(fresh)];
  const theirs = heldColumn(degree.map((sum, n) => 1 / Math.sqrt(sum - own[n]! + 1)));
  const roots = heldColumn(joined.map((sum) => 1 / Math.sqrt(sum + 1)));
  return {
    name,
    mean(x) {
      const [z, others] = tf.split(x, [fresh.rows, known.rows]) as [tf.Tensor2D, tf.Tensor2D];
      const groups = sparseProduct(turned(there), others.mul(theirs) as tf.Tensor2D); // [groups, D]
      const mean = sparseProduct(rows, groups).add(z.mul(roots)).mul(roots);
      return (doubleSelf ? mean.add(z) : mean) as tf.Tensor2D;
    },
    dispose() {
      there.dispose();
      rows.dispose();
      tf.dispose([theirs, roots]);
    },
  };
}
