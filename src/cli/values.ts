/** Parsers of what is typed after an option: key=value pairs, lists of numbers, names with suggestions; and plain columns. */
import { InvalidArgumentError } from "commander";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";

/** "k=50" pairs to an object; a value is JSON if it reads as JSON (50, true, [1, 2]), else text. */
export function parsePairs(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(parsePair));
}

function parsePair(pair: string): [string, unknown] {
  const at = pair.indexOf("=");
  if (at < 1) throw new ConfigError(`Expected key=value, found "${pair}"; write for example epochs=3`);
  return [pair.slice(0, at), parseValue(pair.slice(at + 1))];
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** "sasrec.epochs=3" settings to options by model. @throws ConfigError for another form */
export function parseSettings(settings: readonly string[]): Record<string, Record<string, unknown>> {
  const byModel: Record<string, Record<string, unknown>> = {};
  for (const setting of settings) {
    const [path, value] = parsePair(setting);
    const at = path.indexOf(".");
    if (at < 1 || at === path.length - 1) throw new ConfigError(`Expected model.key=value, found "${setting}"; write for example sasrec.epochs=3`);
    (byModel[path.slice(0, at)] ??= {})[path.slice(at + 1)] = value;
  }
  return byModel;
}

/** For options that may be given more than once. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** "10,20" to ascending numbers without repeats. */
export function parseCutoffs(text: string): number[] {
  const ks = text.split(",").map(Number);
  if (!ks.every((k) => Number.isInteger(k) && k > 0)) throw new InvalidArgumentError("expected positive integers with commas between, such as 10,20");
  return [...new Set(ks)].sort((a, b) => a - b);
}

/** A whole number of 0 or more. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError("expected an integer of 0 or more");
  return value;
}

/** A whole number of 1 or more. */
export function parsePositive(text: string): number {
  const value = parseWhole(text);
  if (value === 0) throw new InvalidArgumentError("expected an integer of 1 or more");
  return value;
}

/** A share in [0, 1). */
export function parseShare(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < 1)) throw new InvalidArgumentError("expected a number of 0 or more and below 1");
  return value;
}

/** A number of 0 or more. */
export function parseAmount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value < Infinity)) throw new InvalidArgumentError("expected a number of 0 or more");
  return value;
}

/** "12,7" to ids. @throws ConfigError if there is none */
export function parseIds(option: string, text: string): string[] {
  const ids = text.split(",").map((id) => id.trim()).filter((id) => id !== "");
  if (ids.length === 0) throw new ConfigError(`Expected ${option} to be item ids with commas between, found "${text}"; write for example ${option} "50,181"`);
  return ids;
}

/** One of `known`. @throws ConfigError that names the nearest */
export function oneOf<T extends string>(what: string, known: readonly T[], value: string): T {
  if ((known as readonly string[]).includes(value)) return value as T;
  throw new ConfigError(`Expected ${what} (${known.join(", ")}), found "${value}"; did you mean "${nearest(value, known)}"?`);
}

/** Lines of columns, each as wide as its widest cell. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
}
