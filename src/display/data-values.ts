/**
 * Events, sessions, cases and splits in a notebook: counts and a few rows with item titles. Only what is shown is
 * read, so that thirty million events cost no more than thirty.
 */
import type { EventsDescription, SplitDescription } from "../data/describe";
import type { EventTable } from "../data/events";
import type { FileReport } from "../data/own-files";
import type { SessionTable } from "../data/sessions";
import { sessionCount, type Cases, type Items, type Sessions, type Split, type TrainSessions } from "../data/types";
import type { Renderer } from "./mime";
import { clip, day, ends, formatNumber, panelRenderer, percent, plural, type Grid, type Panel } from "./panel";
import { float64s, int32s, list, number, object, text, uint32s } from "./shapes";

/** Rows of a table that is shown, and items of a session. */
const mostRows = 8;
const mostItems = 5;

/** What is known of items, under the names of any of the tables. */
type Names = Pick<Items, "ids" | "titles"> & { readonly trained?: number };

/** The title of an item, else its outside id, else its number. */
function nameOf(item: number, names: Names | undefined): string {
  const title = names?.titles?.[item];
  const name = title !== undefined && title !== "" ? title : names?.ids[item] ?? `item ${item}`;
  return clip(name, 36) + (names?.trained !== undefined && item >= names.trained ? " (not in training)" : "");
}

/** "Heat (1995) → Casino (1995) → … 4 more", from the first items or to the last. */
function chain(item: Int32Array, from: number, to: number, names: Names | undefined, keep: "first" | "last"): string {
  const length = to - from;
  const few = Math.min(length, mostItems);
  const start = keep === "first" ? from : to - few;
  const shown = Array.from(item.subarray(start, start + few), (one) => nameOf(one, names));
  if (few < length) shown.splice(keep === "first" ? few : 0, 0, `… ${length - few} ${keep === "first" ? "more" : "before"}`);
  return shown.join(" → ");
}

function sessionsGrid(sessions: Sessions, names: Names | undefined, users: readonly string[] | undefined): Grid {
  const { offsets, item, time, user } = sessions;
  const { shown, gap } = ends(sessionCount(sessions), mostRows);
  const rows = shown.map((s) => [
    users === undefined || user === undefined ? s : clip(users[user[s]!] ?? "", 24),
    time === undefined ? undefined : day(time[offsets[s]!]!),
    offsets[s + 1]! - offsets[s]!,
    chain(item, offsets[s]!, offsets[s + 1]!, names, "first"),
  ]);
  const keep = [true, time !== undefined, true, true];
  const only = <T>(row: readonly T[]): T[] => row.filter((_, c) => keep[c]);
  return { headers: only([users === undefined || user === undefined ? "session" : "user", "from", "items", "what came, in order"]), rows: rows.map(only), gap };
}

function casesGrid(cases: Cases): Grid {
  const { sessions, session, end, target, items } = cases;
  const { shown, gap } = ends(target.length, mostRows);
  const rows = shown.map((c) => {
    const from = sessions.offsets[session[c]!]!;
    return [c, end[c]!, chain(sessions.item, from, from + end[c]!, items, "last"), nameOf(target[c]!, items)];
  });
  return { headers: ["case", "length", "the session so far", "what came next"], rows, gap };
}

function eventsPanel(events: EventTable): Panel {
  const { name, users, user, itemIds, item, time, rating, titles, sessionIds } = events;
  const names: Names = { ids: itemIds, titles };
  const { shown, gap } = ends(item.length, mostRows);
  const facts = [plural(item.length, "event"), plural(itemIds.length, "item")];
  if (users !== undefined) facts.push(plural(users.length, "user"));
  if (sessionIds !== undefined) facts.push(plural(sessionIds.length, "session"));
  const columns: [header: string, cell: (n: number) => string | number][] = [["when", (n) => day(time[n]!)], ["item", (n) => itemIds[item[n]!] ?? ""]];
  if (user !== undefined && users !== undefined) columns.unshift(["user", (n) => users[user[n]!] ?? ""]);
  if (titles !== undefined) columns.push(["title", (n) => nameOf(item[n]!, names)]);
  if (rating !== undefined) columns.push(["rating", (n) => rating[n]!]);
  const grid = { headers: columns.map(([header]) => header), rows: shown.map((n) => columns.map(([, cell]) => cell(n))), gap };
  return { title: `Events of ${name}`, facts, grids: [grid] };
}

