/** sessionlab hdgi: vectors of a labelled heterogeneous graph in edge lists, learnt without the labels and held against them. */
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { projectRoot } from "../data/store";
import { countReading } from "../evaluation/readings";
import { acmOptions, personaRows, personaRuns, runPersonas, type PersonaMeasure, type PersonaRun } from "../papers/personas";
import { readAcm3025 } from "../personas/acm3025";
import { readLabelledGraph } from "../personas/graph-files";
import type { LabelledGraph } from "../personas/labelled";
import { initBackend } from "../tensor/backend";
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
}

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
    .option("--variant <name>", "gcn (HDGI-C) or gat (HDGI-A); both if not given")
    .option("--models <a,b>", `some of ${ids.join(", ")}, instead of --variant`)
    .option("--seeds <n>", "encoder seeds 1..n", parsePositive, 1)
    .option("--options <key=value...>", "options of the model: dimension=64 epochs=200; acm3025 has its own, chosen on validation")
    .option("--out <folder>", "where result files are read and written", "reports/hdgi")
    .option("--publish", "use results/ of the project")
    .addHelpText("after", "\nExamples:\n  $ sessionlab hdgi --dataset acm3025 --seeds 5\n  $ sessionlab hdgi --features f.tsv --edges paper-author=pa.tsv --edges paper-subject=ps.tsv --labels l.tsv --variant gcn\n  $ sessionlab hdgi --features f.tsv --edges user-item=ui.tsv --edges item-genre=ig.tsv --paths user-item-user user-item-genre-item-user --labels l.tsv");
  runner.action(command, hdgi);
}

async function hdgi(given: Options, { signal, progress, say }: Terminal): Promise<Outcome> {
  const runs = runsOf(given);
  const { name, labelled } = await graphOf(given, signal);
  const backend = await initBackend();
  const chosen = given.features === undefined ? acmOptions : {};
  const set = parsePairs(given.options ?? []);
  const options = { gcn: { ...chosen?.gcn, ...set }, gat: { ...chosen?.gat, ...set } };
  const results = given.publish === true ? join(projectRoot, "results") : resolve(given.out);
  const found = await runPersonas({ ...{ dataset: name, labelled, runs, seeds: given.seeds, options, results }, ...{ backend, signal, progress, onStep: say, onReading: (experiment) => countReading(join(results, "readings.json"), experiment, "test") } });
  const rows = personaRows(found);
  const shown: readonly PersonaMeasure[] = ["test micro-F1", "test macro-F1", "NMI", "ARI", "loss", "accuracy"];
  const cell = (mean: number, sd: number, seeds: number): string => (Number.isNaN(mean) ? "" : `${mean.toFixed(4)}${seeds > 1 ? ` ± ${sd.toFixed(4)}` : ""}`);
  const table = alignColumns([["model", "seeds", ...shown], ...rows.map(({ model, seeds, mean, sd }) => [personaRuns[model], String(seeds), ...shown.map((one) => cell(mean[one], sd[one], seeds))])]);
  const { graph, split } = labelled;
  const head = `${name}: ${graph.nodes.length} nodes, meta-paths ${graph.paths.map((path) => path.name).join(", ")}; ${split.train.length} train, ${split.valid.length} validation, ${split.test.length} test; means ± sd over encoder seeds`;
  const trivial = rows.filter((row) => row.trivial).map(({ model }) => `${personaRuns[model]}: a loss that never left ln 2; its vectors mean nothing`);
  return { text: [head, ...table, ...trivial].join("\n"), json: { dataset: name, rows, results: found } };
}

function runsOf({ variant, models }: Options): readonly PersonaRun[] {
  if (models !== undefined) return models.split(",").map((one) => oneOf("a model", ids, one.trim()));
  if (variant === undefined) return ids;
  const letter = oneOf("a variant", ["gcn", "gat"] as const, variant) === "gcn" ? "c" : "a";
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
