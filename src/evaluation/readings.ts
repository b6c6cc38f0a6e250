/**
 * How often the test and confirm cases were read, by experiment: results/readings.json, printed under every table.
 * A number that was looked at often is worth less, and this is how a reader knows.
 */
import { existsSync, readFileSync } from "node:fs";
import { DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { withLock } from "../core/lock";

/** Readings by experiment and role. */
export type Readings = Readonly<Record<string, Readonly<Partial<Record<"test" | "confirm", number>>>>>;

/**
 * Counts one reading in the file. Processes that count at the same time do so one after another.
 * @param file results/readings.json; made if it is not there
 * @param experiment the experiment's name: "movielens-base"
 * @returns the readings of this experiment and role so far, this one included
 * @throws DataError if the file is not what this function writes
 * @example
 * import { countReading } from "sessionlab";
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * const file = join(mkdtempSync(join(tmpdir(), "readings-")), "readings.json");
 * assert.equal(await countReading(file, "demo", "test"), 1);
 * assert.equal(await countReading(file, "demo", "test"), 2);
 */
export async function countReading(file: string, experiment: string, role: "test" | "confirm"): Promise<number> {
  return withLock(`${file}.lock`, () => {
    const readings = readReadings(file);
    const count = (readings[experiment]?.[role] ?? 0) + 1;
    const all = { ...readings, [experiment]: { ...readings[experiment], [role]: count } };
    const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileAtomic(file, `${JSON.stringify(sorted, null, 2)}\n`);
    return count;
  }, { task: "count a reading" });
}

/**
 * The readings counted so far; none if the file is not there.
 * @throws DataError if it is not what `countReading` writes
 * @example
 * import { readReadings } from "sessionlab";
 * assert.deepEqual(readReadings("no such file"), {});
 */
export function readReadings(file: string): Readings {
  if (!existsSync(file)) return {};
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new DataError("Expected readings as JSON, found something else; restore the file from its history", { file }, { cause: error });
  }
  const whole = (count: unknown): boolean => Number.isInteger(count) && (count as number) >= 0;
  const good =
    typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === "object" && one !== null && Object.values(one as object).every(whole));
  if (!good) throw new DataError("Expected counts by experiment and role, found other values; restore the file from its history", { file });
  return value as Readings;
}
