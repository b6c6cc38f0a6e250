/** Titles for the user's own events, from a table of items: CSV or TSV, gzip or plain, one row an item. */
import { DataError } from "../core/errors";
import { readDelimited, rowFaults } from "./delimited";
import { planTitles, type TitleColumns } from "./event-columns";
import type { EventTable } from "./events";
import { cleanText } from "./item-text";

/** Options of `withTitles`. */
export interface TitleOptions {
  /** Names of the columns of ids and titles; those left out are guessed. */
  readonly columns?: TitleColumns;
  readonly signal?: AbortSignal;
}

/**
 * The events with titles of their items, cleaned (`cleanText`). Items that the table does not have keep the empty title;
 * `coverage` counts them. Of two rows of one item the first with a title is taken. What the events are does not change,
 * so neither does their hash.
 * @throws ConfigError for wrong options; DataError naming file and line for a file that is not there, is no table, has
 *   no such columns, a row that is broken, or the ids of none of the items; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { eventsFrom, withTitles } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/own-")}/items.csv`;
 * writeFileSync(file, "productId,name\na,Emma\nb,Dune &amp; Emma\n");
 * const events = await withTitles(eventsFrom({ name: "demo", user: ["u", "u", "u"], item: ["a", "b", "c"], time: [1, 2, 3] }), file);
 * assert.deepEqual(events.titles, ["Emma", "Dune & Emma", ""]);
 */
export async function withTitles<T extends EventTable>(events: T, file: string, { columns = {}, signal }: TitleOptions = {}): Promise<T & { readonly titles: readonly string[] }> {
  const titles = new Map(events.itemIds.map((id) => [id, ""]));
  let plan: ReturnType<typeof planTitles> | undefined;
  let found = 0;
  await readDelimited(
    file,
    (row) => {
      if ("fault" in row) {
        if (row.fault !== rowFaults.empty) throw new DataError(`Expected a row of the table of items, found ${row.fault}; mend it`, { file, line: row.line });
      } else if (plan === undefined) plan = planTitles(row.fields, columns, file);
      else {
        const id = row.fields[plan.item]!;
        const known = titles.get(id);
        if (known === undefined) return;
        found++;
        if (known === "") titles.set(id, cleanText(row.fields[plan.title]!));
      }
    },
    signal,
  );
  if (found === 0) throw new DataError(`Expected titles of the items of ${events.name}, such as "${events.itemIds[0]}", found none of their ids; is it the right table and column?`, { file, field: "item" });
  return { ...events, titles: events.itemIds.map((id) => titles.get(id)!) };
}
