/** The raw formats by name. */
import { amazon2014 } from "./amazon-2014";
import { amazon2018 } from "./amazon-2018";
import { amazon2023 } from "./amazon-2023";
import { diginetica } from "./diginetica";
import { lastfm } from "./lastfm";
import { movielens } from "./movielens";
import { recbole } from "./recbole";
import { retailrocket } from "./retailrocket";
import { yoochoose } from "./yoochoose";

/** The raw formats that `eventsFromRaw` reads, by name. */
export const rawFormats = {
  "amazon-2014": amazon2014,
  "amazon-2018": amazon2018,
  "amazon-2023": amazon2023,
  diginetica,
  yoochoose,
  retailrocket,
  movielens,
  lastfm,
  recbole,
} as const;

/** The names of the raw formats. */
export type RawFormatName = keyof typeof rawFormats;
