/**
 * Small JSON files that are committed: written whole, with the hash of all fields as the last one, `check`. Whoever changes
 * a number in such a file by hand is told when it is read.
 */
import { existsSync, readFileSync } from "node:fs";
import { DataError } from "./errors";
import { writeFileAtomic } from "./files";
import { hashOfJson } from "./hash";

/** Writes a value, with its check. */
export function writeCheckedJson(file: string, value: object): void {
  writeFileAtomic(file, `${JSON.stringify({ ...value, check: hashOfJson(value) }, null, 2)}\n`);
}

/**
 * Reads a value, without its check.
 * @param what for errors: "a search"
 * @param wayOut for errors: "remove it, and it is run again"
 * @returns undefined where there is no file
 * @throws DataError when the file is no JSON object, or is not as it was written
 */
export function readCheckedJson<T extends object>(file: string, what: string, wayOut: string): T | undefined {
  if (!existsSync(file)) return undefined;
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new DataError(`Expected ${what} as JSON, found something else; ${wayOut}`, { file }, { cause });
  }
  if (typeof read !== "object" || read === null) throw new DataError(`Expected ${what} as a JSON object, found ${JSON.stringify(read)}; ${wayOut}`, { file });
  const { check, ...value } = read as T & { readonly check?: unknown };
  if (check !== hashOfJson(value)) throw new DataError(`Expected ${what} as it was written, found that it was changed; ${wayOut}`, { file, field: "check" });
  return value as unknown as T;
}
