/**
 * Item texts to vectors, with a recipe card: template -> texts -> encoder (through the cache of rows) -> normalisation.
 * Nothing of a training item's vector depends on what lies outside training: statistics, the shuffling of the control and
 * the filling of empty rows are over training items; random vectors are drawn by an item's id.
 */
import { createHash } from "node:crypto";
import { ConfigError, throwIfAborted } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import type { Progress } from "../core/progress";
import { Rng } from "../core/rng";
import { defaultCache } from "../core/step";
import { checkRows, type Encoder } from "./encoder";
import { checkNormalisation, meanOf, normaliseVectors, type Normalisation, type Rows } from "./normalise";
import { openRowCache, type RowCache } from "./row-cache";
import { fieldsOfTemplate, renderTexts, templateText, type ItemFields } from "./template";

/** What stands in for the texts, to see whether a gain comes from them: nothing, random vectors, other items' vectors, or the title alone. */
export type TextControl = "none" | "random" | "shuffled" | "title-only";

/** How a table of vectors was made: it goes with it into files, passports and tables. */
export interface RecipeCard {
  readonly encoder: string;
  readonly revision: string;
  readonly recipe: Encoder["recipe"];
  /** The template's name, and its text. */
  readonly template: { readonly name: string; readonly text: string };
  readonly normalisation: Normalisation;
  readonly control: TextControl;
  /** Of the controls that draw. */
  readonly seed?: string;
  /** Share of the items that have each field of the template. */
  readonly coverage: Readonly<Record<string, number>>;
  /** Items without any text (or vector): they have the mean of the training items that have one. */
  readonly empty: number;
  readonly rows: number;
  /** The first so many rows are items seen in training. */
  readonly trained: number;
  readonly dimension: number;
  /** Of the texts in their order. */
  readonly textHash: string;
  /** Of the values, as little-endian float32. */
  readonly sha256: string;
}

/** Vectors of items by inside id: [V_all, D]. */
export interface TextVectors {
  readonly shape: readonly [number, number];
  readonly data: Float32Array;
  readonly card: RecipeCard;
}

const defaults = {
  /** A name of `templates`, or a template. */
  template: "described" as string,
  normalise: "unit" as Normalisation,
  control: "none" as TextControl,
  /** Of the controls "random" and "shuffled". */
  seed: "text control" as string,
  /** The folder of the cache; default `defaultCache()`. */
  cache: undefined as string | undefined,
  signal: undefined as AbortSignal | undefined,
  progress: undefined as Progress | undefined,
};

/** Options of `itemVectors`. */
export type TextVectorOptions = typeof defaults;

/** Texts between two writings of the cache: what a kill can lose. */
const kept = 1024;

/**
 * The vectors of items.
 * @param items of `itemFields`
 * @returns one row an item, in the order of `items`; `trainedVectors` gives what a model's fit takes
 * @throws ConfigError for wrong options; AbortError, with the rows that were encoded kept; what the encoder throws
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { itemVectors, type Encoder } from "sessionlab";
 * const lengths: Encoder = { id: "lengths", revision: "1", dimension: 1, recipe: {}, encode: async (texts) => Float32Array.from(texts, (text) => text.length), dispose: () => undefined };
 * const items = { ids: ["a", "b"], trained: 2, fields: { title: [["Emma"], ["Jane Eyre"]] } };
 * const { data, card } = await itemVectors(items, lengths, { template: "title", normalise: "none", cache: mkdtempSync("/tmp/text-") });
 * assert.deepEqual([Array.from(data), card.coverage], [[4, 9], { title: 1 }]);
 */
export async function itemVectors(items: ItemFields, encoder: Encoder, given: Partial<TextVectorOptions> = {}): Promise<TextVectors> {
  const options = resolveOptions("itemVectors", defaults, given, { control: rules.oneOf("none", "random", "shuffled", "title-only") });
  const { control, normalise, seed } = options;
  if (items.trained > items.ids.length) throw new ConfigError(`Expected at most ${items.ids.length} training items, as many as items, found ${items.trained}`);
  checkNormalisation(normalise, encoder.dimension);
  const template = control === "title-only" ? "title" : options.template;
  const texts = renderTexts(items, template);
  const known = Array.from(texts.keys()).filter((row) => texts[row] !== "");
  const { dimension } = encoder;
  const raw = control === "random" ? randomRows(items, dimension, seed) : shuffledIf(control === "shuffled", items, seed, await encodeRows(texts, encoder, options));
  const knownRows = control === "none" || control === "title-only" ? known : Array.from(texts.keys());
  const names = fieldsOfTemplate(template);
  const coverage = Object.fromEntries(names.map((name) => [name, items.ids.filter((_, row) => (items.fields[name]?.[row]?.length ?? 0) > 0).length / items.ids.length]));
  return finish({ data: raw, dimension }, knownRows, items, {
    encoder: encoder.id,
    revision: encoder.revision,
    recipe: encoder.recipe,
    template: { name: template === templateText(template) ? "own" : template, text: templateText(template) },
    normalisation: normalise,
    control,
    ...(control === "random" || control === "shuffled" ? { seed } : {}),
    coverage,
    textHash: hashOf(texts),
  });
}

