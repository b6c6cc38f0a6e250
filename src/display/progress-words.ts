/** A report of progress in words and numbers: what the bars of a terminal and of a notebook share. */
import { formatSeconds } from "../core/duration";
import type { ProgressReport } from "../core/progress";

/** The parts of a bar, in the order that they are shown. */
export interface ProgressWords {
  /** From 0 to 1, where the total is known. */
  readonly share?: number;
  /** "3/16 epoch" */
  readonly count: string;
  /** "12 epoch/s" */
  readonly rate?: string;
  /** "4 s left" */
  readonly left?: string;
  /** "loss 5.61" */
  readonly metrics: readonly string[];
}

/** A metric beside a bar: four digits are read while it moves. */
export function metricWords(metrics: Readonly<Record<string, number>>): string[] {
  return Object.entries(metrics).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
}

/** A report in words. */
export function progressWords({ done, total, unit, rate, secondsLeft, metrics = {} }: ProgressReport): ProgressWords {
  const count = Number.isInteger(done) ? String(done) : done.toFixed(1);
  return {
    share: total === undefined || total <= 0 ? undefined : Math.min(1, done / total),
    count: total === undefined ? `${count} ${unit}` : `${count}/${total} ${unit}`,
    rate: rate === undefined ? undefined : `${rate >= 10 ? Math.round(rate) : rate.toFixed(2)} ${unit}/s`,
    left: secondsLeft === undefined || secondsLeft <= 0 ? undefined : `${formatSeconds(secondsLeft)} left`,
    metrics: metricWords(metrics),
  };
}
