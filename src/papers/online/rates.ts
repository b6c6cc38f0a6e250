/**
 * The rates of the online experiment, each a ratio of sums over sessions with its denominator said, and counts of sessions in
 * few characters for result files.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError } from "../../core/errors";
import { drawRates, type RateColumns } from "../../evaluation/bootstrap";
import type { SessionCounts } from "../../response/ctr";

type RateOf = (counts: SessionCounts, slots: number) => RateColumns;

/** By the names that tables have. */
export const onlineRates = {
  /** Slates with a click, over slates. */
  "slate CTR": ({ answered, steps }) => ({ over: answered, under: steps }),
  /** Slates with a click on a less popular item, over slates. */
  "slate CTR, less popular": ({ rareAnswered, steps }) => ({ over: rareAnswered, under: steps }),
  /** Clicks, over items shown. */
  "item CTR": ({ clicks, steps }, slots) => ({ over: clicks, under: steps.map((count) => count * slots) }),
  /** Clicks on less popular items, over how often such items were shown. */
  "item CTR, less popular": ({ rareClicks, rareShown }) => ({ over: rareClicks, under: rareShown }),
  /** Less popular items, over items shown. */
  "less popular shown": ({ rareShown, steps }, slots) => ({ over: rareShown, under: steps.map((count) => count * slots) }),
  "clicks a session": ({ clicks }) => ({ over: clicks, under: clicks.map(() => 1) }),
} as const satisfies Readonly<Record<string, RateOf>>;

/** A rate's name. */
export type OnlineRate = keyof typeof onlineRates;

/** All names, in the order of the tables. */
export const rateNames = Object.keys(onlineRates) as readonly OnlineRate[];

/** The rate of P2's claim: what chooses and what is tested first. */
export const primaryRate: OnlineRate = "slate CTR, less popular";

/** The rate that must not fall for it, by more than a margin. */
export const overallRate: OnlineRate = "slate CTR";

/** The default margin: a difference of one slate in a hundred is of no consequence. */
export const onlineMargin = 0.01;

/** Numerator and denominator of a rate, session by session. */
export function rateColumns(name: OnlineRate, counts: SessionCounts, slots: number): RateColumns {
  return onlineRates[name](counts, slots);
}

/** All rates; one without a denominator is left out. */
export function meanRates(counts: SessionCounts, slots: number): Readonly<Record<string, number>> {
  const all = rateNames.map((name) => [name, drawRates(rateColumns(name, counts, slots), undefined, { resamples: 1 }).estimate] as const);
  return Object.fromEntries(all.filter(([, rate]) => Number.isFinite(rate)));
}

const columns = ["steps", "answered", "rareAnswered", "clicks", "rareClicks", "rareShown"] as const satisfies readonly (keyof SessionCounts)[];

/** Counts below 65,536, two bytes each, column by column, gzip, base64. @throws DataError for larger ones */
export function packCounts(counts: SessionCounts): string {
  const size = counts.steps.length;
  const bytes = Buffer.alloc(2 * columns.length * size);
  columns.forEach((name, column) =>
    counts[name].forEach((count, s) => {
      if (!(Number.isInteger(count) && count >= 0 && count <= 0xffff)) throw new DataError(`Expected counts of a session in 0..65535, found ${count} of ${name}`);
      bytes.writeUInt16LE(count, 2 * (column * size + s));
    }),
  );
  return gzipSync(bytes, { level: 9 }).toString("base64");
}

/** What `packCounts` packed. @throws DataError for other text, or another number of sessions */
export function unpackCounts(packed: string, sessions: number): SessionCounts {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(Buffer.from(packed, "base64"));
  } catch (error) {
    throw new DataError("Expected packed counts, found other text; run the experiment again", {}, { cause: error });
  }
  if (bytes.length !== 2 * columns.length * sessions) throw new DataError(`Expected packed counts of ${sessions} sessions, found ${bytes.length / (2 * columns.length)}; they are of other sessions`);
  const column = (at: number): Float64Array => Float64Array.from({ length: sessions }, (_, s) => bytes.readUInt16LE(2 * (at * sessions + s)));
  return Object.fromEntries(columns.map((name, at) => [name, column(at)])) as unknown as SessionCounts;
}

/** The counts of several worlds, one after the other. */
export function joinCounts(all: readonly SessionCounts[]): SessionCounts {
  return Object.fromEntries(columns.map((name) => [name, Float64Array.from(all.flatMap((counts) => Array.from(counts[name])))])) as unknown as SessionCounts;
}
