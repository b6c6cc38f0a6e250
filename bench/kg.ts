/**
 * Ten million typed edges to a graph, and two meta-paths over it, beside scipy.sparse on the same edges: each side in a
 * process of its own, by turns, the shorter of three runs by processor time (neither side uses a second thread for the
 * work itself; V8 collects garbage on one). Both must find the same numbers. Making the edges is not counted.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionLabError } from "../src/core/errors";
import { Rng } from "../src/index";
import { child, script } from "./child";
import { resultOf, type Result } from "./interleave";

/** What either side says of itself. */
export interface KgRun {
  /** Processor time of building, item-author-item, user-item-author. */
  readonly ms: readonly number[];
  readonly wallMs: readonly number[];
  readonly peakBytes: number;
  /** Edges of each relation, cells and paths of each meta-path. */
  readonly counts: readonly number[];
}

/** Nodes of each type. */
export const kgNodes = { user: 1_000_000, item: 200_000, author: 100_000 } as const;

/** How many edges of each relation are drawn; some are drawn twice and are merged. */
export const kgRelations = [
  { name: "chose", from: "user", to: "item", edges: 6_000_000 },
  { name: "near", from: "item", to: "item", edges: 3_000_000 },
  { name: "author", from: "item", to: "author", edges: 1_000_000 },
] as const;

const rounds = 3;

/** The results, with the peaks of memory. */
export async function kgResults(python: string): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
  try {
    const rng = new Rng("bench kg");
    for (const { name, from, to, edges } of kgRelations) {
      const columns = new Int32Array(2 * edges);
      // Targets of low numbers are drawn more often, as popular items are: of a square, half fall into the first quarter.
      for (let n = 0; n < edges; n++) {
        columns[n] = rng.int(kgNodes[from]);
        columns[edges + n] = Math.floor(kgNodes[to] * rng.uniform() ** 2);
      }
      writeFileSync(join(folder, `${name}.bin`), columns);
    }
    const runs: [KgRun[], KgRun[]] = [[], []];
    const sides = [() => script(join(__dirname, "kg-child.ts"), [folder]), () => child(python, [join(__dirname, "python", "kg.py"), folder, JSON.stringify({ nodes: kgNodes, relations: kgRelations })])] as const;
    for (let round = 0; round < rounds; round++) for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) runs[side].push((await sides[side]()) as KgRun);
    const [ours, peer] = runs.map((side) => side.reduce((best, one) => (sum(one.ms) < sum(best.ms) ? one : best))) as [KgRun, KgRun];
    const differ = ours.counts.findIndex((count, at) => count !== peer.counts[at]);
    if (differ >= 0) throw new SessionLabError(`Expected the same edges, cells and paths on both sides, found ${ours.counts.join(", ")} and ${peer.counts.join(", ")}; look at number ${differ}`);
    const peerName = "scipy.sparse 1.13.1";
    const cells = (count: number): string => `${(count / 1e6).toFixed(1)} million`;
    const [e1, e2, e3, c1, p1, c2, p2] = ours.counts as [number, number, number, number, number, number, number];
    const names = [`a graph of ${cells(e1 + e2 + e3)} edges from 10 million, rows both ways`, `item-author-item: ${cells(p1)} paths, ${cells(c1)} cells`, `user-item-author: ${cells(p2)} paths, ${cells(c2)} cells`];
    return [
      ...names.map((name, at) => resultOf(`${name} (processor time)`, "ms", ours.ms[at]!, peer.ms[at]!, peerName)),
      resultOf("all three (processor time)", "ms", sum(ours.ms), sum(peer.ms), peerName),
      resultOf("all three (by the clock, of the same runs)", "ms", sum(ours.wallMs), sum(peer.wallMs), peerName),
      resultOf("peak memory of the process", "MB", ours.peakBytes / 1e6, peer.peakBytes / 1e6, peerName),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
