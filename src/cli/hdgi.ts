/** sessionlab hdgi: vectors of a labelled heterogeneous graph in edge lists, learnt without the labels and held against them. */
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { projectRoot } from "../data/store";
import { renderTable } from "../display/formats";
import { countReading, readReadings } from "../evaluation/readings";
import { acmSettings, searchPersonas, type PersonaSearch, type PersonaSearchSettings } from "../papers/hdgi/search";
import { personaExperiment, personaTable } from "../papers/hdgi/table";
import { acmOptions, personaRuns, runPersonas, type PersonaLearner, type PersonaOptionSets, type PersonaRun } from "../papers/hdgi/hdgi";
import { readAcm3025 } from "../personas/acm3025";
import { readLabelledGraph } from "../personas/graph-files";
import type { LabelledGraph } from "../personas/labelled";
import { initBackend } from "../tensor/backend";
import { publishBlocks } from "./publish";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, collect, oneOf, parsePairs, parsePositive } from "./values";

interface Options {
  readonly dataset?: string;
  readonly features?: string;
  readonly edges?: readonly string[];
  readonly paths?: readonly string[];
  readonly labels?: string;
  readonly variant?: string;
  readonly models?: string;
  readonly seeds: number;
  readonly options?: readonly string[];
  readonly out: string;
  readonly publish?: boolean;
  readonly search?: boolean;
}

const learners: readonly PersonaLearner[] = ["gcn", "gat", "dmgi"];
const ids = Object.keys(personaRuns) as PersonaRun[];

export function addHdgi(program: Command, runner: Runner): void {
  const command = program
    .command("hdgi")
    .description("HDGI's vectors of a labelled graph beside its features alone; runs whose results are there are not run again")
    .option("--features <file>", "rows of node, column[, value], with a header; TSV or CSV, gzip or not")
    .option("--edges <types=file>", "a relation's two columns, named by the types at its ends: paper-author=F; or a meta-path's pairs: paper-author-paper=F; once for each", collect)
    .option("--paths <types...>", "meta-paths as sequences of types: paper-author-paper; by default each relation there and back")
    .option("--labels <file>", "rows of node, label[, train|valid|test]; without a split 20 % train, 10 % validation")
    .option("--dataset <name>", "acm3025, or the name of your graph in result files")
    .option("--variant <name>", "gcn (HDGI-C), gat (HDGI-A) or dmgi; all if not given")
    .option("--models <a,b>", `some of ${ids.join(", ")}, instead of --variant`)
    .option("--seeds <n>", "encoder seeds 1..n", parsePositive, 1)
    .option("--options <key=value...>", "options of the model: dimension=64 epochs=200; acm3025 has its own, chosen on validation")
    .option("--out <folder>", "where result files are read and written", "reports/hdgi")
    .option("--search", "try acm3025's settings on validation instead, and keep them in searches/ of the results' folder")
    .option("--publish", "use results/ of the project, and write the table into the page that has its place")
    .addHelpText("after", "\nExamples:\n  $ sessionlab hdgi --dataset acm3025 --seeds 5\n  $ sessionlab hdgi --dataset acm3025 --search --variant dmgi\n  $ sessionlab hdgi --features f.tsv --edges paper-author=pa.tsv --edges paper-subject=ps.tsv --labels l.tsv --variant gcn\n  $ sessionlab hdgi --features f.tsv --edges user-item=ui.tsv --edges item-genre=ig.tsv --paths user-item-user user-item-genre-item-user --labels l.tsv");
  runner.action(command, hdgi);
}

async function hdgi(given: Options, { signal, progress, say }: Terminal): Promise<Outcome> {
  const runs = runsOf(given);
  const { name, labelled } = await graphOf(given, signal);
  const backend = await initBackend();
  const results = given.publish === true ? join(projectRoot, "results") : resolve(given.out);
  const context = { dataset: name, labelled, results, signal, progress, onStep: say };
  if (given.search === true) return search(given, context);
  const set = parsePairs(given.options ?? []);
  const chosen: PersonaOptionSets = given.features === undefined ? acmOptions : {};
  const options = Object.fromEntries(learners.map((learner) => [learner, { ...chosen[learner], ...set }]));
  const readings = join(results, "readings.json");
  const found = await runPersonas({ ...context, runs, seeds: given.seeds, options, backend, onReading: (experiment) => countReading(readings, experiment, "test") });
  const table = personaTable(name, found, labelled, readReadings(readings));
  if (given.publish === true) publishBlocks({ [personaExperiment(name)]: renderTable(table, "markdown") });
  return { text: renderTable(table, "text"), json: { dataset: name, rows: table.rows, results: found } };
}

/** The settings of acm3025, on validation. */
async function search({ features, variant }: Options, context: Pick<PersonaSearchSettings, "dataset" | "labelled" | "results">): Promise<Outcome> {
  if (features !== undefined) throw new ConfigError("Expected --search with --dataset acm3025, found files of your own; try settings by --options, and read their validation F1 in the result files");
  const chosen = variant === undefined ? learners : [oneOf("a variant", learners, variant)];
  const found: PersonaSearch[] = [];
  for (const learner of chosen) found.push(await searchPersonas({ ...context, learner, settings: acmSettings[learner] }));
  const lines = found.flatMap(({ learner, options, trials }) => trials.map((trial) => [trial.options === options ? "*" : "", learner, trial.valid.micro.toFixed(4), trial.fit.loss!.toPrecision(3), JSON.stringify(trial.options)]));
  return { text: [...alignColumns([["", "learner", "validation micro-F1", "loss", "options"], ...lines]), `* chosen; ${found[0]!.chosenBy}`].join("\n"), json: { searches: found } };
}

function runsOf({ variant, models }: Options): readonly PersonaRun[] {
  if (models !== undefined) return models.split(",").map((one) => oneOf("a model", ids, one.trim()));
  if (variant === undefined) return ids;
  const learner = oneOf("a variant", learners, variant);
  if (learner === "dmgi") return ["features", "mean-features", "dmgi"];
  const letter = learner === "gcn" ? "c" : "a";
  return ["features", "mean-features", `hdgi-${letter}`, `hdgi-${letter}-rewired`];
}

async function graphOf({ dataset, features, edges, paths, labels }: Options, signal: AbortSignal): Promise<{ readonly name: string; readonly labelled: LabelledGraph }> {
  if (features === undefined && dataset === "acm3025") return { name: dataset, labelled: await readAcm3025() };
  if (features === undefined || edges === undefined || labels === undefined) throw new ConfigError("Expected --features, --edges and --labels, or --dataset acm3025, found some of them missing; see --help");
  const named = edges.map((one) => {
    const at = one.indexOf("=");
    if (at < 1) throw new ConfigError(`Expected --edges as types=file, found "${one}"; write for example paper-author=${one}`);
    return [one.slice(0, at), one.slice(at + 1)] as const;
  });
  const name = dataset ?? basename(labels).replace(/\..*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return { name, labelled: await readLabelledGraph({ features, labels, edges: Object.fromEntries(named), paths }, signal) };
}
