/** sessionlab personas: a data set's users as personas, learnt from its knowledge graph and its items' texts, in groups with names. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { ConfigError } from "../core/errors";
import { makeFolder, writeFileAtomic } from "../core/files";
import { Rng } from "../core/rng";
import { encodeSafetensors } from "../core/safetensors";
import { catalog, type DatasetName } from "../data/catalog";
import { datasetGraph } from "../kg/dataset-graph";
import { personaStability } from "../personas/likeness";
import { learnPersonas, personaBudgets, type Personas } from "../personas/personas";
import { initBackend } from "../tensor/backend";
import { itemVectors } from "../text/item-vectors";
import { openEncoder } from "../text/open-encoder";
import { itemFields } from "../text/template";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, oneOf, parsePairs, parsePositive } from "./values";

interface Options {
  readonly dataset: string;
  readonly out: string;
  readonly encoder: string;
  readonly template: string;
  readonly variant: string;
  readonly budget: string;
  readonly groups: number;
  readonly seeds: number;
  readonly options?: readonly string[];
  readonly graph?: readonly string[];
  readonly linked: boolean;
  readonly user?: string;
}

/** Adds the verb to the command line. */
export function addPersonas(program: Command, runner: Runner): void {
  const command = program
    .command("personas")
    .description("a data set's users as personas: vectors that HDGI learns from its knowledge graph and its items' texts, in groups with names")
    .requiredOption("--dataset <name>", "a data set of the catalogue with users")
    .requiredOption("--out <folder>", "where vectors, groups and the model go; an interrupted training goes on from there")
    .option("--encoder <name>", "of the items' texts: minilm, a folder of a BERT model, or a file of vectors by item id", "minilm")
    .option("--template <template>", "the text of an item", "described")
    .option("--variant <name>", "gcn (HDGI-C) or gat (HDGI-A)", "gcn")
    .option("--budget <name>", budgets.join(", "), "hour")
    .option("--groups <n>", "how many", parsePositive, 8)
    .option("--seeds <n>", "encoder seeds 1..n: the first is written, all are held against each other", parsePositive, 1)
    .option("--options <key=value...>", "options of the model: dimension=32 batch=1024 neighbours=10")
    .option("--graph <key=value...>", "options of its graph: maxDegree=2000 topK=20 weight=count")
    .option("--no-linked", "no linked data")
    .option("--user <id>", "show one user: items, meta-paths, the nearest")
    .addHelpText("after", "\nExamples:\n  $ sessionlab personas --dataset ml-100k --out personas/films\n  $ sessionlab personas --dataset books-linked --budget hour --seeds 3 --out personas/books\n  $ sessionlab personas --dataset ml-100k --budget minute --out personas/films --user 13 --json");
  runner.action(command, personas);
}

