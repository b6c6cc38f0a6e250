/** The benchmark as a results folder holds it: its table and the runs behind it, for those who run nothing. */
import { join } from "node:path";
import type { Budget } from "../../core/budget";
import { DataError } from "../../core/errors";
import type { Table } from "../../display/table";
import { readReadings } from "../../evaluation/readings";
import { benchmarkRows, type BenchmarkRow } from "./benchmark";
import { benchmarkOrder, benchmarkTable } from "./table";

/** What was run of a benchmark. */
export interface BenchmarkReport {
  /** P@20 and MRR@20 beside what they should be, as docs/recommenders.md has it. */
  readonly table: Table<unknown>;
  /** A row for each model, in the table's order, with its results and their passports. */
  readonly rows: readonly BenchmarkRow[];
}

/**
 * Reads a benchmark from the folder of results; nothing is run.
 * @param folder of result files: "results"
 * @throws DataError if it holds none of this benchmark, or a damaged file
 * @example
 * import { benchmarkReport } from "sessionlab";
 * assert.throws(() => benchmarkReport("/tmp/no-such-folder"), /Expected results of the benchmark diginetica, found none/);
 */
export function benchmarkReport(folder: string, { name = "diginetica", budget = "paper" }: { readonly name?: string; readonly budget?: Budget } = {}): BenchmarkReport {
  const all = benchmarkRows({ results: folder, name, budget });
  if (all.length === 0) throw new DataError(`Expected results of the benchmark ${name}, found none; sessionlab benchmark --out makes them`, { file: folder });
  const rows = [...all].sort((a, b) => benchmarkOrder.indexOf(a.model) - benchmarkOrder.indexOf(b.model));
  return { rows, table: benchmarkTable(`benchmark-${name}`, rows, readReadings(join(folder, "readings.json"))) as Table<unknown> };
}
