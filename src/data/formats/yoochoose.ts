/** YooChoose (RecSys Challenge 2015): `yoochoose-clicks.dat`, headerless session,time,item,category; times are ISO 8601, UTC. */
import { delimitedRecords, type RawFormat } from "../raw-format";

/** The format. */
export const yoochoose: RawFormat = {
  name: "yoochoose",
  about: "yoochoose-clicks.dat: lines of session,ISO time,item,category",
  once: false,
  events: (first) => (/^[^,]+,\d{4}-\d\d-\d\dT[^,]+,[^,]+,[^,]*$/.test(first) ? delimitedRecords(",", ["session", "time", "item", "category"], "date") : undefined),
};
