/** What runs cost, in a notebook: the memory of a training step, what the cache of results keeps and why two entries differ. */
import { formatBytes } from "../core/bytes";
import type { CacheDifference, CacheEntry } from "../core/cache";
import { formatSeconds } from "../core/duration";
import type { MemoryEstimate } from "../tensor/memory";
import type { Renderer } from "./mime";
import { clip, ends, panelBundle, panelRenderer, percent, plural, type Panel } from "./panel";
import { listOf, number, text } from "./shapes";

function memoryPanel({ total, parameters, moments, gradients, loss, activations }: MemoryEstimate): Panel {
  const parts: readonly (readonly [name: string, bytes: number])[] = [
    ["the parameters", parameters],
    ["what the optimiser keeps", moments],
    ["gradients, without the table's", gradients],
    ["the loss with its gradients", loss],
    ["what the layers keep", activations],
  ];
  return {
    title: "Memory of a training step",
    facts: [`at most ${formatBytes(total)}`],
    grids: [{ headers: ["part", "size", "share"], rows: parts.map(([name, bytes]) => [name, formatBytes(bytes), percent(bytes / total)]) }],
  };
}

function cachePanel(entries: readonly CacheEntry[]): Panel {
  const { shown, gap } = ends(entries.length, 30);
  const minute = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ");
  const what = ({ kind, meta, inUse }: CacheEntry): string => {
    const words = kind === "checkpoint" ? "a checkpoint to go on from" : meta === undefined ? "damaged" : `computed in ${formatSeconds(meta.seconds)}`;
    return inUse ? `${words}, in use` : words;
  };
  const rows = shown.map((at) => {
    const entry = entries[at]!;
    return [entry.name, entry.key.slice(0, 12), formatBytes(entry.bytes), minute(entry.madeAt), minute(entry.usedAt), what(entry)];
  });
  return {
    title: "Cache of results",
    facts: [`${entries.length} ${entries.length === 1 ? "entry" : "entries"}`, formatBytes(entries.reduce((sum, { bytes }) => sum + bytes, 0))],
    grids: [{ headers: ["step", "key", "size", "made, UTC", "last used", ""], rows, gap }],
  };
}

function differencesPanel(differences: readonly CacheDifference[]): Panel {
  const { shown, gap } = ends(differences.length, 40);
  const words = (value: unknown): string => (value === undefined ? "absent" : clip(JSON.stringify(value), 80));
  return {
    title: "Why two results are not the same",
    facts: [plural(differences.length, "difference")],
    grids: [{ headers: ["what", "here", "there"], rows: shown.map((at) => [differences[at]!.path, words(differences[at]!.here), words(differences[at]!.there)]), gap }],
  };
}

const entryShape = { kind: text, name: text, key: text, bytes: number, madeAt: number, usedAt: number };
const isDifference = (value: object): boolean => listOf(value, { path: text }) && (value as readonly object[]).every((one) => "here" in one && "there" in one);

/** The values of src/core and src/tensor. */
export const machineRenderers: readonly Renderer[] = [
  panelRenderer({ total: number, parameters: number, moments: number, gradients: number, loss: number, activations: number }, memoryPanel),
  panelRenderer(entryShape, (entry: CacheEntry) => cachePanel([entry])),
  { matches: (value) => listOf(value, entryShape), render: (value) => panelBundle(cachePanel(value as CacheEntry[])) },
  { matches: isDifference, render: (value) => panelBundle(differencesPanel(value as CacheDifference[])) },
];
