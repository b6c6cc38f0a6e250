/**
 * LastFM 1K (Celma): `userid-timestamp-artid-artname-traid-traname.tsv`, every track that 992 users heard, with ISO
 * times. It is taken and not HetRec 2011, whose counts of plays have no time and hence no order. An item is a track:
 * its MusicBrainz id, or "artist / track" where it has none. The same file, read as items, gives names and artists.
 */
import { cleanText, cleanTexts } from "../item-text";
import { delimitedRecords, type RawFormat } from "../raw-format";

const looksRight = (first: string): boolean => /^[^\t]+\t\d{4}-\d\d-\d\dT[^\t]+(\t[^\t]*){4}$/.test(first);

/** The format. */
export const lastfm: RawFormat = {
  name: "lastfm",
  about: "LastFM 1K: lines of user, ISO time, artist's id, artist, track's id, track, with tabs between",
  once: false,
  events: (first) => {
    if (!looksRight(first)) return undefined;
    const lines = delimitedRecords("\t", ["user", "time", "artist id", "artist", "item", "track"], "date");
    return { ...lines, fields: { ...lines.fields, item: { text: "case when r[5] <> '' then r[5] when r[6] <> '' then r[4] || ' / ' || r[6] end" } } };
  },
  items: (first) =>
    looksRight(first)
      ? {
          repeats: true,
          features: ["artist"],
          parse: (line) => {
            const fields = line.split("\t");
            if (fields.length !== 6) return { fault: "another number of fields than 6" };
            const [, , , artist, id, track] = fields as [string, string, string, string, string, string];
            const item = id !== "" ? id : track !== "" ? `${artist} / ${track}` : "";
            return { item, title: cleanText(track), genres: [], features: { artist: cleanTexts(artist) } };
          },
        }
      : undefined,
};
