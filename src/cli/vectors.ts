/** sessionlab vectors: the items of a data set as text vectors in a file, with their recipe card. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import type { DatasetName } from "../data/catalog";
import { loadDataset } from "../data/datasets";
import { sessionsFrom } from "../data/sessions";
import { splitByTime } from "../data/split";
import { renderCard } from "../display/text-values";
import { fetchMiniLm } from "../text/default-encoder";
import type { EndpointEncoder } from "../text/endpoint-encoder";
import { itemVectors, type MissingPolicy, type TextControl } from "../text/item-vectors";
import { nearestRows } from "../text/neighbours";
import type { Normalisation } from "../text/normalise";
import { openEncoder, whyOneProcess } from "../text/open-encoder";
import { itemFields, templates } from "../text/template";
import { writeVectors } from "../text/vector-files";
import { encodeTexts, engineBackend, engineOf, engineOptions, type EngineOptions } from "./engine";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, parseAmount, parsePositive } from "./values";

interface VectorOptions extends Omit<EngineOptions, "plan" | "parts"> {
  readonly dataset?: string;
  readonly encoder: string;
  readonly template: string;
  readonly normalise: Normalisation;
  readonly control: TextControl;
  readonly missing: MissingPolicy;
  readonly ids?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly near?: string;
  readonly k: number;
  readonly fetch?: boolean;
  readonly model?: string;
  readonly revision?: string;
  readonly dimension?: number;
  readonly keyVariable?: string;
  readonly batch?: number;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly tokenizer?: string;
  readonly price?: number;
  readonly maxCost?: number;
}

/** Adds the verb to the command line. */
export function addVectors(program: Command, runner: Runner): void {
  const command = program
    .command("vectors")
    .description("the items of a data set as vectors of their texts, with a card that says how they were made")
    .option("--dataset <name>", "a data set of the catalogue; its items are those of the global time split, training first")
    .option("--encoder <name>", "minilm, use-lite (weaker, but its weights come with npm), a folder of a BERT model as hubs have it, onnx: and a folder or a hub's name (with transformers.js installed), a file of vectors by item id (npy, safetensors, Parquet, text), or the address of an endpoint such as http://localhost:11434/v1", "minilm")
    .option("--ids <file>", "the ids of the rows of such a file, one a line; default its name with .ids")
    .option("--template <template>", `${Object.keys(templates).join(", ")}, or your own: "{title}[ by {author}]"`, "described")
    .option("--normalise <name>", "none, unit, centred, centred-unit, pca(k), whitened(k)", "unit")
    .option("--control <name>", "none, random, shuffled, title-only", "none")
    .option("--missing <policy>", "what items without a text or a vector get: mean (of the training items), zero, error", "mean")
    .option("--seed <text>", "of the controls that draw")
    .option("--out <file>", "write them as safetensors")
    .option("--near <title>", "show the nearest items of the first title that has this in it")
    .option("--k <n>", "how many", parsePositive, 10)
    .option("--fetch", "fetch the default encoder (84 MB), and stop there")
    .option("--model <name>", "of an endpoint: its model")
    .option("--revision <text>", "of an endpoint: which version it serves, for the card")
    .option("--dimension <n>", "of an endpoint's vectors; without it one word is sent to see", parsePositive)
    .option("--key-variable <name>", "the environment variable with the endpoint's key; default OPENAI_API_KEY for api.openai.com, else no key is sent")
    .option("--batch <n>", "texts of a request", parsePositive)
    .option("--requests-per-minute <n>", "the endpoint's limit", parseAmount)
    .option("--tokens-per-minute <n>", "the endpoint's limit", parseAmount)
    .option("--tokenizer <folder>", "with the model's tokenizer.json, to count tokens exactly before they are sent")
    .option("--price <x>", "of a million tokens", parseAmount)
    .option("--max-cost <x>", "send nothing where the estimate is above", parseAmount)
    .addHelpText("after", '\nExamples:\n  $ sessionlab vectors --dataset ml-100k --out films.safetensors\n  $ sessionlab vectors --dataset books-linked --template "{title}[ by {author}]" --normalise "whitened(64)" --out books.safetensors\n  $ sessionlab vectors --dataset ml-100k --near "Star Wars" --k 5\n  $ sessionlab vectors --dataset ml-100k --control shuffled --out placebo.safetensors --json\n  $ sessionlab vectors --dataset ml-100k --encoder http://localhost:11434/v1 --model nomic-embed-text --out films.safetensors\n  $ sessionlab vectors --dataset ml-100k --encoder https://api.openai.com/v1 --model text-embedding-3-small --price 0.02 --max-cost 0.01 --out films.safetensors\n  $ sessionlab vectors --dataset books-linked --workers 2 --out books.safetensors');
  runner.action(engineOptions(command, "what texts that are not kept yet are encoded on"), vectors);
}

