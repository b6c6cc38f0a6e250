/** Progress for a terminal: a bar in place on a TTY, else a line every ten seconds. */
import type { Progress, ProgressReport } from "../core/progress";
import { progressWords } from "./progress-words";

/** Where the bar is drawn: the standard error stream of a program, or a stand-in. */
export interface BarStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A bar that is being drawn. */
export interface Bar {
  /** Give this to whatever takes a `Progress`. */
  readonly progress: Progress;
  /** Writes a line of its own, above the bar. */
  say(line: string): void;
  /** Ends the bar: the cursor is at the start of an empty line after it. */
  end(): void;
}

/** Milliseconds between two drawings: in place, and line by line. */
const inPlaceEvery = 100;
const lineEvery = 10_000;

/**
 * A bar on `stream`.
 * @param now milliseconds that only grow; a test gives its own
 * @example
 * import { progressBar } from "sessionlab";
 * const lines: string[] = [];
 * const bar = progressBar({ write: (text: string) => lines.push(text) });
 * bar.progress({ task: "train", done: 1, total: 4, unit: "epoch" });
 * assert.deepEqual(lines, ["train  █████░░░░░░░░░░░░░░░  25 %  1/4 epoch\n"]);
 */
export function progressBar(stream: BarStream, now: () => number = () => performance.now()): Bar {
  const inPlace = stream.isTTY === true;
  let drawn = -Infinity;
  let open = false;
  const clear = () => {
    if (open) stream.write("\r\x1b[K");
    open = false;
  };
  return {
    progress(report) {
      const whole = report.total !== undefined && report.done >= report.total;
      const since = now() - drawn;
      if (inPlace ? since < inPlaceEvery && !whole : since < lineEvery) return;
      drawn = now();
      const line = barLine(report, inPlace ? (stream.columns ?? 80) - 1 : 200);
      if (inPlace) stream.write(`\r\x1b[K${line}`);
      else stream.write(`${line}\n`);
      open = inPlace;
    },
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    end: clear,
  };
}

const width = 20;

/** One report in one line of at most `columns` characters. */
export function barLine(report: ProgressReport, columns = 200): string {
  const { share, count, rate, left, metrics } = progressWords(report);
  const filled = share === undefined ? 0 : Math.round(share * width);
  const bar = share === undefined ? undefined : `${"█".repeat(filled)}${"░".repeat(width - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`;
  return [report.task, bar, count, rate, left, ...metrics].filter((part) => part !== undefined).join("  ").slice(0, columns);
}
