/**
 * Features of items as typed tables: for each kind (author, category, director) a dictionary of values and, for each
 * item, its values in their order, in compressed rows. And what share of items and events they cover.
 */
import { compareIds } from "./ids";

/** One kind of feature over V items. */
export interface ItemFeature {
  /** "author", "brand", "category", "director", ... */
  readonly name: string;
  /** [F] the values, in canonical order. */
  readonly values: readonly string[];
  /** [V + 1] where items begin: the values of item v are value[offsets[v] .. offsets[v + 1]). */
  readonly offsets: Uint32Array;
  /** [M] positions in `values`, in the order given. */
  readonly value: Int32Array;
}

/** Features whose values are outside ids of other items: what a shop shows beside an item. */
export const relatedFeatures: readonly string[] = ["also_bought", "also_viewed", "bought_together", "buy_after_viewing"];

/**
 * Makes a feature of lists of values, one list an item; a value that an item names twice counts once.
 * @example
 * import { featureOf } from "sessionlab";
 * const author = featureOf("author", [["Pratchett", "Gaiman"], [], ["Gaiman"]]);
 * assert.deepEqual(author.values, ["Gaiman", "Pratchett"]);
 * assert.deepEqual([Array.from(author.offsets), Array.from(author.value)], [[0, 2, 2, 3], [1, 0, 0]]);
 */
export function featureOf(name: string, lists: readonly (readonly string[])[]): ItemFeature {
  const values = [...new Set(lists.flat())].sort(compareIds);
  const codes = new Map(values.map((value, code) => [value, code]));
  const offsets = new Uint32Array(lists.length + 1);
  const value: number[] = [];
  for (const [v, list] of lists.entries()) {
    for (const one of new Set(list)) value.push(codes.get(one)!);
    offsets[v + 1] = value.length;
  }
  return { name, values, offsets, value: Int32Array.from(value) };
}

/**
 * The values of one item.
 * @example
 * import { featureOf, featuresOfItem } from "sessionlab";
 * assert.deepEqual(featuresOfItem(featureOf("author", [["Pratchett", "Gaiman"], []]), 0), ["Pratchett", "Gaiman"]);
 */
export function featuresOfItem({ values, offsets, value }: ItemFeature, item: number): string[] {
  return Array.from(value.subarray(offsets[item], offsets[item + 1]), (code) => values[code]!);
}

/** What one field is known of. */
export interface FieldCoverage {
  /** "title", "year", "genre" or the name of a feature. */
  readonly field: string;
  /** How many items have it. */
  readonly items: number;
  /** Share of the items that have it. */
  readonly itemShare: number;
  /** Share of the events whose item has it. */
  readonly eventShare: number;
  /** How many different values there are. */
  readonly values: number;
}

/** What coverage looks at: an `EventTable`, or a part of one. */
export interface CoveredItems {
  readonly itemIds: readonly string[];
  /** [N] inside item ids of events. */
  readonly item: Int32Array;
  readonly titles?: readonly string[];
  readonly years?: readonly (number | undefined)[];
  readonly genres?: readonly (readonly string[])[];
  readonly features?: readonly ItemFeature[];
}

/**
 * What is known of the items, field by field: of how many items, and of which share of the events.
 * @example
 * import { coverage, eventsFrom } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "v"], item: ["a", "b", "b"], time: [1, 2, 3], titles: new Map([["b", "Emma"]]) });
 * assert.deepEqual(coverage(events), [{ field: "title", items: 1, itemShare: 1 / 2, eventShare: 2 / 3, values: 1 }]);
 */
export function coverage({ itemIds, item, titles, years, genres, features }: CoveredItems): FieldCoverage[] {
  const events = new Uint32Array(itemIds.length);
  for (const one of item) events[one]!++;
  const row = (field: string, known: (v: number) => boolean, values: number): FieldCoverage => {
    let [items, covered] = [0, 0];
    for (const v of events.keys()) {
      if (!known(v)) continue;
      items++;
      covered += events[v]!;
    }
    return { field, items, itemShare: items / itemIds.length, eventShare: covered / item.length, values };
  };
  const distinct = (values: Iterable<unknown>): number => new Set(values).size;
  return [
    ...(titles === undefined ? [] : [row("title", (v) => titles[v] !== "", distinct(titles.filter((title) => title !== "")))]),
    ...(years === undefined ? [] : [row("year", (v) => years[v] !== undefined, distinct(years.filter((year) => year !== undefined)))]),
    ...(genres === undefined ? [] : [row("genre", (v) => genres[v]!.length > 0, distinct(genres.flat()))]),
    ...(features ?? []).map(({ name, offsets, values }) => row(name, (v) => offsets[v + 1]! > offsets[v]!, values.length)),
  ];
}
