/**
 * RetailRocket: `events.csv`, timestamp (milliseconds), visitorid, event, itemid, transactionid. Views are read; the
 * other events (addtocart, transaction) are left out on purpose, and counted.
 */
import { delimitedRecords, type RawFormat } from "../raw-format";

const header = "timestamp,visitorid,event,itemid,transactionid";

/** The format. */
export const retailrocket: RawFormat = {
  name: "retailrocket",
  about: `RetailRocket's events.csv, which begins with ${header}`,
  once: false,
  events: (first) =>
    first === header
      ? { ...delimitedRecords(",", ["time", "user", "event", "item", "transaction"], "ms", header), except: { sql: "r[3] in ('addtocart', 'transaction')", reason: "another event than a view" } }
      : undefined,
};
