/** Words and numbers that the papers' tables share. */
import type { Readings } from "../evaluation/readings";
import type { Measured } from "./measure";

/** Below this, after Holm's correction, a difference counts. */
export const alpha = 0.05;

/** "+0.0021" */
export function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
}

/** "[0.0100, 0.0300]"; nothing where there is no interval. */
export function intervalText(found: Pick<Measured, "low" | "high"> | undefined): string | undefined {
  return found?.low === undefined || found.high === undefined ? undefined : `[${found.low.toFixed(4)}, ${found.high.toFixed(4)}]`;
}

/** "= 0.012", "< 0.001" */
export function probability(p: number): string {
  return p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`;
}

/** A difference with its interval and its p after Holm's correction. */
export function differenceText({ difference, low, high, holm }: { readonly difference: number; readonly low: number; readonly high: number; readonly holm: number }, metric = "NDCG@10"): string {
  return `${metric} difference ${signed(difference)} [${signed(low)}, ${signed(high)}], p ${probability(holm)}`;
}

/** "dropout 0.3, dimension 100"; "-" for none. */
export function optionText(options: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(options).map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  return entries.length === 0 ? "-" : entries.join(", ");
}

/**
 * How often test and sealed cases were scored.
 * @param readings left out where that is not known
 */
export function readingsText(experiment: string, readings: Readings | undefined): string {
  const { test = 0, confirm = 0 } = readings?.[experiment] ?? {};
  const scored = readings === undefined ? "How often test cases were scored is in readings.json" : `Test cases were scored ${test} ${test === 1 ? "time" : "times"} here so far, once a run of a model`;
  return `${scored}; choices were made on validation. The sealed confirm period was ${confirm === 0 ? "not opened" : confirm === 1 ? "opened once" : `opened ${confirm} times`}.`;
}
