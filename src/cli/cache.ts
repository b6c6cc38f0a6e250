/** sessionlab cache list|why|clear: what the step cache holds, why a result is not another, and how to make room. */
import { InvalidArgumentError, type Command } from "commander";
import { formatBytes } from "../core/bytes";
import { cacheEntries, cacheLimit, findEntry, nearestEntry, removeEntry, type CacheEntry } from "../core/cache";
import { formatSeconds } from "../core/duration";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import { defaultCache } from "../core/step";
import type { Outcome, Runner } from "./terminal";

interface ClearOptions {
  readonly step?: string;
  /** Seconds. */
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly yes?: boolean;
}

export function addCache(program: Command, runner: Runner): void {
  const cache = program.command("cache").description("the results that are kept so that nothing is computed twice");
  const list = cache
    .command("list")
    .description("what is kept: step, key, size, age, and what it took to compute")
    .option("--step <name>", "of this step only")
    .addHelpText("after", "\nExamples:\n  $ sessionlab cache list\n  $ sessionlab cache list --step train --json");
  runner.action(list, async (options: { readonly step?: string }) => listCache(options));
  const why = cache
    .command("why")
    .description("what went into a result, and what differs from the nearest one of the same step")
    .argument("<key>", "its key, or the first digits of it")
    .addHelpText("after", "\nExamples:\n  $ sessionlab cache why 3f2a91c0\n  $ sessionlab cache why 3f2a91c0 --json");
  runner.action(why, async () => explain(why.args[0]!));
  const clear = cache
    .command("clear")
    .description("remove results and checkpoints; without --yes it only lists them. What a process uses now is kept")
    .option("--step <name>", "of this step")
    .option("--older-than <age>", "not used for so long: 30d, 12h, 90min", parseAge)
    .option("--all", "everything")
    .option("--yes", "remove them")
    .addHelpText("after", "\nExamples:\n  $ sessionlab cache clear --older-than 30d\n  $ sessionlab cache clear --step tune --yes\n  $ sessionlab cache clear --all --yes");
  runner.action(clear, async (options: ClearOptions) => clearCache(options));
}

function listCache({ step }: { readonly step?: string }): Outcome {
  const cache = defaultCache();
  const entries = chosen(cacheEntries(cache), step);
  const limit = cacheLimit();
  const bytes = sizeOf(entries);
  const total = `${count(entries)}, ${formatBytes(bytes)}${step === undefined ? ` of at most ${formatBytes(limit)}` : ""}, in ${cache}`;
  return {
    text: entries.length === 0 ? `Nothing is kept in ${cache}.\n` : `${tableOf(entries)}\n${total}\n`,
    json: { cache, limit, bytes, entries: entries.map(describe) },
  };
}

function explain(prefix: string): Outcome {
  const entries = cacheEntries(defaultCache());
  const entry = findEntry(entries, prefix);
  const near = nearestEntry(entries, entry);
  const { inputs, options, code } = entry.meta ?? {};
  const lines = [`${entry.name} ${entry.key}`, `${describeKind(entry)}, ${formatBytes(entry.bytes)}, ${ago(entry.madeAt)} old`];
  if (entry.meta === undefined) lines.push(entry.kind === "checkpoint" ? "What went in is written down when the step is done." : "meta.json cannot be read: the step will compute it again.");
  else lines.push("inputs", ...indent(inputs), "options", ...indent(options), `code ${code}`);
  if (entry.meta !== undefined) {
    lines.push("");
    if (near === undefined) lines.push(`The cache has no other result of ${entry.name}.`);
    else {
      lines.push(`The nearest other result of ${entry.name} is ${near.entry.key.slice(0, 12)}, ${ago(near.entry.madeAt)} old. It differs in:`);
      for (const { path, here, there } of near.differences) lines.push(`  ${path}: ${show(here)} here, ${show(there)} there${path === "code" ? " (a file that the step runs was changed)" : ""}`);
    }
  }
  return { text: lines.join("\n"), json: { ...describe(entry), inputs, options, code, nearest: near === undefined ? undefined : { key: near.entry.key, differences: near.differences } } };
}

