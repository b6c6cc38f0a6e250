/**
 * What an item is in words: a template over its fields. "{title}[ ({year})][. By {author}]": fields stand in braces; a
 * part in square brackets is left out where one of its fields is empty; values of a list stand with commas between.
 */
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import type { EventTable } from "../data/events";
import { featuresOfItem } from "../data/item-features";
import type { Items } from "../data/types";

/** The fields of items, row by row: each a list of values, empty where nothing is known. */
export interface ItemFields {
  /** [V_all] outside ids; those seen in training first. */
  readonly ids: readonly string[];
  /** V: statistics are taken over the first so many rows. */
  readonly trained: number;
  /** [V_all] values each. */
  readonly fields: Readonly<Record<string, readonly (readonly string[])[]>>;
}

/** The named templates. */
export const templates = {
  title: "{title}",
  "title-year": "{title}[ ({year})]",
  described: "{title}[ ({year})][. By {author}][. Directed by {director}][. With {actor}][. Genre: {genre}][. Category: {category}][. Brand: {brand}][. Series: {series}]",
} as const;

/** The name of a template. */
export type TemplateName = keyof typeof templates;

/** Fields that a template may name though the data lack them: they are empty there. */
const usual = ["title", "year", "genre", "author", "director", "actor", "writer", "category", "brand", "studio", "series", "publisher", "country", "language", "company", "binding"];

/** No list brings more values than this into a text. */
const mostValues = 8;

/**
 * The fields of the items of a split (or of all items of the events), in their order.
 * @throws ConfigError if the events do not have an item
 * @example
 * import { eventsFrom, itemFields } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u"], item: ["b", "a"], time: [1, 2], titles: new Map([["a", "Emma"]]) });
 * assert.deepEqual(itemFields(events).fields, { title: [["Emma"], []] });
 */
export function itemFields(events: Pick<EventTable, "itemIds" | "titles" | "years" | "genres" | "features">, items: Items = { ids: events.itemIds, trained: events.itemIds.length }): ItemFields {
  const places = new Map(events.itemIds.map((id, place) => [id, place]));
  const rows = items.ids.map((id) => {
    const place = places.get(id);
    if (place === undefined) throw new ConfigError(`Expected an item of these events, found "${id}"; give the events that the split was made of`);
    return place;
  });
  const texts = (value: string | number | undefined): string[] => (value === undefined || value === "" ? [] : [String(value)]);
  const { titles, years, genres, features } = events;
  const fields: Record<string, string[][]> = {};
  if (titles !== undefined) fields["title"] = rows.map((place) => texts(titles[place]));
  if (years !== undefined) fields["year"] = rows.map((place) => texts(years[place]));
  if (genres !== undefined) fields["genre"] = rows.map((place) => [...genres[place]!]);
  for (const feature of features ?? []) fields[feature.name] = rows.map((place) => featuresOfItem(feature, place));
  return { ids: items.ids, trained: items.trained, fields };
}

/**
 * The texts of items by a template.
 * @param template a name of `templates`, or a template
 * @returns [V_all] texts, "" where nothing that the template names is known
 * @throws ConfigError for a field that is neither in the data nor usual, or a bracket without its other
 * @example
 * import { renderTexts } from "sessionlab";
 * const items = { ids: ["a", "b"], trained: 2, fields: { title: [["Emma"], ["Dune"]], author: [["Jane Austen"], []] } };
 * assert.deepEqual(renderTexts(items, "{title}[ by {author}]"), ["Emma by Jane Austen", "Dune"]);
 */
export function renderTexts({ ids, fields }: ItemFields, template: string): string[] {
  const parts = partsOf(templateText(template));
  for (const name of parts.flatMap(fieldsOf)) {
    if (!(name in fields) && !usual.includes(name)) throw new ConfigError(`Expected a field of the items (${Object.keys(fields).join(", ")}), found "${name}"; did you mean "${nearest(name, [...Object.keys(fields), ...usual])}"?`);
  }
  return ids.map((_, row) => {
    const value = (name: string): string => (fields[name]?.[row] ?? []).slice(0, mostValues).join(", ");
    const known = (part: Part): boolean => fieldsOf(part).every((name) => value(name) !== "");
    if (!parts.some((part) => fieldsOf(part).length > 0 && fieldsOf(part).some((name) => value(name) !== ""))) return "";
    const text = parts.map((part) => (part.optional && !known(part) ? "" : part.text.replace(field, (_match, name: string) => value(name)))).join("");
    return text.replace(/^[\s.,;:]+/, "").trim();
  });
}

/** The template behind a name. @throws ConfigError for a name that is none */
export function templateText(template: string): string {
  if (template.includes("{")) return template;
  const text = (templates as Readonly<Record<string, string>>)[template];
  if (text === undefined) throw new ConfigError(`Expected a template with a {field}, or one of ${Object.keys(templates).join(", ")}, found "${template}"; did you mean "${nearest(template, Object.keys(templates))}"?`);
  return text;
}

/** The fields that a template names, each once. */
export function fieldsOfTemplate(template: string): string[] {
  return [...new Set(partsOf(templateText(template)).flatMap(fieldsOf))];
}

interface Part {
  readonly text: string;
  readonly optional: boolean;
}

const field = /\{([^{}]+)\}/g;

function fieldsOf({ text }: Part): string[] {
  return [...text.matchAll(field)].map((match) => match[1]!);
}

function partsOf(template: string): Part[] {
  const parts = template.split(/(\[[^[\]]*\])/).filter((text) => text !== "").map((text): Part => (text.startsWith("[") ? { text: text.slice(1, -1), optional: true } : { text, optional: false }));
  if (parts.some(({ text }) => /[[\]]/.test(text))) throw new ConfigError(`Expected each [ of a template to have its ], found "${template}"`);
  if (!parts.some((part) => fieldsOf(part).length > 0)) throw new ConfigError(`Expected a template with a {field}, found "${template}"`);
  return parts;
}
