/**
 * MovieLens as GroupLens publishes it: 1M (`ratings.dat`, `movies.dat`, "::" between fields, Latin-1), and latest, 20M,
 * 25M and 32M (`ratings.csv`, `movies.csv` with headers and quoted titles).
 * "Toy Story (1995)" is a title and a year; genres stand between "|".
 */
import { cleanText } from "../item-text";
import { delimitedRecords, type ItemLine, type RawFormat } from "../raw-format";

const header = "userId,movieId,rating,timestamp";

/** The format. */
export const movielens: RawFormat = {
  name: "movielens",
  about: `MovieLens: lines of user::movie::rating::seconds, or a CSV that begins with ${header}`,
  once: true,
  events: (first) => {
    if (first === header) return delimitedRecords(",", ["user", "item", "rating", "time"], "s", header);
    return first.split("::").length === 4 ? delimitedRecords("::", ["user", "item", "rating", "time"], "s") : undefined;
  },
  items: (first) => {
    if (first === "movieId,title,genres") return { header: first, features: [], parse: (line) => itemOf(/^([^,]*),(?:"((?:[^"]|"")*)"|([^",]*)),([^,]*)$/.exec(line)) };
    return first.split("::").length === 3 ? { encoding: "latin-1", features: [], parse: (line) => itemOf(/^([^:]*)::()(.*)::([^:]*)$/.exec(line)) } : undefined;
  },
};

function itemOf(match: RegExpExecArray | null): ItemLine {
  if (match === null) return { fault: "another number of fields than 3" };
  const [, item, quoted, plain, genres] = match as unknown as [string, string, string | undefined, string | undefined, string];
  const name = cleanText((quoted === undefined || quoted === "" ? (plain ?? "") : quoted.replaceAll('""', '"')));
  const dated = /^(.*?) ?\((\d{4})\)$/.exec(name);
  return {
    item,
    title: dated === null ? name : dated[1]!,
    year: dated === null ? undefined : Number(dated[2]),
    genres: genres.split("|").filter((genre) => genre !== "" && genre !== "(no genres listed)"),
    features: {},
  };
}
