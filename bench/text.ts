/**
 * The titles of books-linked to vectors by all-MiniLM-L6-v2, ours beside sentence-transformers on the same weights: each
 * side in a process of its own, by turns, the shorter of two runs by the clock; tokenising is counted, loading is not.
 * Both must find the same vectors.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionLabError } from "../src/core/errors";
import { fetchMiniLm } from "../src/text/default-encoder";
import { itemFields, loadDataset, renderTexts } from "../src/index";
import { child, script } from "./child";
import { resultOf, type Result } from "./interleave";

/** What either side says of itself; it writes its vectors, [N, D] float32, to <folder>/<side>.bin. */
export interface TextRun {
  readonly wallMs: number;
  /** Processor time of all threads. */
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** The peer's version. */
  readonly version?: string;
}

const rounds = 2;

/** @param most titles, of 7,924 */
export async function textResults(python: string, threads: number, most: number): Promise<Result[]> {
  const titles = renderTexts(itemFields(await loadDataset("books-linked")), "title").filter((title) => title !== "").slice(0, most);
  const model = await fetchMiniLm();
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
  try {
    writeFileSync(join(folder, "titles.json"), JSON.stringify(titles));
    const sides = [() => script(join(__dirname, "text-child.ts"), [folder]), () => child(python, [join(__dirname, "python", "text.py"), model, String(threads), folder])] as const;
    const runs: [TextRun[], TextRun[]] = [[], []];
    for (let round = 0; round < rounds; round++) for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) runs[side].push((await sides[side]()) as TextRun);
    const [ours, peer] = runs.map((side) => side.reduce((best, one) => (one.wallMs < best.wallMs ? one : best))) as [TextRun, TextRun];
    const away = distance(readFileSync(join(folder, "ours.bin")), readFileSync(join(folder, "peer.bin")));
    if (!(away < 1e-4)) throw new SessionLabError(`Expected the same vectors on both sides to 1e-4, found ${away} between them`);
    const name = `${titles.length} book titles`;
    const peerName = `sentence-transformers ${peer.version}`;
    return [
      resultOf(`${name} to vectors (by the clock)`, "s", ours.wallMs / 1000, peer.wallMs / 1000, peerName),
      resultOf(`${name} to vectors (processor time)`, "s", ours.cpuMs / 1000, peer.cpuMs / 1000, peerName),
      resultOf("peak memory of the process", "MB", ours.peakBytes / 1e6, peer.peakBytes / 1e6, peerName),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The largest difference between two files of float32; infinite where they are not of one length. */
function distance(a: Buffer, b: Buffer): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let at = 0; at < a.length; at += 4) most = Math.max(most, Math.abs(a.readFloatLE(at) - b.readFloatLE(at)));
  return most;
}
