/**
 * Diginetica (CIKM Cup 2016): `train-item-views.csv`, sessionId;userId;itemId;timeframe;eventdate. A day and the
 * milliseconds since the session began make the time: inside a session events stand in order of timeframe. Users are
 * not read: nearly all are NA.
 */
import { delimitedRecords, type RawFormat } from "../raw-format";

/** The format. */
export const diginetica: RawFormat = {
  name: "diginetica",
  about: "Diginetica's train-item-views.csv, which begins with sessionId;userId;itemId;timeframe;eventdate",
  once: false,
  events: (first) =>
    /^"?session_?id"?;"?user_?id"?;"?item_?id"?;"?timeframe"?;"?eventdate"?$/i.test(first)
      ? { ...delimitedRecords(";", ["session", "ignored", "item", "frame", "time"], "date", first), plus: "coalesce(try_cast(r[4] as double) / 1000, 0)" }
      : undefined,
};
