/**
 * One relation of a typed graph in columns: statements from nodes of one type to nodes of another, in compressed rows
 * both ways. A statement is one origin's word for one pair of nodes: what two sources say of a pair are two statements,
 * so that either can be taken away. Sorting is by counting, twice: time and memory are linear in the statements.
 */
import { DataError } from "../core/errors";
import { sortRange, startsOf } from "../core/rows";

/** Statements of one kind: E of them, from F nodes to T nodes, ordered by source, target and origin. */
export interface Relation {
  readonly name: string;
  /** The types of the nodes that it leads from and to. */
  readonly from: string;
  readonly to: string;
  /** [F + 1] where sources begin: statements offsets[s] .. offsets[s + 1) start at node s. */
  readonly offsets: Uint32Array;
  /** [E] node of the type `from`. */
  readonly source: Int32Array;
  /** [E] node of the type `to`. */
  readonly target: Int32Array;
  /** [T + 1] where targets begin: statements back[backOffsets[t]] .. back[backOffsets[t + 1] - 1] end at node t. */
  readonly backOffsets: Uint32Array;
  /** [E] statements by target, then source. */
  readonly back: Uint32Array;
  /** [E] 0..1: how certain the origin is. */
  readonly confidence: Float32Array;
  /** [E] how many observations stand behind it: events, sessions, rows. */
  readonly count: Uint32Array;
  /** [E] positions in the graph's origins. */
  readonly origin: Uint16Array;
}

/** Statements of one origin in any order; what stands there twice is merged. */
export interface Statements {
  readonly source: Int32Array;
  readonly target: Int32Array;
  /** One for all, or one each; default 1. Of merged statements the highest stays. */
  readonly confidence?: number | Float32Array;
  /** Default 1 each. Counts of merged statements are added. */
  readonly count?: Uint32Array;
  readonly origin: number;
}

/** A name and the types of both ends. */
export type RelationName = Pick<Relation, "name" | "from" | "to">;

/**
 * Sorts and merges statements, and checks every number in them.
 * @param parts in ascending order of their origins
 * @throws DataError for a node that is out of range, a confidence outside [0, 1], a count of 0, columns of several lengths
 */
export function relationOf(name: RelationName, fromSize: number, toSize: number, parts: readonly Statements[]): Relation {
  const starts = new Uint32Array(fromSize + 1);
  for (const part of parts) countSources(name, part, starts, toSize);
  startsOf(starts);
  const [only] = parts;
  const plain = parts.length === 1 && only!.count === undefined && typeof only!.confidence !== "object";
  return finish(name, starts, toSize, plain ? bySource(only!, starts) : sortAll(parts, starts, toSize));
}

/** Statements by source; `target` is not yet in order within a source if nothing else tells two statements apart. */
interface Sorted {
  readonly target: Int32Array;
  readonly confidence: Float32Array;
  readonly count: Uint32Array;
  readonly origin: Uint16Array;
  readonly unordered: boolean;
}

/** Targets of statements that differ in nothing else: a row of them is sorted when it is looked at. */
function bySource({ source, target, confidence, origin }: Statements, starts: Uint32Array): Sorted {
  const total = target.length;
  const sorted = new Int32Array(total);
  const next = starts.slice();
  for (let n = 0; n < total; n++) sorted[next[source[n]!]!++] = target[n]!;
  const all = (confidence as number | undefined) ?? 1;
  return { target: sorted, confidence: new Float32Array(total).fill(all), count: new Uint32Array(total).fill(1), origin: new Uint16Array(total).fill(origin), unordered: true };
}

/** Statements by source, then target, then origin: by target first, then by source, because counting keeps the order of equals. */
function sortAll(parts: readonly Statements[], starts: Uint32Array, toSize: number): Sorted {
  const total = starts.at(-1)!;
  const targetStarts = new Uint32Array(toSize + 1);
  for (const { target } of parts) for (const t of target) targetStarts[t + 1]!++;
  startsOf(targetStarts);
  const sourceByTarget = new Int32Array(total);
  const rowByTarget = new Uint32Array(total);
  const next = targetStarts.slice();
  let row = 0;
  for (const { source, target } of parts) {
    for (let n = 0; n < target.length; n++, row++) {
      const at = next[target[n]!]!++;
      sourceByTarget[at] = source[n]!;
      rowByTarget[at] = row;
    }
  }
  const target = new Int32Array(total);
  const rows = new Uint32Array(total);
  const nextOut = starts.slice();
  for (let t = 0, at = 0; t < toSize; t++) {
    for (const end = targetStarts[t + 1]!; at < end; at++) {
      const place = nextOut[sourceByTarget[at]!]!++;
      target[place] = t;
      rows[place] = rowByTarget[at]!;
    }
  }
  return { target, ...payloadOf(parts, rows), unordered: false };
}

/** The columns beside the nodes, in the order of `rows`, which is a place in the parts one after another. */
function payloadOf(parts: readonly Statements[], rows: Uint32Array): Pick<Sorted, "confidence" | "count" | "origin"> {
  const total = rows.length;
  const confidence = new Float32Array(total);
  const count = new Uint32Array(total);
  const origin = new Uint16Array(total);
  let at = 0;
  for (const part of parts) {
    const end = at + part.target.length;
    origin.fill(part.origin, at, end);
    if (part.count === undefined) count.fill(1, at, end);
    else count.set(part.count, at);
    if (part.confidence === undefined || typeof part.confidence === "number") confidence.fill(part.confidence ?? 1, at, end);
    else confidence.set(part.confidence, at);
    at = end;
  }
  const sorted = { confidence: new Float32Array(total), count: new Uint32Array(total), origin: new Uint16Array(total) };
  for (let k = 0; k < total; k++) {
    const row = rows[k]!;
    sorted.confidence[k] = confidence[row]!;
    sorted.count[k] = count[row]!;
    sorted.origin[k] = origin[row]!;
  }
  return sorted;
}

