/**
 * Attention over the edges of a graph, several heads at once (GAT: Velickovic et al., 2018, Eq. 1 to 4):
 *   e_ij = LeakyReLU(s_i + t_j);  a_ij = softmax of e_ij over the edges of i;  y_i = sum_j a_ij z_j.
 * Time is that of the edges, never R x C. The kernel keeps nothing of an edge and makes its numbers again for the
 * gradient; tfjs's operations take chunks of edges, made again likewise.
 * Symbols: R rows i, C columns j, N edges, K heads, W numbers of a head.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";
import { cellRows, type SparseTensor } from "../sparse";
import { gatherRows } from "./rows";
import { segmentSoftmax, segmentSum } from "./segments";
import { denseOf } from "./sparse-product";

/** Edges of one chunk, of whole rows: a row with more is a chunk of its own. */
const chunk = 1 << 16;
const mostHeads = 16;

/** What the attention is over. */
export interface EdgeAttentionInput {
  /** The edges: cells [R, C], whatever their values. */
  readonly edges: SparseTensor;
  /** [C, K W] what is summed, head after head. */
  readonly z: tf.Tensor2D;
  /** [R, K] */
  readonly s: tf.Tensor2D;
  /** [C, K] */
  readonly t: tf.Tensor2D;
  /** Of the LeakyReLU, below 0. */
  readonly slope: number;
}

/**
 * The attention of each row over its edges.
 * @returns [R, K W], heads side by side; zero in a row without edges
 * @throws ConfigError for shapes that do not fit together, or more than 16 heads
 * @example
 * import { edgeAttention, holdSparse, initBackend, sparseFrom, tf } from "sessionlab";
 * await initBackend();
 * const edges = holdSparse(sparseFrom(1, 3, [0, 0], [0, 2]));
 * const y = edgeAttention({ edges, z: tf.tensor2d([[2], [50], [4]]), s: tf.zeros([1, 1]), t: tf.zeros([3, 1]), slope: 0.2 });
 * assert.deepEqual(Array.from(y.dataSync()), [3]);
 * edges.dispose();
 */
export function edgeAttention(input: EdgeAttentionInput): tf.Tensor2D {
  const { edges, z, s, t, slope } = input;
  const { rows, columns } = edges.host;
  const heads = s.shape[1];
  if (s.shape[0] !== rows || t.shape[0] !== columns || z.shape[0] !== columns || t.shape[1] !== heads || z.shape[1] % heads !== 0 || heads > mostHeads) {
    throw new ConfigError(`Expected z [${columns}, K W], s [${rows}, K] and t [${columns}, K] of 1 to ${mostHeads} heads, found [${z.shape}], [${s.shape}] and [${t.shape}]`);
  }
  if (!hasKernels()) return edgeAttentionComposed(input);
  const own = attribute.float("slope", slope);
  const { offsets, column, back } = edges;
  return withGradient(
    [z, s, t],
    (zs, ss, ts) => {
      const [y, l] = kernel("SessionlabEdgeAttention", [own], [offsets, column, zs, ss, ts], 2) as [tf.Tensor2D, tf.Tensor2D];
      return { value: y, keep: [y, zs, ss, ts, l] as const };
    },
    (dy, kept) => kernel("SessionlabEdgeAttentionGradient", [own], [offsets, column, back.offsets, back.column, dy, ...kept], 3),
  );
}

/** The same by tfjs's operations, for the other backends. */
export function edgeAttentionComposed({ edges, z, s, t, slope }: EdgeAttentionInput): tf.Tensor2D {
  const chunks = rowChunks(edges.host.offsets).map(([from, to]) => chunkOf(edges, from, to, slope));
  return withGradient(
    [z, s, t],
    (zs, ss, ts) => ({ value: tf.concat(chunks.map(({ forward }) => tf.tidy(() => forward(zs, ss, ts)))) as tf.Tensor2D, keep: [zs, ss, ts] as const }),
    (dy, [zs, ss, ts]) => {
      const ds: tf.Tensor[] = [];
      let sums: tf.Tensor[] = [tf.zerosLike(zs), tf.zerosLike(ts)];
      for (const { backward } of chunks) {
        const [dz, own, dt] = tf.tidy(() => backward(dy, zs, ss, ts));
        ds.push(own);
        const before = sums;
        sums = [before[0]!.add(dz), before[1]!.add(dt)];
        tf.dispose([before, dz, dt]);
      }
      return [sums[0]!, tf.concat(ds), sums[1]!];
    },
  );
}

