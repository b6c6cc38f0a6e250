/**
 * sessionlab data list|get|prepare|describe: what the catalogue has and what is here, fetching, preparing with what was
 * left out and what is known of the items, and the counts of a data set or of a file of one's own.
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import { sessionCount } from "../data/types";
import { catalog, type CatalogEntry, type DatasetName } from "../data/catalog";
import { faultsOf, isFetched, loadBenchmark, loadEntry, obtain, preparedFolder } from "../data/datasets";
import { describeEvents, type EventCounts, type EventsDescription } from "../data/describe";
import { timeUnits, type TimeUnit } from "../data/event-rows";
import { coverage } from "../data/item-features";
import { eventsFromFile, type FileReport } from "../data/own-files";
import { obtainFiles } from "../data/set-files";
import { addGenerate } from "./generate";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, oneOf, parsePairs, parseShare } from "./values";

interface PrepareOptions {
  readonly from?: string;
  readonly maxDropped?: number;
}

interface DescribeOptions {
  readonly columns?: readonly string[];
  readonly timeUnit?: string;
  readonly strict?: boolean;
  readonly maxDropped?: number;
}

/** Adds the verbs to the command line. */
export function addData(program: Command, runner: Runner): void {
  const data = program.command("data").description("data sets: what there is, fetching, preparing, counts");
  const list = data
    .command("list")
    .description("the data sets of the catalogue, and which are here")
    .addHelpText("after", "\nExamples:\n  $ sessionlab data list\n  $ sessionlab data list --json");
  runner.action(list, listData);
  const get = data
    .command("get <name>")
    .description("fetch the archive of a data set, unless it is here")
    .addHelpText("after", "\nExamples:\n  $ sessionlab data get ml-100k");
  runner.action(get, (_: object, terminal) => getData(get.args[0]!, terminal));
  const prepare = data
    .command("prepare <name>")
    .description("fetch a data set if need be and prepare it: then it needs no network")
    .option("--from <dir>", "the folder of files that you fetched by hand")
    .option("--max-dropped <share>", "the largest share of malformed records; above it they are an error; default 0.01", parseShare)
    .addHelpText("after", "\nExamples:\n  $ sessionlab data prepare ml-100k\n  $ sessionlab data prepare retailrocket --from ~/Downloads/retailrocket\n  $ sessionlab data prepare amazon-books-2014 --max-dropped 0.001");
  runner.action(prepare, (options: PrepareOptions, terminal) => prepareData(prepare.args[0]!, options, terminal));
  const describe = data
    .command("describe <name-or-file>")
    .description("counts of a data set, or of your own CSV, TSV or Parquet file with a report of dropped rows")
    .option("--columns <field=name...>", "columns of your file: user, item, time, rating, session; guessed by usual names; rating=null leaves it unread")
    .option("--time-unit <unit>", `unit of your file's times: ${Object.keys(timeUnits).join(", ")}; default: told by their range`)
    .option("--max-dropped <share>", "the largest share of rows of your file that are no events; above it they are an error; default: any", parseShare)
    .option("--strict", "a row of your file that is no event is an error with its line")
    .addHelpText("after", "\nExamples:\n  $ sessionlab data describe ml-100k\n  $ sessionlab data describe clicks.csv.gz\n  $ sessionlab data describe log.parquet --columns user=visitor item=sku --time-unit ms --json");
  addGenerate(data, runner);
  runner.action(describe, (options: DescribeOptions, terminal) => describeData(describe.args[0]!, options, terminal));
}

async function listData(): Promise<Outcome> {
  const entries = Object.values<CatalogEntry>(catalog).map((entry) => {
    const state = existsSync(preparedFolder(entry)) ? "prepared" : isFetched(entry) ? "fetched" : "not here";
    const { name, title, counts, licence, homepage } = entry;
    return { name, title, state, ...counts, licence, homepage };
  });
  const shown = (count: number | undefined): string => (count === undefined ? "" : String(count));
  const rows = entries.map(({ name, title, state, users, sessions, items, events }) => [name, title, state, shown(users), shown(sessions), shown(items), shown(events)]);
  const licences = entries.map(({ name, licence, homepage }) => `${name}: ${licence} (${homepage})`);
  return { text: [...alignColumns([["name", "title", "state", "users", "sessions", "items", "events"], ...rows]), "", ...licences].join("\n"), json: { datasets: entries } };
}

async function getData(name: string, { signal, progress }: Terminal): Promise<Outcome> {
  const entry = entryOf(name);
  const [first] = entry.sources;
  const files = first?.kind === "files" ? Object.values(await obtainFiles(entry, first, { signal, progress })) : [(await obtain(entry, { signal, progress })).archive];
  return { text: files.map((file) => `${name}: ${file}`).join("\n"), json: { name, files } };
}

