/** The persona paper's part of `sessionlab reproduce`: the run, its freezing and its confirmation. */
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { catalog, type DatasetName } from "../data/catalog";
import { portable } from "../engine/experiment";
import { countReading } from "../evaluation/readings";
import { writeCaseGroups } from "../papers/case-groups";
import { personaArms } from "../papers/persona/arms";
import { confirmPersonaPaper, freezePersonaPaper, readConfirmation, withSealed } from "../papers/persona/confirm";
import type { OwnFiles } from "../papers/persona/data";
import { armsOf, beginPersonaPaper, personaGrid, type PersonaExperiment } from "../papers/persona/persona";
import { personaReport, type PersonaReport } from "../papers/persona/report";
import type { Budget } from "../core/budget";
import { doTasks, encodeTexts, engineBackend, type EngineOptions } from "./engine";
import type { Terminal } from "./terminal";
import { oneOf, parsePairs, parsePositive, parseSettings } from "./values";

/** What the verb is given for this paper. */
export interface PersonaOptions extends EngineOptions {
  readonly dataset: string;
  readonly budget: Budget;
  readonly seeds: number;
  readonly set?: readonly string[];
  readonly arms?: string;
  readonly placebos?: boolean;
  readonly events?: string;
  readonly items?: string;
  readonly name?: string;
  readonly sessions: string;
  readonly encoder: string;
  readonly candidates?: number;
  readonly hdgi?: readonly string[];
  readonly graph?: readonly string[];
  readonly freeze?: boolean;
  readonly confirm?: boolean;
}

/** Adds what this paper's experiment can be told. @param arms what is said of --arms */
export function personaOptions(command: Command, arms = `some of ${personaArms.map(({ id }) => id).join(", ")}`): Command {
  return command
    .option("--arms <a,b>", arms)
    .option("--placebos", "of the persona paper, all placebos too, at the smallest budget as well")
    .option("--events <file>", "a data set of your own instead: events of users, CSV, TSV or Parquet")
    .option("--items <file>", "its items: a table with titles; all other columns are features")
    .option("--name <name>", "its name in files of results")
    .option("--sessions <by>", "user (the last 50 events), day or gap", "user")
    .option("--encoder <name>", "of item texts, as for vectors", "minilm")
    .option("--candidates <n>", "how many the first stage names", parsePositive)
    .option("--hdgi <key=value...>", "options of HDGI: dimension=32")
    .option("--graph <key=value...>", "options of its meta-paths: maxDegree=2000");
}

/** Names that people give the paper's data sets. */
const aliases: Readonly<Record<string, DatasetName>> = { "movielens-100k": "ml-100k", movies: "amazon-movies", books: "amazon-books" };

/** The catalogue's name of a data set. */
export function datasetOf(name: string): string {
  return aliases[name] ?? name;
}

/**
 * The experiment that is asked for.
 * @param results the folder of result files
 * @param readings the file that counts what was read
 */
export async function personaExperiment(given: PersonaOptions, results: string, readings: string, { signal, progress, say }: Terminal): Promise<PersonaExperiment> {
  const by = oneOf("sessions", ["user", "day", "gap"] as const, given.sessions);
  return {
    ...{ source: sourceOf(given), budget: given.budget, seeds: given.seeds, arms: armsOfCommand(given), candidates: given.candidates, parts: given.parts, set: parseSettings(given.set ?? []), results, readings },
    world: { encoder: given.encoder, sessions: by === "user" ? { by, maxLength: 50 } : { by } },
    personas: { hdgi: parsePairs(given.hdgi ?? []), graph: parsePairs(given.graph ?? []) },
    ...{ backend: await engineBackend(given), signal, progress, onStep: say },
    onReading: (experiment) => countReading(readings, experiment, "test"),
    onConfirm: (experiment) => countReading(readings, experiment, "confirm"),
  };
}

/** Runs, freezes or confirms the experiment. Folders as for `personaExperiment`. */
export async function reproducePersona(given: PersonaOptions, results: string, readings: string, terminal: Terminal): Promise<PersonaReport> {
  const settings = await personaExperiment(given, results, readings, terminal);
  await encodeTexts(given, { source: settings.source, world: settings.world }, settings.backend, terminal);
  const run = await beginPersonaPaper(settings);
  await doTasks(given, { paper: "persona", settings: portable(settings) }, personaGrid(run), settings.backend, terminal);
  if (given.freeze === true) await freezePersonaPaper(settings);
  const confirmation = given.confirm === true ? await confirmPersonaPaper(settings) : readConfirmation(settings);
  const report = personaReport(run.world, settings);
  writeCaseGroups(results, report.experiment, run.world.split, confirmation !== undefined);
  return withSealed(report, confirmation);
}

function sourceOf({ dataset, events, items, name }: PersonaOptions): DatasetName | OwnFiles {
  if (events === undefined && items === undefined) return oneOf("a data set", Object.keys(catalog) as DatasetName[], datasetOf(dataset));
  if (events === undefined || items === undefined) throw new ConfigError(`Expected --events and --items together, found only one of them; name the table of events and the one of items`);
  return { name: name ?? "own", events, items };
}

/** The arms that are asked for; with placebos, all of them too. */
function armsOfCommand({ arms, placebos, budget }: PersonaOptions): readonly string[] | undefined {
  const wanted = arms?.split(",").map((one) => one.trim());
  if (placebos !== true) return wanted;
  return [...armsOf({ arms: wanted, budget }).map(({ id }) => id), ...personaArms.filter(({ role }) => role === "placebo").map(({ id }) => id)];
}
