/**
 * Time to quality on MovieLens-100K: RecBole's SASRec to its best validation NDCG@10, then ours to the first epoch that
 * reaches it. Leave-one-out in time order, length 50, full ranking on both sides; the clock runs from the first step and
 * counts validations. Each takes the whole machine for minutes, so they run one after the other.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AbortError, SessionLabError } from "../src/core/errors";
import { writeFileAtomic } from "../src/core/files";
import { loadDataset, models, Rng, sessionsFrom, splitLeaveOneOut } from "../src/index";
import { resultOf, type Result } from "./interleave";
import { peerEnvironment } from "./peer";

/** Seconds from the first step to the end of an epoch's validation, and its NDCG@10. */
interface Epoch {
  readonly seconds: number;
  readonly ndcg: number;
}

const logFile = join(__dirname, "..", "results", "bench", "recbole-ml-100k.txt");

/** @param epochs of RecBole at most; it stops by itself after 10 without a better one */
export async function recboleResults(python: string, threads: number, epochs: number): Promise<Result[]> {
  const theirs = await runRecbole(python, threads, epochs);
  const best = theirs.reduce((a, b) => (b.ndcg > a.ndcg ? b : a));
  const ours = await oursTo(best.ndcg);
  const name = `time to RecBole's best validation NDCG@10, ${best.ndcg.toFixed(4)} in epoch ${theirs.indexOf(best) + 1} of ${theirs.length}`;
  return [resultOf(name, "s", ours, best.seconds, "RecBole 1.2.1")];
}

/** Runs it in a folder of its own, where it leaves its folders, and keeps its log. */
async function runRecbole(python: string, threads: number, epochs: number): Promise<Epoch[]> {
  const scratch = mkdtempSync(join(tmpdir(), "sessionlab-recbole-"));
  try {
    const script = join(__dirname, "python", "recbole_run.py");
    const child = spawn(python, ["-W", "ignore", script, String(threads), String(epochs)], { cwd: scratch, stdio: ["ignore", "pipe", "pipe"], env: peerEnvironment(threads) });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    const found: Epoch[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith("{")) continue;
      const epoch = JSON.parse(line) as Epoch;
      found.push(epoch);
      console.error(`RecBole epoch ${found.length}: NDCG@10 ${epoch.ndcg} after ${epoch.seconds.toFixed(0)} s`);
    }
    const code = await ended;
    if (code !== 0 || found.length === 0) throw new SessionLabError(`Expected RecBole to train and validate, found exit code ${code} after ${found.length} epochs:\n${log.slice(-2000)}`);
    mkdirSync(join(logFile, ".."), { recursive: true });
    writeFileAtomic(logFile, plain(log).replaceAll(scratch, "."));
    return found;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Without colours. */
function plain(log: string): string {
  return log.replaceAll(/\u001b\[[0-9;]*m/g, "");
}

/** Seconds until our SASRec, with its options of the hour budget, first validates at `goal` or above. */
async function oursTo(goal: number): Promise<number> {
  const split = splitLeaveOneOut(sessionsFrom(await loadDataset("ml-100k")));
  const model = models.sasrec.make(models.sasrec.budgets.hour);
  const reached = new AbortController();
  const started = performance.now();
  let seconds = Infinity;
  let best = 0;
  const progress = ({ metrics }: { readonly metrics?: Readonly<Record<string, number>> }): void => {
    const metric = metrics?.["NDCG@10"];
    if (metric === undefined || reached.signal.aborted) return;
    best = Math.max(best, metric);
    if (metric < goal) return;
    seconds = (performance.now() - started) / 1000;
    reached.abort();
  };
  try {
    await model.fit(split.train, split.valid, { rng: new Rng(1), progress, signal: reached.signal });
  } catch (error) {
    if (!(error instanceof AbortError)) throw error;
  } finally {
    model.dispose();
  }
  if (seconds === Infinity) throw new SessionLabError(`Expected our SASRec to reach a validation NDCG@10 of ${goal}, found at most ${best}`);
  return seconds;
}