/**
 * What a fit takes: the rows of the items seen in training.
 * @returns `vectors` for a model's `fit`: [V, D]
 * @example
 * import { trainedVectors, type TextVectors } from "sessionlab";
 * const table = { shape: [3, 1], data: Float32Array.of(1, 2, 3), card: { trained: 2 } } as unknown as TextVectors;
 * assert.deepEqual(trainedVectors(table), { shape: [2, 1], data: Float32Array.of(1, 2) });
 */
export function trainedVectors({ data, shape, card }: TextVectors): { readonly shape: readonly [number, number]; readonly data: Float32Array } {
  return { shape: [card.trained, shape[1]], data: data.subarray(0, card.trained * shape[1]) };
}

/** Fills the rows that are not known, normalises, and completes the card. */
export async function finish(rows: Rows, known: readonly number[], items: Pick<ItemFields, "ids" | "trained">, card: Omit<RecipeCard, "empty" | "rows" | "trained" | "dimension" | "sha256">): Promise<TextVectors> {
  const count = items.ids.length;
  const fit = known.filter((row) => row < items.trained);
  if (fit.length === 0) throw new ConfigError(`Expected training items with a text or a vector, found none of ${items.trained}; look at the template and its fields`);
  if (known.length < count) {
    const mean = Float32Array.from(meanOf(rows, fit));
    const has = new Set(known);
    for (let row = 0; row < count; row++) if (!has.has(row)) rows.data.set(mean, row * rows.dimension);
  }
  const { data, dimension } = await normaliseVectors(rows, fit, card.normalisation);
  const sha256 = createHash("sha256").update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest("hex");
  return { shape: [count, dimension], data, card: { ...card, empty: count - known.length, rows: count, trained: items.trained, dimension, sha256 } };
}

/** The vectors of texts, those that are kept from the cache; equal texts are encoded once, empty ones not at all. */
async function encodeRows(texts: readonly string[], encoder: Encoder, { cache, signal, progress }: TextVectorOptions): Promise<Float32Array> {
  const { dimension } = encoder;
  const store: RowCache = openRowCache(cache ?? defaultCache(), encoder);
  const missing = [...new Set(texts)].filter((text) => text !== "" && store.get(text) === undefined);
  for (let from = 0; from < missing.length; from += kept) {
    throwIfAborted(signal, `encode with ${encoder.id}`);
    const some = missing.slice(from, from + kept);
    const rows = await encoder.encode(some, { signal, progress: progress && ((report) => progress({ ...report, done: from + report.done, total: missing.length })) });
    store.add(some, checkRows(encoder.id, rows, some.length, dimension));
  }
  const rows = new Float32Array(texts.length * dimension);
  texts.forEach((text, n) => text !== "" && rows.set(store.get(text)!, n * dimension));
  return rows;
}

/** Standard normal numbers, by the item's id. */
function randomRows({ ids }: ItemFields, dimension: number, seed: string): Float32Array {
  const rng = new Rng(seed);
  const rows = new Float32Array(ids.length * dimension);
  ids.forEach((id, row) => rows.set(rng.child(id).normals(dimension), row * dimension));
  return rows;
}

/** Each training item gets another one's row, and so do the others among themselves. */
function shuffledIf(wanted: boolean, { ids, trained }: ItemFields, seed: string, rows: Float32Array): Float32Array {
  if (!wanted) return rows;
  const dimension = rows.length / ids.length;
  const result = new Float32Array(rows.length);
  for (const [name, from, to] of [["trained", 0, trained], ["others", trained, ids.length]] as const) {
    const order = new Rng(seed).child(name).permutation(to - from);
    order.forEach((place, n) => result.set(rows.subarray((from + place) * dimension, (from + place + 1) * dimension), (from + n) * dimension));
  }
  return result;
}
