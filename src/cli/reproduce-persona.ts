/** The persona paper's part of `sessionlab reproduce`: the run, its freezing and its confirmation. */
import { ConfigError } from "../core/errors";
import { catalog, type DatasetName } from "../data/catalog";
import { countReading } from "../evaluation/readings";
import { writeCaseGroups } from "../papers/case-groups";
import { personaArms } from "../papers/persona/arms";
import { confirmPersonaPaper, freezePersonaPaper, readConfirmation } from "../papers/persona/confirm";
import type { OwnFiles } from "../papers/persona/data";
import { armsOf, runPersonaPaper, type PersonaExperiment } from "../papers/persona/persona";
import { personaReport, type PersonaReport } from "../papers/persona/report";
import type { Budget } from "../core/budget";
import { initBackend } from "../tensor/backend";
import type { Terminal } from "./terminal";
import { oneOf, parsePairs, parseSettings } from "./values";

/** What the verb is given for this paper. */
export interface PersonaOptions {
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

/** Names that people give the paper's data sets. */
const aliases: Readonly<Record<string, DatasetName>> = { "movielens-100k": "ml-100k", movies: "amazon-movies", books: "amazon-books" };

/** The catalogue's name of a data set. */
export function datasetOf(name: string): string {
  return aliases[name] ?? name;
}

/**
 * Runs, freezes or confirms the experiment.
 * @param results the folder of result files
 * @param readings the file that counts what was read
 */
export async function reproducePersona(given: PersonaOptions, results: string, readings: string, { signal, progress, say }: Terminal): Promise<PersonaReport> {
  const by = oneOf("sessions", ["user", "day", "gap"] as const, given.sessions);
  const settings: PersonaExperiment = {
    ...{ source: sourceOf(given), budget: given.budget, seeds: given.seeds, arms: armsOfCommand(given), candidates: given.candidates, set: parseSettings(given.set ?? []), results, readings },
    world: { encoder: given.encoder, sessions: by === "user" ? { by, maxLength: 50 } : { by } },
    personas: { hdgi: parsePairs(given.hdgi ?? []), graph: parsePairs(given.graph ?? []) },
    ...{ backend: await initBackend(), signal, progress, onStep: say },
    onReading: (experiment) => countReading(readings, experiment, "test"),
    onConfirm: (experiment) => countReading(readings, experiment, "confirm"),
  };
  const world = await runPersonaPaper(settings);
  if (given.freeze === true) await freezePersonaPaper(settings);
  const confirmation = given.confirm === true ? await confirmPersonaPaper(settings) : readConfirmation(settings);
  const report = personaReport(world, settings);
  writeCaseGroups(results, report.experiment, world.split, confirmation !== undefined);
  return { ...report, ...(confirmation && { sealed: { verdict: confirmation.verdict, cases: confirmation.cases, comparisons: confirmation.comparisons } }) };
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
