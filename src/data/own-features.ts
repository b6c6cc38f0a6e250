/**
 * Features of the user's own items (genre, author, brand), from the table of items that has their titles: CSV or TSV, gzip or
 * plain, one row an item, a column a feature, several values of a cell with "|" between them.
 */
import { DataError } from "../core/errors";
import { readDelimited, rowFaults } from "./delimited";
import { planTitles, type TitleColumns } from "./event-columns";
import type { EventTable } from "./events";
import { featureOf, type ItemFeature } from "./item-features";
import { cleanText } from "./item-text";
import { withTitles } from "./own-titles";

/** Options of `withItems`. */
export interface ItemTableOptions {
  /** Names of the columns of ids and titles; those left out are guessed. */
  readonly columns?: TitleColumns;
  /** Names of the columns that are features; default all others. */
  readonly features?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * The events with titles and features of their items. Items that the table does not have keep none; `coverage` counts them. Of
 * two rows of one item the first counts. What the events are does not change, so neither does their hash.
 * @throws as `withTitles`; DataError for a column of features that is not there
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { eventsFrom, featuresOfItem, withItems } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/own-")}/items.csv`;
 * writeFileSync(file, "item,title,genre\na,Emma,Novel|Romance\nb,Dune,\n");
 * const events = await withItems(eventsFrom({ name: "demo", user: ["u", "u"], item: ["a", "b"], time: [1, 2] }), file);
 * assert.deepEqual(featuresOfItem(events.features[0]!, 0), ["Novel", "Romance"]);
 * assert.deepEqual(events.titles, ["Emma", "Dune"]);
 */
export async function withItems<T extends EventTable>(events: T, file: string, { columns = {}, features, signal }: ItemTableOptions = {}): Promise<T & { readonly titles: readonly string[]; readonly features: readonly ItemFeature[] }> {
  const titled = await withTitles(events, file, { columns, signal });
  const rows = new Map(events.itemIds.map((id, row) => [id, row]));
  const seen = new Set<number>();
  let item = -1;
  let taken: { readonly name: string; readonly at: number; readonly lists: string[][] }[] = [];
  await readDelimited(
    file,
    (row) => {
      if ("fault" in row) {
        if (row.fault !== rowFaults.empty) throw new DataError(`Expected a row of the table of items, found ${row.fault}; mend it`, { file, line: row.line });
      } else if (item < 0) {
        const plan = planTitles(row.fields, columns, file);
        item = plan.item;
        const names = features ?? row.fields.filter((_, at) => at !== plan.item && at !== plan.title);
        taken = names.map((name) => {
          const at = row.fields.indexOf(name);
          if (at < 0) throw new DataError(`Expected a column "${name}" of features, found ${row.fields.join(", ")}; name columns that are there`, { file, line: 1, field: name });
          return { name, at, lists: events.itemIds.map(() => []) };
        });
      } else {
        const known = rows.get(row.fields[item]!);
        if (known === undefined || seen.has(known)) return;
        seen.add(known);
        for (const { at, lists } of taken) lists[known] = row.fields[at]!.split("|").map(cleanText).filter((value) => value !== "");
      }
    },
    signal,
  );
  return { ...titled, features: [...(events.features ?? []), ...taken.map(({ name, lists }) => featureOf(name, lists))] };
}
