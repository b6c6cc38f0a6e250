/** A meta-path in words to its steps: which relations each goes along, in which direction, and whom they join. */
import { ConfigError } from "../core/errors";
import type { KnowledgeGraph } from "./graph";
import type { Relation } from "./relation";
import type { SparseMatrix } from "./sparse";

/** One step: whom its relations join. */
export interface Step {
  readonly from: string;
  readonly to: string;
  readonly ways: readonly { readonly relation: Relation; readonly back: boolean }[];
}

export function stepsOf(graph: KnowledgeGraph, path: readonly string[]): Step[] {
  const steps: Step[] = [];
  let from: string | undefined;
  let named: string | undefined;
  for (const part of path) {
    if (/^[<>]/.test(part)) {
      if (from === undefined || named !== undefined) throw new ConfigError(`Expected a type of node before "${part}", found none in ${path.join(" ")}`);
      named = part;
      continue;
    }
    graph.table(part);
    if (from !== undefined) steps.push(stepOf(graph, from, part, named));
    [from, named] = [part, undefined];
  }
  if (steps.length === 0 || named !== undefined) throw new ConfigError(`Expected a path of two types of nodes or more, found "${path.join(" ")}"; write for example ["user", "item", "user"]`);
  return steps;
}

function stepOf(graph: KnowledgeGraph, from: string, to: string, named: string | undefined): Step {
  const possible = graph.relations.flatMap((relation) => [
    ...(relation.from === from && relation.to === to ? [{ relation, back: false, name: `>${relation.name}` }] : []),
    ...(relation.from === to && relation.to === from ? [{ relation, back: true, name: `<${relation.name}` }] : []),
  ]);
  const names = possible.map(({ name }) => name).join(", ");
  if (possible.length === 0) throw new ConfigError(`Expected a relation between ${from} and ${to}, found none; the graph has ${graph.relations.map((one) => `${one.from} ${one.name} ${one.to}`).join(", ")}`);
  if (named !== undefined) {
    const ways = named.split("|").map((name) => {
      const way = possible.find((one) => one.name === name);
      if (way === undefined) throw new ConfigError(`Expected one of ${names} between ${from} and ${to}, found "${name}"; join several by "|"`);
      return way;
    });
    return { from, to, ways };
  }
  // A relation that holds both ways round is the same either way.
  const [first, second] = possible;
  if (possible.length === 1 || (possible.length === 2 && first!.relation === second!.relation && isSymmetric(first!.relation))) return { from, to, ways: [first!] };
  throw new ConfigError(`Expected one way from ${from} to ${to}, found ${names}; put the one that is meant between them, or several joined by "|"`);
}

/** Whether each pair is there both ways round. */
function isSymmetric({ offsets, target, backOffsets, back, source }: Relation): boolean {
  for (let node = 0; node + 1 < offsets.length; node++) {
    if (offsets[node + 1] !== backOffsets[node + 1]) return false;
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) if (target[at] !== source[back[at]!]) return false;
  }
  return true;
}

export function isMirrored(steps: readonly Step[]): boolean {
  const key = (step: Step, turn: boolean): string => step.ways.map(({ relation, back }) => JSON.stringify([relation.name, relation.from, relation.to, (back ? 1 : 0) ^ (turn && !(relation.from === relation.to && isSymmetric(relation)) ? 1 : 0)])).sort().join();
  return steps.length % 2 === 0 && steps.every((step, at) => at * 2 >= steps.length || key(step, false) === key(steps[steps.length - 1 - at]!, true));
}

/** Ones where a step joins two nodes. */
export function adjacency({ ways }: Step, rows: number, columns: number): SparseMatrix {
  const size = ways.reduce((sum, { relation }) => sum + relation.target.length, 0);
  const [{ relation: first, back: turned }] = ways as [Step["ways"][number]];
  if (ways.length === 1 && !turned && first.origin.every((origin) => origin === first.origin[0])) {
    // One origin says a pair once: the relation's own columns are the matrix.
    return { rows, columns, offsets: first.offsets, column: first.target, value: new Float32Array(size).fill(1) };
  }
  const column = new Int32Array(size);
  const offsets = new Uint32Array(rows + 1);
  let cells = 0;
  for (let row = 0; row < rows; row++) {
    const start = cells;
    for (const { relation, back } of ways) {
      const from = (back ? relation.backOffsets : relation.offsets)[row]!;
      const end = (back ? relation.backOffsets : relation.offsets)[row + 1]!;
      for (let at = from; at < end; at++) {
        const next = back ? relation.source[relation.back[at]!]! : relation.target[at]!;
        if (cells === start || column[cells - 1] !== next) column[cells++] = next;
      }
    }
    if (ways.length > 1) cells = start + sortUnique(column.subarray(start, cells));
    offsets[row + 1] = cells;
  }
  return { rows, columns, offsets, column: column.subarray(0, cells), value: new Float32Array(cells).fill(1) };
}

/** Sorts in place and moves what is there once to the front. @returns how many */
function sortUnique(values: Int32Array): number {
  values.sort();
  let kept = 0;
  for (const value of values) if (kept === 0 || values[kept - 1] !== value) values[kept++] = value;
  return kept;
}
