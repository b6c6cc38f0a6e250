/** Progress is a callback: the library never prints; display/ and cli/ draw the bar. */

/** One report of a long job. Reports come often; a receiver throttles what it draws. */
export interface ProgressReport {
  /** What is running: "train SASRec", "download ml-100k". */
  readonly task: string;
  /** Units done and expected; `total` is undefined where it is not known. */
  readonly done: number;
  readonly total?: number;
  /** The name of a unit: "epoch", "step", "case", "byte". */
  readonly unit: string;
  /** Units per second so far, and seconds left at that rate. */
  readonly rate?: number;
  readonly secondsLeft?: number;
  /** Numbers worth showing beside the bar: `{ loss: 6.1, "NDCG@10": 0.061 }`. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Receives reports; given to everything that takes long. */
export type Progress = (report: ProgressReport) => void;

/**
 * A meter for one job: fills in rate and time left.
 * @example
 * import { meter } from "sessionlab";
 * const seen: number[] = [];
 * const tick = meter((report) => seen.push(report.done), "demo", "step", 2);
 * tick(1);
 * tick(2, { loss: 0.5 });
 * assert.deepEqual(seen, [1, 2]);
 */
export function meter(progress: Progress | undefined, task: string, unit: string, total?: number): (done: number, metrics?: Readonly<Record<string, number>>) => void {
  const start = performance.now();
  return (done, metrics) => {
    if (progress === undefined) return;
    const seconds = (performance.now() - start) / 1000;
    const rate = seconds > 0 ? done / seconds : undefined;
    const secondsLeft = rate !== undefined && rate > 0 && total !== undefined ? (total - done) / rate : undefined;
    progress({ task, done, total, unit, rate, secondsLeft, metrics });
  };
}
