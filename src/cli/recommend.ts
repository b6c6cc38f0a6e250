/** sessionlab recommend: what a trained model puts after a session, with titles where the data have them. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import { makerOf } from "../models/index";
import type { Recommender } from "../models/recommender";
import { initBackend } from "../tensor/backend";
import type { Outcome, Runner, Terminal } from "./terminal";
import { readRecord } from "./train";
import { alignColumns, parseIds, parsePositive } from "./values";

interface RecommendOptions {
  readonly model: string;
  readonly session: string;
  readonly k: number;
  readonly exclude?: string;
}

/** Adds the verb to the command line. */
export function addRecommend(program: Command, runner: Runner): void {
  const command = program
    .command("recommend")
    .description("the items that a trained model puts after a session")
    .requiredOption("--model <folder>", "a folder that train wrote")
    .requiredOption("--session <ids>", "item ids with commas between, the latest last")
    .option("--k <n>", "how many", parsePositive, 10)
    .option("--exclude <ids>", "item ids that are not wanted; items of the session are not excluded by themselves")
    .addHelpText("after", '\nExamples:\n  $ sessionlab recommend --model runs/sasrec --session "50,181"\n  $ sessionlab recommend --model runs/sasrec --session "50,181" --k 5 --exclude "50,181" --json');
  runner.action(command, recommend);
}

async function recommend(given: RecommendOptions, { say }: Terminal): Promise<Outcome> {
  const session = parseIds("--session", given.session);
  const excluded = given.exclude === undefined ? [] : parseIds("--exclude", given.exclude);
  const folder = resolve(given.model);
  const maker = makerOf(readRecord(folder).model);
  if (maker.tensors) await initBackend();
  const model = await maker.load(folder);
  try {
    const { known, unknown } = sortOut(model, session);
    const remarks = unknown.map((id) => `${remarkOf(model, id)}, and skipped`);
    if (known.length === 0) throw new ConfigError(`Expected a session with items that ${model.name} learnt, found ${remarks.join("; ")}`);
    for (const id of sortOut(model, excluded).unknown) remarks.push(`${remarkOf(model, id)}; there is nothing to exclude`);
    remarks.forEach(say);
    const recommendations = model.recommend(session, { k: given.k, exclude: excluded });
    const rows = recommendations.map(({ item, title, score }, n) => [String(n + 1), item, score.toPrecision(4), title ?? ""]);
    const text = [`After ${known.map(({ item, title }) => (title === undefined ? item : `${title} (${item})`)).join(", ")}, ${model.name} recommends:`, ...alignColumns([["", "item", "score", "title"], ...rows])];
    return { text: text.join("\n"), json: { model: model.name, session: known, unknown, recommendations } };
  } finally {
    model.dispose();
  }
}

interface NamedItem {
  readonly item: string;
  readonly title?: string;
}

/** The ids that the model learnt, with titles, and the others. */
function sortOut({ items }: Recommender, ids: readonly string[]): { readonly known: NamedItem[]; readonly unknown: string[] } {
  const numbers = new Map(items.ids.slice(0, items.trained).map((id, item) => [id, item]));
  return {
    known: ids.filter((id) => numbers.has(id)).map((id) => ({ item: id, title: items.titles?.[numbers.get(id)!] })),
    unknown: ids.filter((id) => !numbers.has(id)),
  };
}

function remarkOf({ items }: Recommender, id: string): string {
  const place = items.ids.indexOf(id);
  if (place >= 0) return `"${id}" (in the data, but not in training)`;
  return `"${id}" (no item of the training data; nearest: "${nearest(id, items.ids.slice(0, items.trained))}")`;
}
