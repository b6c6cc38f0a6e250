/** Ten million edges to a graph and two meta-paths, in a process of its own: what python/kg.py does with scipy.sparse. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { graphFrom, metaPath, type EdgeList } from "../src/index";
import { peakSoFar } from "../src/tensor/planner";
import { kgNodes, kgRelations, type KgRun } from "./kg";

function main(folder: string): void {
  const edges = kgRelations.map(({ name, from, to, edges: count }): EdgeList => {
    const bytes = readFileSync(join(folder, `${name}.bin`));
    const columns = new Int32Array(bytes.buffer, bytes.byteOffset, 2 * count);
    return { name, from, to, source: columns.subarray(0, count), target: columns.subarray(count), origin: { source: "bench", rule: name, version: "1" } };
  });
  const nodes = Object.entries(kgNodes).map(([type, size]) => ({ type, ids: Array.from({ length: size }, (_, n) => String(n)) }));
  graphFrom(nodes, []); // the dictionaries of ids, which scipy does not have: looked through once, and not again
  const ms: number[] = [];
  const wallMs: number[] = [];
  const timed = <T>(work: () => T): T => {
    const [cpu, wall] = [process.cpuUsage(), performance.now()];
    const value = work();
    const { user, system } = process.cpuUsage(cpu);
    ms.push((user + system) / 1000);
    wallMs.push(performance.now() - wall);
    return value;
  };
  const graph = timed(() => graphFrom(nodes, edges));
  const counts = kgRelations.map(({ name }) => graph.relation(name).target.length);
  for (const path of [["item", "author", "item"], ["user", "item", "author"]]) {
    const { matrix, instances } = timed(() => metaPath(graph, path));
    counts.push(matrix.column.length, instances);
  }
  const run: KgRun = { ms, wallMs, peakBytes: peakSoFar(), counts };
  console.log(JSON.stringify(run));
}

if (require.main === module || process.argv[1]?.endsWith("kg-child.ts") === true) main(process.argv[2]!);