async function vectors(given: VectorOptions, terminal: Terminal): Promise<Outcome> {
  const { signal, progress } = terminal;
  if (given.fetch === true) {
    const folder = await fetchMiniLm({ signal, progress });
    return { text: `all-MiniLM-L6-v2: ${folder}`, json: { encoder: "all-MiniLM-L6-v2", folder } };
  }
  if (given.dataset === undefined) throw new ConfigError('Expected --dataset, found none; write for example --dataset ml-100k, or --fetch');
  if (given.out === undefined && given.near === undefined) throw new ConfigError("Expected --out or --near, found neither; say where the vectors go, or what to look at");
  await encodeFirst(given, given.dataset as DatasetName, terminal);
  const events = await loadDataset(given.dataset, { signal, progress });
  const fields = itemFields(events, splitByTime(sessionsFrom(events)).items);
  const { model, revision, dimension, keyVariable, batch, requestsPerMinute, tokensPerMinute, tokenizer, price, maxCost } = given;
  const endpoint = { model, revision, dimension, keyVariable, batch, requestsPerMinute, tokensPerMinute, tokenizer, price, maxCost };
  const encoder = await openEncoder(given.encoder, { ids: given.ids, endpoint, signal, progress });
  try {
    const { template, normalise, control, missing, seed } = given;
    const table = await itemVectors(fields, encoder, { template, normalise, control, missing, seed, signal, progress });
    const lines = renderCard(table.card);
    if (given.out !== undefined) {
      writeVectors(resolve(given.out), table, fields.ids);
      lines.push(`written to ${given.out}`);
    }
    const counts = "counts" in encoder ? (encoder as EndpointEncoder).counts() : undefined;
    if (counts !== undefined) lines.push(`sent ${counts.texts} texts in ${counts.requests} requests, ${counts.tokens} tokens by the server's count`);
    const near = given.near === undefined ? undefined : nearest(table, fields.fields["title"] ?? [], fields.ids, given.near, given.k);
    if (near !== undefined) lines.push("", `nearest to ${near.title} (${near.item}):`, ...alignColumns(near.neighbours.map(({ item, title, cosine }) => [cosine.toFixed(3), item, title])));
    return { text: lines.join("\n"), json: { card: table.card, file: given.out, near, counts } };
  } finally {
    encoder.dispose();
  }
}

/** Has the engine encode the texts, where it is another than this process. @throws ConfigError for an encoder that is not for several */
async function encodeFirst(given: VectorOptions, source: DatasetName, terminal: Terminal): Promise<void> {
  const { engine, workers, rayAddress, memory, encoder, template, control } = given;
  const own = { engine, workers, rayAddress, memory };
  const { name } = engineOf(own);
  if (name === "one") return;
  const why = whyOneProcess(encoder);
  if (why !== undefined) throw new ConfigError(`Expected an encoder whose work several processes can share with --engine ${name}, found that ${why}; leave --engine, --workers and --ray-address out`);
  const backend = await engineBackend(own);
  const world = { encoder, template: control === "title-only" ? "title" : template, sessions: { by: "user" } } as const;
  if (control !== "random") await encodeTexts(own, { source, world }, backend, terminal);
}

function nearest(table: Parameters<typeof nearestRows>[0], titles: readonly (readonly string[])[], ids: readonly string[], wanted: string, k: number) {
  const row = titles.findIndex(([title]) => title?.toLowerCase().includes(wanted.toLowerCase()) === true);
  if (row < 0) throw new ConfigError(`Expected a part of an item's title, found "${wanted}", which no title has`);
  const named = (one: number): { readonly item: string; readonly title: string } => ({ item: ids[one]!, title: titles[one]![0] ?? "" });
  return { ...named(row), neighbours: nearestRows(table, row, k).map(({ row: other, cosine }) => ({ ...named(other), cosine })) };
}
