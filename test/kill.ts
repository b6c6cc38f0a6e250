/**
 * Kills a long job at random moments and lets it go on each time: what it leaves must be what an uninterrupted run
 * leaves. The moments are spread over the duration of an uninterrupted run, measured here, so that every phase is hit;
 * SIGKILL, so that nothing can tidy up.
 */
import type { ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Rng } from "../src/core/rng";

/** A job as a process of its own. */
export interface Job {
  /** Starts it on a folder that is empty, or holds what a killed run left. stdout and stderr must be pipes. */
  start(folder: string): ChildProcess;
  /** Moments count from when this shows in its output; by default from the start of the process. */
  readonly begins?: RegExp;
  /** What it is at, told by its output so far and its folder, for `Killed.places`; by default its last line. */
  where?(output: string, folder: string): string;
}

/** What was done. The caller compares the folders. */
export interface Killed {
  /** Of the uninterrupted run, from where moments count. */
  readonly seconds: number;
  /** The folder of the uninterrupted run. */
  readonly whole: string;
  /** Folders where the job came to its end after kills: at least one, more where it ended before its next kill. */
  readonly finished: readonly { readonly folder: string; readonly kills: number }[];
  /** Seconds after which the kills came, in their order. */
  readonly moments: readonly number[];
  /** What the job was at when the kills came. */
  readonly places: readonly string[];
}

/** How often the normal suite kills: SESSIONLAB_KILLS, by default 4. */
export const usualKills = Number(process.env["SESSIONLAB_KILLS"] ?? 4);

/** Says what the kills hit, if their number was asked for. */
export function tellPlaces(what: string, { places, finished }: Killed): void {
  if (process.env["SESSIONLAB_KILLS"] === undefined) return;
  const counts = new Map<string, number>();
  for (const place of places) counts.set(place, (counts.get(place) ?? 0) + 1);
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([place, count]) => `${count} ${place}`);
  console.log(`    ${what}: ${places.length} kills, ${finished.length} ends; ${parts.join("; ")}`);
}

/**
 * Runs a job once as it is, then kills it `kills` times, resuming it each time.
 * @param folder holds the folders of the runs; the caller removes it
 * @throws an error with the job's output when a run fails
 */
export async function killAndResume(job: Job, folder: string, kills: number, rng: Rng): Promise<Killed> {
  const open = (name: string): string => {
    mkdirSync(join(folder, name), { recursive: true });
    return join(folder, name);
  };
  const whole = open("whole");
  const { seconds } = await run(job, whole);
  const moments: number[] = [];
  const places: string[] = [];
  const finished: { folder: string; kills: number }[] = [];
  let folders = 0;
  const fresh = (): { folder: string; kills: number } => ({ folder: open(`killed-${folders++}`), kills: 0 });
  let here = fresh();
  for (const stratum of rng.permutation(kills)) {
    let moment = ((stratum + rng.uniform()) / kills) * seconds;
    for (;;) {
      const { place } = await run(job, here.folder, moment);
      if (place !== undefined) {
        places.push(place);
        break;
      }
      if (here.kills > 0) finished.push(here);
      else moment *= 0.8; // this run was faster than the measured one: sooner, then
      here = fresh();
    }
    here.kills++;
    moments.push(moment);
  }
  await run(job, here.folder);
  finished.push(here);
  return { seconds, whole, finished, moments, places };
}

/**
 * @param moment seconds after which it is killed; by default never
 * @returns `place`: what it was at, if it was killed
 */
function run(job: Job, folder: string, moment?: number): Promise<{ readonly place?: string; readonly seconds: number }> {
  const child = job.start(folder);
  let output = "";
  let began: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let place: string | undefined;
  const begin = (): void => {
    began = performance.now();
    if (moment === undefined) return;
    timer = setTimeout(() => {
      child.kill("SIGKILL");
      place = job.where?.(output, folder) ?? output.trimEnd().split("\n").at(-1)!;
    }, 1000 * moment);
  };
  if (job.begins === undefined) begin();
  const hear = (piece: Buffer): void => {
    output = (output + piece.toString()).slice(-10_000);
    if (began === undefined && job.begins!.test(output)) begin();
  };
  child.stdout!.on("data", hear);
  child.stderr!.on("data", hear);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const seconds = began === undefined ? 0 : (performance.now() - began) / 1000;
      if (signal === "SIGKILL" && place !== undefined) resolve({ place, seconds });
      else if (code === 0) resolve({ seconds });
      else reject(new Error(`Expected the job to end well, found ${code ?? signal}:\n${output}`));
    });
  });
}