/** Rows [from, to) of chunks, each of about `chunk` edges. */
function rowChunks(offsets: Uint32Array): (readonly [number, number])[] {
  const chunks: (readonly [number, number])[] = [];
  for (let from = 0; from + 1 < offsets.length; ) {
    let to = from + 1;
    while (to + 1 < offsets.length && offsets[to + 1]! - offsets[from]! <= chunk) to++;
    chunks.push([from, to]);
    from = to;
  }
  return chunks;
}

/** What rows [from, to) give, and how their gradient reaches z, s and t. */
function chunkOf({ host }: SparseTensor, from: number, to: number, slope: number) {
  const count = to - from;
  const offsets = host.offsets.subarray(from, to + 1).map((offset) => offset - host.offsets[from]!);
  const column = host.column.subarray(host.offsets[from], host.offsets[to]);
  const row = cellRows({ rows: count, offsets, column }); // [E]
  const ownRows = (x: tf.Tensor2D): tf.Tensor2D => x.slice([from, 0], [count, -1]);
  const weigh = (s: tf.Tensor2D, t: tf.Tensor2D) => {
    const x = gatherRows(ownRows(s), row).add(gatherRows(t, column)) as tf.Tensor2D;
    return { x, weights: segmentSoftmax(tf.leakyRelu(x, slope), row, count) }; // [E, K]
  };
  const perHead = (x: tf.Tensor2D, heads: number): tf.Tensor3D => x.reshape([row.length, heads, x.shape[1] / heads]); // [E, K, W]
  return {
    forward(z: tf.Tensor2D, s: tf.Tensor2D, t: tf.Tensor2D): tf.Tensor2D {
      if (row.length === 0) return tf.zeros([count, z.shape[1]]);
      const parts = perHead(gatherRows(z, column), s.shape[1]).mul(weigh(s, t).weights.expandDims(2));
      return segmentSum(parts.reshape([row.length, z.shape[1]]) as tf.Tensor2D, row, count);
    },
    backward(dy: tf.Tensor2D, z: tf.Tensor2D, s: tf.Tensor2D, t: tf.Tensor2D): [tf.Tensor, tf.Tensor, tf.Tensor] {
      const heads = s.shape[1];
      if (row.length === 0) return [tf.zerosLike(z), tf.zeros([count, heads]), tf.zerosLike(t)];
      const { x, weights } = weigh(s, t);
      const pulls = perHead(gatherRows(ownRows(dy), row), heads);
      const pulled = pulls.mul(perHead(gatherRows(z, column), heads)).sum(2).mul(weights) as tf.Tensor2D; // [E, K]
      const slopes = tf.where(x.greater(0), tf.onesLike(x), tf.fill(x.shape, slope));
      const dx = pulled.sub(weights.mul(gatherRows(segmentSum(pulled, row, count), row))).mul(slopes) as tf.Tensor2D;
      const toColumns = (values: tf.Tensor2D): tf.Tensor2D => segmentSum(values, column, host.columns);
      return [toColumns(pulls.mul(weights.expandDims(2)).reshape([row.length, z.shape[1]]) as tf.Tensor2D), segmentSum(dx, row, count), toColumns(dx)];
    },
  };
}

/** The plain twin: a softmax over the whole [R, C] of each head, with automatic gradients; every row has an edge. */
export function edgeAttentionPortable({ edges, z, s, t, slope }: EdgeAttentionInput): tf.Tensor2D {
  const there = denseOf({ ...edges.host, value: edges.host.value.map(() => 1) });
  const width = z.shape[1] / s.shape[1];
  const heads = Array.from({ length: s.shape[1] }, (_, k) => {
    const x = s.slice([0, k], [-1, 1]).add(t.slice([0, k], [-1, 1]).transpose()); // [R, C]
    const e = x.maximum(0).sub(x.neg().maximum(0).mul(slope)).add(there.sub(1).mul(1e9));
    return tf.matMul(tf.softmax(e), z.slice([0, k * width], [-1, width]));
  });
  return tf.concat(heads, 1) as tf.Tensor2D;
}