async function prepareData(name: string, options: PrepareOptions, { signal, progress }: Terminal): Promise<Outcome> {
  const entry = entryOf(name);
  const settings = { ...options, signal, progress };
  if (entry.form === "benchmark") {
    const { train, test, items } = await loadBenchmark(name, { validShare: 0, confirm: false }, settings);
    const [sessions, cases] = [sessionCount(train), test.target.length];
    return {
      text: `${name}: ${sessions} training sessions with ${train.item.length - sessions} prefixes, ${cases} test cases, ${items.ids.length} items; it is read from its files each time`,
      json: { name, sessions, prefixes: train.item.length - sessions, cases, items: items.ids.length },
    };
  }
  const events = await loadEntry(entry, settings);
  const { item, itemIds, users, sessionIds, hash } = events;
  const folder = preparedFolder(entry);
  const [faults, fields] = [faultsOf(entry), coverage(events)];
  const of = users === undefined ? `${sessionIds?.length ?? 0} sessions` : `${users.length} users`;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const lines = [
    `${name}: ${item.length} events of ${of} with ${itemIds.length} items; prepared in ${folder}`,
    ...faults.map(({ reason, count, file, line, intended }) => `${intended === true ? "left out" : "malformed"}: ${count} with ${reason}, first at ${file}:${line}`),
    ...(fields.length === 0 ? [] : alignColumns([["field", "items", "share", "of events", "values"], ...fields.map((one) => [one.field, String(one.items), percent(one.itemShare), percent(one.eventShare), String(one.values)])])),
  ];
  return { text: lines.join("\n"), json: { name, folder, events: item.length, users: users?.length, sessions: sessionIds?.length, items: itemIds.length, hash, faults, coverage: fields } };
}

async function describeData(what: string, given: DescribeOptions, { signal, progress }: Terminal): Promise<Outcome> {
  if (what in catalog) {
    const stray = Object.keys(given)[0];
    if (stray !== undefined) throw new ConfigError(`Expected options of a file beside the name of a file, found --${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} beside the data set ${what}; leave it out`);
    const events = await loadEntry(entryOf(what), { signal, progress });
    const description = describeEvents(events);
    return { text: show(events.name, description), json: { name: events.name, ...description, hash: events.hash } };
  }
  if (!existsSync(what)) {
    throw new ConfigError(`Expected a data set (${Object.keys(catalog).join(", ")}) or a file that is there, found "${what}"; did you mean "${nearest(what, Object.keys(catalog))}"?`);
  }
  const columns = Object.fromEntries(Object.entries(parsePairs(given.columns ?? [])).map(([field, name]) => [field, name === null ? null : String(name)]));
  const timeUnit = given.timeUnit === undefined ? undefined : oneOf("a unit", Object.keys(timeUnits) as TimeUnit[], given.timeUnit);
  const events = await eventsFromFile(what, { columns, timeUnit, badRows: given.strict === true ? "error" : "drop", maxDropped: given.maxDropped, signal, progress });
  const description = describeEvents(events);
  return { text: show(what, description, events.report), json: { name: events.name, file: what, ...description, hash: events.hash, report: events.report } };
}

function entryOf(name: string): CatalogEntry {
  return catalog[oneOf("a data set", Object.keys(catalog) as DatasetName[], name)];
}

/** The counts as lines for a terminal. */
function show(title: string, { events, users, items, sessions, from, to, tieShare, ratings, titled, density, repeatShare, popularity }: EventsDescription, report?: FileReport): string {
  const counts = (one: EventCounts): string => `${one.count}; events of one: ${one.fewest} to ${one.most}, median ${one.median}`;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const rows: (readonly [string, string | undefined])[] = [
    ["events", String(events)],
    ["users", users && counts(users)],
    ["sessions", sessions && counts(sessions)],
    ["items", counts(items) + (titled === undefined ? "" : `; ${percent(titled)} with a title`)],
    ["time", `${from} to ${to}; ${percent(tieShare)} of events at the time of the one before`],
    ["density", `${Number((density * 100).toPrecision(3))} % of the cells; ${percent(repeatShare)} of events repeat an item`],
    ["popularity", `${percent(popularity.topTenthShare)} of events on a tenth of the items; Gini ${popularity.gini.toFixed(3)}`],
    ["ratings", ratings && `${ratings.lowest} to ${ratings.highest}, mean ${ratings.mean.toFixed(2)}`],
    ["columns", report && Object.entries(report.columns).map(([field, name]) => `${field} = ${name}`).join(", ")],
    ["time unit", report && `${report.time.unit}${report.time.guessed ? ", told by the range of the numbers" : ""}`],
    ["rows", report && `${report.rows}, of which ${report.kept} kept`],
    ...(report?.dropped ?? []).map(({ reason, count, firstLine }) => ["dropped", `${count} with ${reason}, first on line ${firstLine}`] as const),
  ];
  return [title, ...alignColumns(rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))].join("\n");
}
