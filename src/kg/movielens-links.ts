/**
 * Freebase's films for MovieLens-100K. RecBole's `ml-100k.link` gives entities the numbers that the films have in
 * MovieLens-1M: of its 1,598 links 1,361 have a title there, of which 2 are the titles that MovieLens-100K has under that
 * number, while 1,310 are among its titles (with the year) under another. So a link leads from its number to 1M's
 * title, and from there to 100K's item of that title and year. Titles of MovieLens-1M: those of the LODrecsys mapping
 * beside the shared data, else MovieLens-1M itself if it is here.
 */
import { catalog, type CatalogEntry } from "../data/catalog";
import { isLocal, loadEntry, type LoadOptions } from "../data/datasets";
import type { EventTable } from "../data/events";
import { hasLinkedFiles, obtainLinkedFiles, readMap } from "./dbpedia-sets";
import { foldCase } from "./item-edges";
import { linkRows, linksFrom, type EntityLinks } from "./links";
import { readRecboleLinks } from "./recbole-kg";

/** Titles with their years, "toy story (1995)", by MovieLens-1M's numbers; undefined where there are none. */
export async function movielensTitles(options: LoadOptions): Promise<ReadonlyMap<string, string> | undefined> {
  const { root } = options;
  if (hasLinkedFiles(["film map"], { root })) {
    const { "film map": file } = await obtainLinkedFiles(["film map"], { root });
    return new Map((await readMap(file)).map(({ id, title }) => [id, foldCase(title)]));
  }
  const entry: CatalogEntry = catalog["ml-1m"];
  if (!isLocal(entry, options.root)) return undefined;
  const events = await loadEntry(entry, { ...options, from: undefined });
  return namesOf(events);
}

/**
 * The links of RecBole's `ml-100k.link`, put right.
 * @param names of `movielensTitles`
 */
export async function movielensLinks(file: string, names: ReadonlyMap<string, string>, events: EventTable, signal?: AbortSignal): Promise<EntityLinks> {
  const items = new Map<string, number[]>();
  for (const [id, name] of namesOf(events)) items.set(name, [...(items.get(name) ?? []), events.itemIds.indexOf(id)]);
  const numbers = [...names.keys()];
  const published = await readRecboleLinks(file, numbers, { signal });
  const links = linkRows(published).flatMap(({ item, uri }) => {
    const meant = items.get(names.get(numbers[item]!)!) ?? [];
    return meant.map((one) => ({ item: one, uri, confidence: 1, rule: "title and year of MovieLens-1M's film of that number", candidates: meant.length }));
  });
  return linksFrom(links, "links to freebase");
}

/** "toy story (1995)" by item id. */
function namesOf({ itemIds, titles = [], years = [] }: EventTable): Map<string, string> {
  return new Map(itemIds.map((id, v) => [id, foldCase(`${titles[v] ?? ""} (${years[v] ?? ""})`)]));
}