function sessionTablePanel({ name, sessions, users, itemIds, titles, options, dropped }: SessionTable): Panel {
  const by = { user: "all events of a user", gap: `a user's events, cut at pauses over ${options.gapSeconds} s`, day: "a user's events of a day, UTC", given: "as the data name them" }[options.by];
  const { events, sessions: short, items } = dropped;
  return {
    title: `Sessions of ${name}`,
    facts: [plural(sessionCount(sessions), "session"), plural(sessions.item.length, "event"), by],
    grids: [sessionsGrid(sessions, { ids: itemIds, titles }, users)],
    notes: events === 0 ? [] : [`Left out (repeats, too long, too short or too rare): ${plural(events, "event")}, ${plural(short, "session")}, ${plural(items, "item")}.`],
  };
}

function splitPanel({ name, protocol, items, users, train, valid, test, confirm }: Split): Panel {
  const cuts = Array.isArray(protocol["cutSeconds"]) ? (protocol["cutSeconds"] as number[]) : [];
  const parts: readonly (Cases | undefined)[] = [valid, test, confirm];
  const rows: Grid["rows"] = [
    ["train", cuts[0] === undefined ? undefined : `before ${day(cuts[0])}`, sessionCount(train), train.item.length, undefined, "to learn from"],
    ...parts.flatMap((cases, at) => {
      if (cases === undefined) return [];
      const use = { valid: "to choose by", test: "to look at: each look is counted", confirm: "sealed until an experiment is frozen" }[cases.role];
      return [[cases.role, cuts[at] === undefined ? undefined : `from ${day(cuts[at]!)}`, sessionCount(cases.sessions), undefined, cases.target.length, use]];
    }),
  ];
  const warning = protocol["warning"];
  return {
    title: `Split of ${name}`,
    facts: [
      text(protocol["protocol"]) ? (protocol["protocol"] as string) : "",
      `${plural(items.trained, "item")} in training, ${items.ids.length - items.trained} only later`,
      ...(users === undefined ? [] : [`${plural(users.trained, "user")} in training, ${users.ids.length - users.trained} only later`]),
    ].filter((fact) => fact !== ""),
    grids: [{ headers: ["part", "time", "sessions", "events", "cases", "what for"], rows }],
    notes: text(warning) ? [warning as string] : [],
  };
}

function describePanel(description: EventsDescription): Panel {
  const { events, items, users, sessions, from, to, tieShare, ratings, titled, density, repeatShare, popularity } = description;
  const rows = Object.entries({ items, users, sessions }).flatMap(([name, counts]) => (counts === undefined ? [] : [[name, counts.count, counts.fewest, counts.median, (events / counts.count).toFixed(1), counts.most]]));
  return {
    title: "Events",
    facts: [plural(events, "event"), `${from.slice(0, 10)} to ${to.slice(0, 10)}`, ...(ratings === undefined ? [] : [`ratings ${ratings.lowest} to ${ratings.highest}, mean ${ratings.mean.toFixed(2)}`])],
    grids: [{ headers: ["", "how many", "fewest events", "median", "mean", "most"], rows }],
    notes: [
      `Density ${Number((density * 100).toPrecision(3))} %: events by cells of ${users === undefined ? "sessions" : "users"} and items.`,
      `${percent(repeatShare)} of the events repeat an item; ${percent(popularity.topTenthShare)} are of the most frequent tenth of the items (Gini coefficient ${popularity.gini.toFixed(3)}).`,
      `${percent(tieShare)} of the events have the time of the one before: their order is the file's.`,
      ...(titled === undefined ? [] : [`${percent(titled)} of the items have a title.`]),
    ],
  };
}