function clearCache({ step, olderThan, all, yes }: ClearOptions): Outcome {
  if (all !== true && step === undefined && olderThan === undefined) throw new ConfigError("Expected --step, --older-than or --all, found none of them; say what to remove");
  const cache = defaultCache();
  const old = (entry: CacheEntry): boolean => olderThan === undefined || Date.now() - entry.usedAt >= 1000 * olderThan;
  const entries = chosen(cacheEntries(cache), step).filter(old);
  const kept = entries.filter(({ inUse }) => inUse);
  const free = entries.filter(({ inUse }) => !inUse);
  const removed = yes === true ? free.filter((entry) => removeEntry(cache, entry)) : [];
  const lines = free.length === 0 ? ["Nothing to remove."] : [tableOf(yes === true ? removed : free)];
  if (yes === true) lines.push(`Removed ${count(removed)}, ${formatBytes(sizeOf(removed))}.`);
  else if (free.length > 0) lines.push(`Would remove ${count(free)}, ${formatBytes(sizeOf(free))}. Nothing was removed: add --yes.`);
  if (kept.length > 0) lines.push(`Kept, as a process uses them now: ${count(kept)}, ${formatBytes(sizeOf(kept))}.`);
  return { text: lines.join("\n"), json: { cache, removed: removed.map(describe), wouldRemove: yes === true ? [] : free.map(describe), kept: kept.map(describe) } };
}

/** "30d", "12h", "90min", "20s" to seconds. */
function parseAge(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(d|h|min|s)$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("expected an age such as 30d, 12h or 90min");
  return Number(match[1]) * { d: 86_400, h: 3600, min: 60, s: 1 }[match[2] as "d" | "h" | "min" | "s"];
}

/** @throws ConfigError for a step that the cache does not know, if it knows any */
function chosen(entries: readonly CacheEntry[], step: string | undefined): CacheEntry[] {
  const names = [...new Set(entries.map(({ name }) => name))];
  if (step !== undefined && names.length > 0 && !names.includes(step)) {
    throw new ConfigError(`Expected a step of the cache (${names.sort().join(", ")}), found "${step}"; did you mean "${nearest(step, names)}"?`);
  }
  return entries.filter(({ name }) => step === undefined || name === step);
}

/** An entry as JSON. */
function describe({ kind, name, key, bytes, madeAt, usedAt, inUse, meta }: CacheEntry): object {
  return { kind, step: name, key, bytes, madeAt: new Date(madeAt).toISOString(), usedAt: new Date(usedAt).toISOString(), inUse, seconds: meta?.seconds };
}

function describeKind({ kind, meta, inUse }: CacheEntry): string {
  const what = kind === "checkpoint" ? "checkpoint to go on from" : meta === undefined ? "damaged" : `computed in ${formatSeconds(meta.seconds)}`;
  return inUse ? `${what}, in use` : what;
}

function tableOf(entries: readonly CacheEntry[]): string {
  const rows = entries.map((entry) => [entry.name, entry.key.slice(0, 12), formatBytes(entry.bytes), ago(entry.madeAt), ago(entry.usedAt), describeKind(entry)]);
  const all = [["step", "key", "size", "age", "unused for", "took"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const right = [2, 3, 4];
  return all.map((row) => row.map((cell, c) => (right.includes(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join("  ").trimEnd()).join("\n");
}

function indent(value: unknown): string[] {
  return JSON.stringify(value ?? {}, null, 2).split("\n").slice(1, -1);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return /^"[0-9a-f]{64}"$/.test(text) ? text.slice(1, 13) : text;
}

function count(entries: readonly CacheEntry[]): string {
  return `${entries.length} ${entries.length === 1 ? "entry" : "entries"}`;
}

function sizeOf(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

function ago(time: number): string {
  const seconds = Math.max(0, (Date.now() - time) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
