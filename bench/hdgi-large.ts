/**
 * Personas of a million users: a generated graph of ten million choices, two meta-paths as their factors, HDGI-C by
 * mini-batches with sampled neighbours. One epoch and the vectors of all users must stay under a limit of memory, in a process
 * of its own; and it must learn: a loss below ln 2, and users of one taste nearer each other than users of two.
 */
import { join } from "node:path";
import type { Check } from "./checks";
import { script } from "./child";
import type { LargePersonas } from "./hdgi-large-child";

export const shape = { users: 1_000_000, items: 100_000, genres: 50, choices: 10, dimension: 32, batch: 2048, neighbours: 10 } as const;

/** Bytes that the process may hold at most, graph and all. */
const limit = 8e9;

/** The checks; `tell` gets a line with what was found. */
export async function hdgiLargeChecks(users: number, tell: (line: string) => void): Promise<readonly Check[]> {
  const { edges, seconds, loss, accuracy, alike, apart, peakBytes } = (await script(join(__dirname, "hdgi-large-child.ts"), [String(users)])) as LargePersonas;
  const label = `HDGI-C, ${users.toLocaleString("en")} users, ${edges.toLocaleString("en")} edges, d ${shape.dimension}, batches of ${shape.batch} with ${shape.neighbours} neighbours`;
  const gigabytes = Number((peakBytes / 1e9).toFixed(2));
  tell(`${label}: peak ${gigabytes} GB; graph ${seconds.graph} s, its meta-paths and features ${seconds.source} s, an epoch ${seconds.epoch} s, all vectors ${seconds.embed} s; loss ${loss.toFixed(4)}, told apart ${accuracy.toFixed(3)}; cosine of users of one taste ${alike.toFixed(3)}, of two ${apart.toFixed(3)}`);
  return [
    { case: `${label}: peak memory`, ours: gigabytes, limit: limit / 1e9, unit: "GB", holds: peakBytes < limit },
    { case: `${label}: the epoch's loss`, ours: Number(loss.toFixed(4)), limit: 0.69, unit: "nats", holds: loss < 0.69 },
    { case: `${label}: cosine of users of two tastes, at most that of one`, ours: Number(apart.toFixed(3)), limit: Number(alike.toFixed(3)), unit: "cosine", holds: apart < alike },
  ];
}