function splitDescriptionPanel({ items, users, train, valid, test, confirm }: SplitDescription): Panel {
  const parts = Object.entries({ valid, test, confirm }).flatMap(([name, part]) =>
    part === undefined ? [] : [[name, part.sessions, part.cases, part.medianPrefix, percent(part.repeatShare), percent(part.coldTargetShare)]],
  );
  return {
    title: "Split",
    facts: [`${plural(items.trained, "item")} in training, ${items.cold} only later`, ...(users === undefined ? [] : [`${plural(users.trained, "user")} in training, ${users.new} only later`])],
    grids: [{ headers: ["part", "sessions", "events or cases", "median length", "repeats", "target not in training"], rows: [["train", train.sessions, train.events, train.medianLength, percent(train.repeatShare), "-"], ...parts] }],
  };
}

function filePanel({ rows, kept, dropped, columns, time }: FileReport): Panel {
  return {
    title: "How the file was read",
    facts: [plural(rows, "row"), `${formatNumber(kept)} kept`, `times ${time.unit === "date" ? "as dates" : `in ${time.unit}`}${time.guessed ? " (guessed)" : ""}`, `columns: ${Object.entries(columns).map(([field, column]) => `${field} from "${column}"`).join(", ")}`],
    grids: dropped.length === 0 ? [] : [{ caption: "Rows left out", headers: ["why", "rows", "first line"], rows: dropped.map(({ reason, count, firstLine }) => [reason, count, firstLine]) }],
  };
}

/** The values of src/data, the more particular shapes first. */
export const dataRenderers: readonly Renderer[] = [
  panelRenderer({ train: object, valid: object, test: object, items: object, protocol: object, name: text }, splitPanel),
  panelRenderer({ role: text, sessions: object, session: int32s, end: int32s, target: int32s, items: object }, (cases: Cases) => ({
    title: `Cases: ${cases.role}`,
    facts: [plural(cases.target.length, "case"), plural(sessionCount(cases.sessions), "session")],
    grids: [casesGrid(cases)],
  })),
  panelRenderer({ sessions: object, itemIds: list, options: object, dropped: object, name: text }, sessionTablePanel),
  panelRenderer({ itemIds: list, item: int32s, time: float64s, name: text, hash: text }, eventsPanel),
  panelRenderer({ role: (role) => role === "train", offsets: uint32s, item: int32s, items: object }, (train: TrainSessions) => ({
    title: "Sessions to learn from",
    facts: [plural(sessionCount(train), "session"), plural(train.item.length, "event"), plural(train.items.trained, "item")],
    grids: [sessionsGrid(train, train.items, undefined)],
  })),
  panelRenderer({ offsets: uint32s, item: int32s }, (sessions: Sessions) => ({
    title: "Sessions",
    facts: [plural(sessionCount(sessions), "session"), plural(sessions.item.length, "event")],
    grids: [sessionsGrid(sessions, undefined, undefined)],
  })),
  panelRenderer({ ids: list, trained: number }, (items: Items) => {
    const { shown, gap } = ends(items.ids.length, mostRows);
    const titled = items.titles !== undefined;
    return {
      title: "titles" in items ? "Items" : "Ids",
      facts: [`${items.trained} in training`, `${items.ids.length - items.trained} only later`],
      grids: [{ headers: ["number", "id", ...(titled ? ["title"] : [])], rows: shown.map((item) => [item, items.ids[item]!, ...(titled ? [nameOf(item, items)] : [])]), gap }],
    };
  }),
  panelRenderer({ events: number, items: object, from: text, to: text, tieShare: number }, describePanel),
  panelRenderer({ items: object, train: object, valid: object, test: object }, splitDescriptionPanel),
  panelRenderer({ rows: number, kept: number, dropped: list, columns: object, time: object }, filePanel),
];
