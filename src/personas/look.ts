/** One node's forward pass laid open: its vector on each meta-path, and whom it sees there with what weight. */
import * as tf from "@tensorflow/tfjs";
import { attentionOf, vectorsByPath, type EncoderOptions, type Weights } from "./encoder";
import type { PersonaGraph } from "./graph";
import { holdBlock, pathSampler } from "./sampling";

/** A node that is seen. */
export interface SeenNode {
  readonly node: number;
  readonly weight: number;
}

/** What a node's vector is made of. */
export interface NodeView {
  /** [D] on each meta-path. */
  readonly vectors: readonly Float32Array[];
  /** On each meta-path: the cells of the node's row of A_p, or its attention, the mean over heads; itself among them. */
  readonly sees: readonly (readonly SeenNode[])[];
}

/** The node with all its neighbours. @param read the weights' values now */
export function viewOf(read: () => Weights, graph: PersonaGraph, node: number, options: EncoderOptions): NodeView {
  const samplers = graph.paths.map((path) => pathSampler(path, { ...options, neighbours: graph.nodes.length }));
  const batch = Int32Array.of(node);
  const block = holdBlock(graph, samplers, batch);
  try {
    const view: { vectors: Float32Array[]; sees: SeenNode[][] } = { vectors: [], sees: [] };
    tf.tidy(() => {
      const values = read();
      view.vectors = vectorsByPath(values, block.parts, options).map(([one]) => one!.dataSync<"float32">());
      view.sees = block.parts.map(({ path, inputs }, p) => {
        const { nodes, matrix } = block.rows[p]!;
        const weights = options.variant === "gcn" ? matrix.value : attentionOf(values, path.name, inputs(values[`${path.name}/weight`] as tf.Tensor2D)[0]!, options.heads).dataSync<"float32">();
        return Array.from(matrix.column, (column, cell) => ({ node: nodes[column]!, weight: weights[cell]! }));
      });
    });
    return view;
  } finally {
    block.dispose();
  }
}