/** Merges neighbours that say the same, in place, and adds what leads back. */
function finish(name: RelationName, starts: Uint32Array, toSize: number, { target, confidence, count, origin, unordered }: Sorted): Relation {
  const source = new Int32Array(target.length);
  const offsets = new Uint32Array(starts.length);
  const backOffsets = new Uint32Array(toSize + 1);
  let kept = 0;
  for (let s = 0, at = 0; s + 1 < starts.length; s++) {
    const first = kept;
    const end = starts[s + 1]!;
    if (unordered) sortRange(target, at, end);
    for (; at < end; at++) {
      const t = target[at]!;
      if (kept > first && target[kept - 1] === t && origin[kept - 1] === origin[at]) {
        count[kept - 1]! += count[at]!;
        if (confidence[at]! > confidence[kept - 1]!) confidence[kept - 1] = confidence[at]!;
        continue;
      }
      if (kept !== at) {
        target[kept] = t;
        confidence[kept] = confidence[at]!;
        count[kept] = count[at]!;
        origin[kept] = origin[at]!;
      }
      backOffsets[t + 1]!++;
      source[kept++] = s;
    }
    offsets[s + 1] = kept;
  }
  // Not copied where little was merged: the rest of the memory is not worth the time.
  const cut = <T extends { readonly length: number; slice(from: number, to: number): T; subarray(from: number, to: number): T }>(column: T): T => (8 * kept >= 7 * column.length ? column.subarray(0, kept) : column.slice(0, kept));
  const columns = { ...name, offsets, source: cut(source), target: cut(target), confidence: cut(confidence), count: cut(count), origin: cut(origin) };
  return { ...columns, backOffsets, back: backOf(columns.target, startsOf(backOffsets)) };
}

/** Numbers of statements by target, then in their order. */
function backOf(target: Int32Array, backOffsets: Uint32Array): Uint32Array {
  const back = new Uint32Array(target.length);
  const next = backOffsets.slice();
  for (let edge = 0; edge < back.length; edge++) back[next[target[edge]!]!++] = edge;
  return back;
}

/** The relation with the statements that `keep` names; what stays keeps its order. */
export function filterRelation(relation: Relation, keep: (edge: number) => boolean): Relation {
  const { offsets, backOffsets } = relation;
  const edges = new Uint32Array(relation.target.length);
  let kept = 0;
  for (let edge = 0; edge < edges.length; edge++) if (keep(edge)) edges[kept++] = edge;
  if (kept === edges.length) return relation;
  const take = <T extends Int32Array | Uint32Array | Float32Array | Uint16Array>(column: T, into: T): T => {
    for (let k = 0; k < kept; k++) into[k] = column[edges[k]!]!;
    return into;
  };
  const source = take(relation.source, new Int32Array(kept));
  const target = take(relation.target, new Int32Array(kept));
  const starts = (nodes: Int32Array, size: number): Uint32Array => {
    const counts = new Uint32Array(size);
    for (const node of nodes) counts[node + 1]!++;
    return startsOf(counts);
  };
  const newBackOffsets = starts(target, backOffsets.length);
  return {
    ...relation,
    offsets: starts(source, offsets.length),
    source,
    target,
    backOffsets: newBackOffsets,
    back: backOf(target, newBackOffsets),
    confidence: take(relation.confidence, new Float32Array(kept)),
    count: take(relation.count, new Uint32Array(kept)),
    origin: take(relation.origin, new Uint16Array(kept)),
  };
}

/** Counts the statements of each source, one place on, and checks all numbers. */
function countSources({ name, from, to }: RelationName, { source, target, confidence, count }: Statements, counts: Uint32Array, toSize: number): void {
  const fromSize = counts.length - 1;
  const fail = (what: string, found: number, n: number): never => {
    throw new DataError(`Expected ${what}, found ${found} in statement ${n}; mend what made it`, { field: `${from} ${name} ${to}` });
  };
  for (const [column, values] of Object.entries({ target, confidence, count })) {
    if (typeof values === "object" && values.length !== source.length) throw new DataError(`Expected ${source.length} values of ${column}, as many as sources, found ${values.length}; give columns of one length`, { field: name });
  }
  for (let n = 0; n < source.length; n++) {
    const s = source[n]!;
    const t = target[n]!;
    if (!(s >= 0 && s < fromSize)) fail(`a node of type ${from} in 0..${fromSize - 1}`, s, n);
    if (!(t >= 0 && t < toSize)) fail(`a node of type ${to} in 0..${toSize - 1}`, t, n);
    counts[s + 1]!++;
  }
  if (typeof confidence === "number") {
    if (!(confidence >= 0 && confidence <= 1)) fail("a confidence in [0, 1]", confidence, 0);
  } else if (confidence !== undefined) {
    for (let n = 0; n < confidence.length; n++) if (!(confidence[n]! >= 0 && confidence[n]! <= 1)) fail("a confidence in [0, 1]", confidence[n]!, n);
  }
  if (count !== undefined) for (let n = 0; n < count.length; n++) if (count[n] === 0) fail("a count of 1 or more", 0, n);
}
