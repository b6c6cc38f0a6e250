/**
 * sessionlab data list|get|prepare|describe: what the catalogue has and what is here, fetching, preparing, and the
 * counts of a data set or of a file of one's own.
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import { catalog, type CatalogEntry, type DatasetName } from "../data/catalog";
import { archivePath, loadEntry, obtain, preparedFolder } from "../data/datasets";
import { describeEvents, type EventCounts, type EventsDescription } from "../data/describe";
import { timeUnits, type TimeUnit } from "../data/event-rows";
import { eventsFromFile, type FileReport } from "../data/own-files";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, oneOf, parsePairs } from "./values";

interface DescribeOptions {
  readonly columns?: readonly string[];
  readonly timeUnit?: string;
  readonly strict?: boolean;
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
    .addHelpText("after", "\nExamples:\n  $ sessionlab data prepare ml-100k");
  runner.action(prepare, (_: object, terminal) => prepareData(prepare.args[0]!, terminal));
  const describe = data
    .command("describe <name-or-file>")
    .description("counts of a data set, or of your own CSV, TSV or Parquet file with a report of dropped rows")
    .option("--columns <field=name...>", "columns of your file: user, item, time, rating, session; guessed by usual names; rating=null leaves it unread")
    .option("--time-unit <unit>", `unit of your file's times: ${Object.keys(timeUnits).join(", ")}; default: told by their range`)
    .option("--strict", "a row of your file that is no event is an error with its line")
    .addHelpText("after", "\nExamples:\n  $ sessionlab data describe ml-100k\n  $ sessionlab data describe clicks.csv.gz\n  $ sessionlab data describe log.parquet --columns user=visitor item=sku --time-unit ms --json");
  runner.action(describe, (options: DescribeOptions, terminal) => describeData(describe.args[0]!, options, terminal));
}

async function listData(): Promise<Outcome> {
  const entries = Object.values<CatalogEntry>(catalog).map((entry) => {
    const state = existsSync(preparedFolder(entry)) ? "prepared" : entry.sources.some((source) => existsSync(archivePath(source))) ? "fetched" : "not here";
    const { name, title, counts, licence, homepage } = entry;
    return { name, title, state, ...counts, licence, homepage };
  });
  const rows = entries.map(({ name, title, state, users, items, events }) => [name, title, state, String(users), String(items), String(events)]);
  const licences = entries.map(({ name, licence, homepage }) => `${name}: ${licence} (${homepage})`);
  return { text: [...alignColumns([["name", "title", "state", "users", "items", "events"], ...rows]), "", ...licences].join("\n"), json: { datasets: entries } };
}

async function getData(name: string, { signal, progress }: Terminal): Promise<Outcome> {
  const { archive } = await obtain(entryOf(name), { signal, progress });
  return { text: `${name}: ${archive}`, json: { name, archive } };
}

async function prepareData(name: string, { signal, progress }: Terminal): Promise<Outcome> {
  const entry = entryOf(name);
  const { item, itemIds, users, hash } = await loadEntry(entry, { signal, progress });
  const folder = preparedFolder(entry);
  return {
    text: `${name}: ${item.length} events of ${users?.length ?? 0} users with ${itemIds.length} items; prepared in ${folder}`,
    json: { name, folder, events: item.length, users: users?.length, items: itemIds.length, hash },
  };
}

async function describeData(what: string, given: DescribeOptions, { signal, progress }: Terminal): Promise<Outcome> {
  if (what in catalog) {
    const stray = Object.keys(given)[0];
    if (stray !== undefined) throw new ConfigError(`Expected options of a file beside the name of a file, found --${stray === "timeUnit" ? "time-unit" : stray} beside the data set ${what}; leave it out`);
    const events = await loadEntry(entryOf(what), { signal, progress });
    const description = describeEvents(events);
    return { text: show(events.name, description), json: { name: events.name, ...description, hash: events.hash } };
  }
  if (!existsSync(what)) {
    throw new ConfigError(`Expected a data set (${Object.keys(catalog).join(", ")}) or a file that is there, found "${what}"; did you mean "${nearest(what, Object.keys(catalog))}"?`);
  }
  const columns = Object.fromEntries(Object.entries(parsePairs(given.columns ?? [])).map(([field, name]) => [field, name === null ? null : String(name)]));
  const timeUnit = given.timeUnit === undefined ? undefined : oneOf("a unit", Object.keys(timeUnits) as TimeUnit[], given.timeUnit);
  const events = await eventsFromFile(what, { columns, timeUnit, badRows: given.strict === true ? "error" : "drop", signal, progress });
  const description = describeEvents(events);
  return { text: show(what, description, events.report), json: { name: events.name, file: what, ...description, hash: events.hash, report: events.report } };
}

function entryOf(name: string): CatalogEntry {
  return catalog[oneOf("a data set", Object.keys(catalog) as DatasetName[], name)];
}

/** The counts as lines for a terminal. */
function show(title: string, { events, users, items, sessions, from, to, tieShare, ratings, titled }: EventsDescription, report?: FileReport): string {
  const counts = (one: EventCounts): string => `${one.count}; events of one: ${one.fewest} to ${one.most}, median ${one.median}`;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const rows: (readonly [string, string | undefined])[] = [
    ["events", String(events)],
    ["users", users && counts(users)],
    ["sessions", sessions && counts(sessions)],
    ["items", counts(items) + (titled === undefined ? "" : `; ${percent(titled)} with a title`)],
    ["time", `${from} to ${to}; ${percent(tieShare)} of events at the time of the one before`],
    ["ratings", ratings && `${ratings.lowest} to ${ratings.highest}, mean ${ratings.mean.toFixed(2)}`],
    ["columns", report && Object.entries(report.columns).map(([field, name]) => `${field} = ${name}`).join(", ")],
    ["time unit", report && `${report.time.unit}${report.time.guessed ? ", told by the range of the numbers" : ""}`],
    ["rows", report && `${report.rows}, of which ${report.kept} kept`],
    ...(report?.dropped ?? []).map(({ reason, count, firstLine }) => ["dropped", `${count} with ${reason}, first on line ${firstLine}`] as const),
  ];
  return [title, ...alignColumns(rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))].join("\n");
}
