/**
 * A batch of sessions as directed graphs: a node for each different item of a session, an edge for each transition that
 * occurs (once, however often, as in the released SR-GNN), weighted by 1 / in-degree on the way in and by 1 / out-degree
 * on the way out. All graphs of a batch lie one after another, without padding.
 * Symbols: B sessions, P positions, N nodes, M edges.
 */
import type { Sequences } from "../data/sequences";

/** The graphs of a batch. */
export interface SessionGraphs {
  /** [N] the item of each node. */
  readonly nodes: Int32Array;
  /** [P] the node of each position. */
  readonly positions: Int32Array;
  /** [B] the node of each session's last item. */
  readonly last: Int32Array;
  /** [M] where each edge starts and ends: nodes. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** [M] 1 / edges into `to`, and 1 / edges out of `from`. */
  readonly incoming: Float32Array;
  readonly outgoing: Float32Array;
}

/**
 * The graphs of some sessions.
 * @example
 * import { sessionGraphs } from "sessionlab";
 * const { nodes, positions, from, to, incoming } = sessionGraphs({ offsets: Uint32Array.of(0, 4), item: Int32Array.of(5, 7, 5, 9) });
 * assert.deepEqual([[...nodes], [...positions]], [[5, 7, 9], [0, 1, 0, 2]]);
 * assert.deepEqual([[...from], [...to], [...incoming]], [[0, 1, 0], [1, 0, 2], [1, 1, 1]]);
 */
export function sessionGraphs({ offsets, item }: Sequences): SessionGraphs {
  const count = offsets.length - 1;
  const nodes: number[] = [];
  const positions = new Int32Array(item.length);
  const last = new Int32Array(count);
  const [from, to]: [number[], number[]] = [[], []];
  const [ins, outs]: [number[], number[]] = [[], []]; // degrees by node
  for (let b = 0; b < count; b++) {
    const [start, stop] = [offsets[b]!, offsets[b + 1]!];
    const [firstNode, firstEdge] = [nodes.length, from.length];
    for (let p = start; p < stop; p++) {
      let node = nodes.indexOf(item[p]!, firstNode); // sessions are short: a search of some items beats a map
      if (node < 0) {
        node = nodes.push(item[p]!) - 1;
        ins.push(0);
        outs.push(0);
      }
      positions[p] = node;
      if (p === start) continue;
      const before = positions[p - 1]!;
      let edge = firstEdge;
      while (edge < from.length && (from[edge] !== before || to[edge] !== node)) edge++;
      if (edge < from.length) continue;
      from.push(before);
      to.push(node);
      outs[before]!++;
      ins[node]!++;
    }
    last[b] = positions[stop - 1]!;
  }
  return {
    nodes: Int32Array.from(nodes),
    positions,
    last,
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    incoming: Float32Array.from(to, (node) => 1 / ins[node]!),
    outgoing: Float32Array.from(from, (node) => 1 / outs[node]!),
  };
}
