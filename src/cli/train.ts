/** sessionlab train: one model on one data set, saved as a folder that evaluate and the library open. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets, type Budget } from "../core/budget";
import { ConfigError, DataError } from "../core/errors";
import { writeFileAtomic, writeFolderAtomic } from "../core/files";
import { footer } from "../core/step";
import { loadDataset } from "../data/datasets";
import { sessionsFrom } from "../data/sessions";
import { makerOf, models, type ModelId } from "../models/index";
import { protocols, type Protocol } from "../papers/base/base";
import { evaluateStep, trainStep } from "../papers/steps";
import { initBackend } from "../tensor/backend";
import type { Outcome, Runner, Terminal } from "./terminal";
import { oneOf, parsePairs, parseWhole } from "./values";

interface TrainOptions {
  readonly model: string;
  readonly dataset: string;
  readonly split: string;
  readonly out: string;
  readonly seed: number;
  readonly budget: string;
  readonly options?: readonly string[];
}

/** training.json of a trained folder: what evaluate needs to measure it under the protocol it was trained under. */
export interface TrainingRecord {
  readonly model: ModelId;
  readonly dataset: string;
  readonly split: Protocol;
  readonly seed: number;
  readonly budget: Budget;
  readonly options: Readonly<Record<string, unknown>>;
  /** Hash of the training sessions. */
  readonly train: string;
  readonly startedAt: string;
  readonly seconds: number;
}

/** The file that marks a folder as one that train wrote. */
export const recordFile = "training.json";

/** The record of a folder that train wrote. @throws ConfigError if it is none; DataError if the record is damaged */
export function readRecord(folder: string): TrainingRecord {
  const file = join(folder, recordFile);
  if (!existsSync(file)) throw new ConfigError(`Expected --model to be a folder that train wrote, found no ${recordFile} in ${folder}; run "sessionlab train" first`);
  let record: TrainingRecord;
  try {
    record = JSON.parse(readFileSync(file, "utf8")) as TrainingRecord;
  } catch (cause) {
    throw new DataError("Expected JSON, found something else; train the model again", { file }, { cause });
  }
  if (!(record.model in models)) throw new DataError(`Expected the record of a model (${Object.keys(models).join(", ")}), found ${JSON.stringify(record.model)}; train the model again`, { file, field: "model" });
  return record;
}

export function addTrain(program: Command, runner: Runner): void {
  const command = program
    .command("train")
    .description("train a model and save it in a folder; interrupted, the same command goes on where it stopped")
    .requiredOption("--model <name>", `one of ${Object.keys(models).join(", ")}`)
    .requiredOption("--out <folder>", "where the model is saved; replaced if it is a model already")
    .option("--dataset <name>", "a data set of the catalogue", "ml-100k")
    .option("--split <name>", "time (cuts in time) or loo (leave-one-out)", "time")
    .option("--seed <n>", "seed of every random number", parseWhole, 1)
    .option("--budget <name>", `defaults of the options: ${budgets.join(", ")}`, "minute")
    .option("--options <key=value...>", "options of the model")
    .addHelpText("after", "\nExamples:\n  $ sessionlab train --model sasrec --out runs/sasrec\n  $ sessionlab train --model sasrec --split loo --seed 2 --options epochs=5 dropout=0.3 --out runs/short\n  $ sessionlab train --model markov --out runs/markov --json");
  runner.action(command, train);
}

async function train(given: TrainOptions, { signal, progress, say }: Terminal): Promise<Outcome> {
  const model = oneOf("a model", Object.keys(models) as ModelId[], given.model);
  const protocol = oneOf("a split", Object.keys(protocols) as Protocol[], given.split);
  const budget = oneOf("a budget", budgets, given.budget);
  const out = resolve(given.out);
  refuseOtherFolder(out);
  const maker = makerOf(model);
  const options = { ...maker.budgets[budget], ...parsePairs(given.options ?? []) };
  maker.make(options).dispose(); // wrong options fail before the data are fetched
  const backend = await initBackend();
  const split = protocols[protocol].cut(sessionsFrom(await loadDataset(given.dataset, { signal, progress })));
  const shop = { backend, budget, signal, progress };
  const trained = await trainStep(maker, split, options, given.seed, shop);
  const valid = await evaluateStep({ maker, trained, split, cases: split.valid }, shop);
  const record: TrainingRecord = {
    model,
    dataset: given.dataset,
    split: protocol,
    seed: given.seed,
    budget,
    options: trained.value.options,
    train: split.train.hash,
    startedAt: trained.value.startedAt,
    seconds: trained.seconds,
  };
  const fitted = await trained.value.open();
  try {
    await writeFolderAtomic(out, async (folder) => {
      await fitted.save(folder);
      writeFileAtomic(join(folder, recordFile), `${JSON.stringify(record, null, 2)}\n`);
    });
  } finally {
    fitted.dispose();
  }
  say(`${maker.title}: ${footer(trained)}`);
  const metrics = valid.value.metrics;
  const numbers = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  return {
    text: `${maker.title} trained on ${given.dataset} (${protocols[protocol].title}), seed ${given.seed}; saved in ${given.out}\nvalidation: ${numbers.join(", ")}\n`,
    json: { ...record, out, cached: trained.cached, report: trained.value.report, valid: metrics },
  };
}

/** A folder that train did not write is never replaced. */
function refuseOtherFolder(out: string): void {
  if (existsSync(out) && !existsSync(join(out, recordFile)) && readdirSync(out).length > 0) {
    throw new ConfigError(`Expected --out to be a new folder or one that train wrote, found other files in ${out}; name another folder`);
  }
}
