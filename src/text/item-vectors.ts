/**
 * Items to vectors, with a recipe card: template -> texts -> encoder (through the cache of rows) -> normalisation; or the
 * rows that precomputed vectors have under the items' ids -> normalisation.
 * Nothing of a training item's vector depends on what lies outside training: statistics, the shuffling of the control and
 * the filling of empty rows are over training items; random vectors are drawn by an item's id.
 */
import { createHash } from "node:crypto";
import { ConfigError, DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import type { Progress } from "../core/progress";
import { Rng } from "../core/rng";
import { defaultCache } from "../core/step";
import { distinctTexts, encodeRows, rowsOf } from "./encode-rows";
import type { Encoder } from "./encoder";
import type { PrecomputedVectors } from "./precomputed";
import { checkNormalisation, meanOf, normaliseVectors, type Normalisation, type Rows } from "./normalise";
import { openRowCache } from "./row-cache";
import { fieldsOfTemplate, renderTexts, templateText, type ItemFields } from "./template";

/** What stands in for the texts, to see whether a gain comes from them: nothing, random vectors, other items' vectors, or the title alone. */
export type TextControl = "none" | "random" | "shuffled" | "title-only";

/**
 * What an item without text (or vector) has: the mean of the training items that have one, zeros after the normalisation,
 * or it is an error.
 */
export type MissingPolicy = "mean" | "zero" | "error";

/** How a table of vectors was made: it goes with it into files, passports and tables. */
export interface RecipeCard {
  readonly encoder: string;
  readonly revision: string;
  readonly recipe: Encoder["recipe"];
  /** The template's name, and its text; "none" and "" where vectors were looked up by id. */
  readonly template: { readonly name: string; readonly text: string };
  readonly normalisation: Normalisation;
  readonly control: TextControl;
  /** Of the controls that draw. */
  readonly seed?: string;
  /** Share of the items that have each field of the template, or a vector. */
  readonly coverage: Readonly<Record<string, number>>;
  /** Items without any text (or vector). */
  readonly empty: number;
  /** What those have. */
  readonly missing: MissingPolicy;
  readonly rows: number;
  /** The first so many rows are items seen in training. */
  readonly trained: number;
  readonly dimension: number;
  /** Of the texts in their order, or of the ids that vectors were looked up by. */
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
  missing: "mean" as MissingPolicy,
  /** Of the controls "random" and "shuffled". */
  seed: "text control" as string,
  /** The folder of the cache; default `defaultCache()`. */
  cache: undefined as string | undefined,
  signal: undefined as AbortSignal | undefined,
  progress: undefined as Progress | undefined,
};

/** Options of `itemVectors`. */
export type TextVectorOptions = typeof defaults;

/**
 * The vectors of items.
 * @param items of `itemFields`
 * @param source an encoder, or what `openPrecomputed` opened
 * @returns one row an item, in the order of `items`; `trainedVectors` gives what a model's fit takes
 * @throws ConfigError for wrong options; DataError naming the first items without a vector where these are an error;
 *   AbortError, with the rows that were encoded kept; what the encoder throws
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { itemVectors, type Encoder } from "sessionlab";
 * const lengths: Encoder = { id: "lengths", revision: "1", dimension: 1, recipe: {}, encode: async (texts) => Float32Array.from(texts, (text) => text.length), dispose: () => undefined };
 * const items = { ids: ["a", "b"], trained: 2, fields: { title: [["Emma"], ["Jane Eyre"]] } };
 * const { data, card } = await itemVectors(items, lengths, { template: "title", normalise: "none", cache: mkdtempSync("/tmp/text-") });
 * assert.deepEqual([Array.from(data), card.coverage], [[4, 9], { title: 1 }]);
 */
export async function itemVectors(items: ItemFields, source: Encoder | PrecomputedVectors, given: Partial<TextVectorOptions> = {}): Promise<TextVectors> {
  const options = resolveOptions("itemVectors", defaults, given, {
    control: rules.oneOf("none", "random", "shuffled", "title-only"),
    missing: rules.oneOf("mean", "zero", "error"),
  });
  const { ids, trained } = items;
  const { control, missing, normalise, seed } = options;
  const { id, revision, dimension, recipe } = source;
  if (trained > ids.length) throw new ConfigError(`Expected at most ${ids.length} training items, as many as items, found ${trained}`);
  checkNormalisation(normalise, dimension);
  const raw = "encode" in source ? await encoded(items, source, options) : lookedUp(items, source, options);
  const known = control === "random" ? Array.from(ids.keys()) : raw.known;
  if (missing === "error" && known.length < ids.length) {
    const has = new Set(known);
    const without = ids.filter((_, row) => !has.has(row));
    throw new DataError(`Expected ${"encode" in source ? "a text" : `a vector of ${id}`} for each of ${ids.length} items, found ${without.length} without, such as "${without[0]}"; choose missing: "mean" or "zero"`);
  }
  const rows = control === "random" ? randomRows(items, dimension, seed) : raw.data;
  const { data, dimension: width } = await normalised({ data: rows, dimension }, known, items, normalise, missing);
  const final = control === "shuffled" ? shuffled(items, width, seed, data) : data;
  const card: RecipeCard = {
    encoder: id,
    revision,
    recipe,
    template: raw.template,
    normalisation: normalise,
    control,
    ...(control === "random" || control === "shuffled" ? { seed } : {}),
    coverage: raw.coverage,
    empty: ids.length - known.length,
    missing,
    rows: ids.length,
    trained,
    dimension: width,
    textHash: raw.textHash,
    sha256: createHash("sha256").update(new Uint8Array(final.buffer, final.byteOffset, final.byteLength)).digest("hex"),
  };
  return { shape: [ids.length, width], data: final, card };
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

/** Rows as their source has them, and what the card says of them. */
interface RawRows extends Pick<RecipeCard, "template" | "coverage" | "textHash"> {
  readonly data: Float32Array;
  /** Rows with a text or a vector, ascending. */
  readonly known: readonly number[];
}

async function encoded(items: ItemFields, encoder: Encoder, options: TextVectorOptions): Promise<RawRows> {
  const template = options.control === "title-only" ? "title" : options.template;
  const texts = renderTexts(items, template);
  const share = (name: string): number => items.ids.filter((_, row) => (items.fields[name]?.[row]?.length ?? 0) > 0).length / items.ids.length;
  return {
    data: options.control === "random" ? new Float32Array(0) : await vectorsOf(texts, encoder, options),
    known: Array.from(texts.keys()).filter((row) => texts[row] !== ""),
    template: { name: template === templateText(template) ? "own" : template, text: templateText(template) },
    coverage: Object.fromEntries(fieldsOfTemplate(template).map((name) => [name, share(name)])),
    textHash: hashOf(texts),
  };
}

function lookedUp({ ids }: ItemFields, source: PrecomputedVectors, { control }: TextVectorOptions): RawRows {
  if (control === "title-only") throw new ConfigError("Expected an encoder for the control title-only, found precomputed vectors, which have no texts; choose random or shuffled");
  const data = new Float32Array(ids.length * source.dimension);
  const known: number[] = [];
  ids.forEach((id, row) => {
    const values = source.vectorOf(id);
    if (values === undefined) return;
    data.set(values, row * source.dimension);
    known.push(row);
  });
  return { data, known, template: { name: "none", text: "" }, coverage: { vector: known.length / ids.length }, textHash: hashOf(ids) };
}

/** Normalised rows, those that are not known filled. */
async function normalised(rows: Rows, known: readonly number[], { ids, trained }: ItemFields, normalise: Normalisation, missing: MissingPolicy): Promise<Rows> {
  const fit = known.filter((row) => row < trained);
  if (fit.length === 0) throw new ConfigError(`Expected training items with a text or a vector, found none of ${trained}; look at the template and its fields, or at the ids`);
  const has = new Set(known);
  const others = Array.from(ids.keys()).filter((row) => !has.has(row));
  const mean = Float32Array.from(others.length === 0 ? [] : meanOf(rows, fit));
  for (const row of others) rows.data.set(mean, row * rows.dimension);
  const { data, dimension } = await normaliseVectors(rows, fit, normalise);
  if (missing === "zero") for (const row of others) data.fill(0, row * dimension, (row + 1) * dimension);
  return { data, dimension };
}

/** The vectors of texts, those that are kept from the cache; equal texts are encoded once, empty ones not at all. */
async function vectorsOf(texts: readonly string[], encoder: Encoder, { cache = defaultCache(), signal, progress }: TextVectorOptions): Promise<Float32Array> {
  const rows = openRowCache(cache, encoder);
  await encodeRows(distinctTexts(texts), encoder, rows, { cache, signal, progress });
  return rowsOf(texts, rows, encoder.dimension);
}

/** Standard normal numbers, by the item's id. */
function randomRows({ ids }: ItemFields, dimension: number, seed: string): Float32Array {
  const rng = new Rng(seed);
  const rows = new Float32Array(ids.length * dimension);
  ids.forEach((id, row) => rows.set(rng.child(id).normals(dimension), row * dimension));
  return rows;
}

/** Each training item gets another one's row, and so do the others among themselves. */
function shuffled({ ids, trained }: ItemFields, dimension: number, seed: string, rows: Float32Array): Float32Array {
  const result = new Float32Array(rows.length);
  for (const [name, from, to] of [["trained", 0, trained], ["others", trained, ids.length]] as const) {
    const order = new Rng(seed).child(name).permutation(to - from);
    order.forEach((place, n) => result.set(rows.subarray((from + place) * dimension, (from + place + 1) * dimension), (from + n) * dimension));
  }
  return result;
}