async function personas(given: Options, { signal, progress, say }: Terminal): Promise<Outcome> {
  const name = oneOf("a data set", Object.keys(catalog) as DatasetName[], given.dataset);
  const variant = oneOf("a variant", ["gcn", "gat"] as const, given.variant);
  const hdgi = { ...personaBudgets[oneOf("a budget", budgets, given.budget)], variant, ...parsePairs(given.options ?? []) };
  const backend = await initBackend();
  const built = await datasetGraph(name, { signal, progress, linked: given.linked ? undefined : null });
  if (!built.graph.nodes.has("user")) throw new ConfigError(`Expected a data set with users, found ${name}, whose sessions have none; take another`);
  const encoder = await openEncoder(given.encoder, { signal, progress });
  const vectors = await itemVectors(itemFields(built.events, built.split.items), encoder, { template: given.template, signal, progress }).finally(() => encoder.dispose());
  const out = resolve(given.out);
  makeFolder(out);
  const runs: Personas[] = [];
  try {
    for (let seed = 1; seed <= given.seeds; seed++) {
      const checkpoint = join(out, `checkpoint-${seed}`);
      const options = { groups: given.groups, hdgi, graph: parsePairs(given.graph ?? []) };
      runs.push(await learnPersonas(built.graph, vectors, options, { rng: new Rng(seed), signal, progress, checkpoint }));
      rmSync(checkpoint, { recursive: true, force: true });
      const { report } = runs.at(-1)!;
      say(`seed ${seed}: loss ${report.loss.toPrecision(3)}, accuracy ${report.accuracy.toFixed(3)}, ${report.epochs} epochs in ${report.seconds.toFixed(0)} s${report.trivial ? "; the loss never left ln 2: these vectors mean nothing" : ""}`);
    }
    const first = runs[0]!;
    writeFiles(out, first);
    const stability = runs.length < 2 ? undefined : personaStability(runs.map((run) => run.vectors), given.groups, new Rng("stability"));
    const { source, report, named } = first;
    const memory = process.resourceUsage().maxRSS * 1024;
    const view = given.user === undefined ? undefined : first.view(given.user, 10);
    const head = `${name}: personas of ${source.nodes.length} users from ${built.graph.edgeCount()} edges, ${variant === "gcn" ? "HDGI-C" : "HDGI-A"}, ${report.epochs} epochs in ${report.seconds.toFixed(0)} s, peak memory ${(memory / 1e9).toFixed(2)} GB, ${backend.threads} threads`;
    const { history: _, ...fit } = report;
    return {
      text: [head, ...built.notes, ...table(first), ...(stability === undefined ? [] : [`over ${stability.seeds} seeds: groups agree ${stability.groups.toFixed(2)} (adjusted Rand), neighbours ${percent(stability.neighbours)}, by chance ${percent(stability.byChance)}`]), ...(view === undefined ? [] : ["", ...viewLines(first, given.user!)]), `written to ${given.out}`].join("\n"),
      json: { dataset: name, users: source.nodes.length, graph: built.graph.hash, source: source.hash, card: vectors.card, fit, named, stability, view, peakBytes: memory, folder: given.out },
    };
  } finally {
    runs.forEach((run) => run.dispose());
  }
}

/** Vectors with their ids, the groups as a table, and the model. */
function writeFiles(out: string, personas: Personas): void {
  const { source, vectors, groups, named, model } = personas;
  const metadata = { ids: JSON.stringify(source.nodes), graph: source.hash, options: JSON.stringify(model.options) };
  writeFileAtomic(join(out, "personas.safetensors"), encodeSafetensors({ vectors: { dtype: "F32", shape: [...vectors.shape], data: vectors.data } }, metadata));
  const rows = source.nodes.map((id, node) => {
    const group = groups.labels[node]!;
    return [id, group + 1, named[group]!.name, groups.membership.data[node * named.length + group]!.toFixed(4)].join("\t");
  });
  writeFileAtomic(join(out, "groups.tsv"), `${["user", "group", "persona", "membership"].join("\t")}\n${rows.join("\n")}\n`);
  model.save(out);
}

function table({ named, report }: Personas): string[] {
  const marks = named.map(({ group, name, nodes, items }) => [String(group + 1), name, String(nodes), items.map(({ value }) => value).join("; ")]);
  const paths = Object.entries(report.beta).map(([path, weight]) => `${path} ${percent(weight)}`);
  return [...alignColumns([["group", "persona", "users", "items that it has more than others"], ...marks]), `meta-paths: ${paths.join(", ")}`];
}

function viewLines(personas: Personas, user: string): string[] {
  const { persona, memberships, items, paths, nearest } = personas.view(user, 5);
  return [
    `user ${user}: ${persona}, ${percent(memberships[0]!.membership)} of its membership`,
    `items that its vector hangs on: ${items.map(({ label, id }) => label ?? id).join("; ")}`,
    ...paths.map(({ name, share, neighbours }) => `${percent(share)} from ${name}, which shows it ${neighbours.map(({ id }) => id).join(", ")}`),
    `nearest: ${nearest.map((one) => `${one.id} (${one.persona}, ${one.likeness.toFixed(3)})`).join(", ")}`,
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
