/** sessionlab evaluate: a trained folder on the validation or the test cases of the split it was trained on. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError, DataError } from "../core/errors";
import { loadDataset } from "../data/datasets";
import { sessionsFrom } from "../data/sessions";
import { evaluate as evaluateCases } from "../evaluation/evaluate";
import { passportOf } from "../evaluation/passport";
import { countReading } from "../evaluation/readings";
import { trainingCounts } from "../evaluation/strata";
import { renderTable } from "../display/formats";
import { makerOf } from "../models/index";
import { protocols } from "../papers/base";
import { initBackend } from "../tensor/backend";
import type { Outcome, Runner, Terminal } from "./terminal";
import { recordFile, type TrainingRecord } from "./train";
import { oneOf, parseCutoffs } from "./values";

interface EvaluateOptions {
  readonly model: string;
  readonly dataset?: string;
  readonly split?: string;
  readonly on: string;
  readonly k: readonly number[];
  readonly readings: string;
}

export function addEvaluate(program: Command, runner: Runner): void {
  const command = program
    .command("evaluate")
    .description("measure a trained model by full ranking")
    .requiredOption("--model <folder>", "a folder that train wrote")
    .option("--dataset <name>", "must be the one it was trained on; default: that one")
    .option("--split <name>", "must be the one it was trained on; default: that one")
    .option("--on <cases>", "valid or test; each reading of test is counted", "valid")
    .option("--k <numbers>", "cut-offs", parseCutoffs, [10, 20])
    .option("--readings <file>", "where readings of test are counted", "reports/readings.json")
    .addHelpText("after", "\nExamples:\n  $ sessionlab evaluate --model runs/sasrec\n  $ sessionlab evaluate --model runs/sasrec --on test --k 5,10,20 --json");
  runner.action(command, evaluate);
}

async function evaluate(given: EvaluateOptions, { signal, progress }: Terminal): Promise<Outcome> {
  const on = oneOf("cases", ["valid", "test"] as const, given.on);
  const folder = resolve(given.model);
  const record = readRecord(folder);
  for (const [name, asked, trained] of [["--dataset", given.dataset, record.dataset], ["--split", given.split, record.split]] as const) {
    if (asked !== undefined && asked !== trained) throw new ConfigError(`Expected ${name} ${trained}, as the model was trained, found ${asked}; train another model for it`);
  }
  const backend = await initBackend();
  const split = protocols[record.split].cut(sessionsFrom(await loadDataset(record.dataset, { signal, progress })));
  if (split.train.hash !== record.train) {
    throw new DataError(`Expected the training data of the model (${record.train.slice(0, 8)}), found others (${split.train.hash.slice(0, 8)}); train it again`, { file: join(folder, recordFile) });
  }
  const maker = makerOf(record.model);
  const model = await maker.load(folder);
  const experiment = `evaluate-${record.dataset}-${record.split}`;
  const readings = on === "test" ? await countReading(resolve(given.readings), experiment, on) : 0;
  const startedAt = new Date();
  const start = performance.now();
  try {
    const evaluation = await evaluateCases((sessions) => model.score(sessions), split[on], { ks: given.k, counts: trainingCounts(split.train), signal, progress });
    const { rows: _rows, ...summary } = evaluation;
    const { budget, options, seed } = record;
    const seconds = (performance.now() - start) / 1000;
    const passport = passportOf({ model: maker.title, options, seeds: [seed], budget, seconds, split, evaluation, backend, startedAt });
    const parts = [
      { name: "all cases", cases: evaluation.cases, metrics: evaluation.metrics },
      { name: "seen targets", cases: evaluation.overSeen.cases, metrics: evaluation.overSeen.metrics },
      ...evaluation.strata.filter((stratum) => stratum.by === "popularity"),
    ];
    const text = renderTable(
      {
        title: `${maker.title} on the ${on} cases of ${record.dataset}, ${protocols[record.split].title}`,
        columns: [
          { header: "cases of", cell: (part) => part.name },
          { header: "number", cell: (part) => part.cases, digits: 0 },
          ...Object.keys(evaluation.metrics).map((metric) => ({ header: metric, cell: (part: (typeof parts)[number]) => part.metrics[metric], digits: metric.startsWith("ARP") ? 1 : 4 })),
        ],
        rows: parts,
        protocol: `${passport.candidates}, metric's expectation over ties (tie rate ${evaluation.tieRate.toFixed(3)}), seen items not filtered, backend ${passport.backend}`,
        results: [given.model],
        notes: on === "test" ? [`This is reading ${readings} of these test cases from the command line.`] : [],
      },
      "text",
    );
    return { text, json: { model: record.model, on, readings: on === "test" ? readings : undefined, ...summary, passport } };
  } finally {
    model.dispose();
  }
}

function readRecord(folder: string): TrainingRecord {
  const file = join(folder, recordFile);
  if (!existsSync(file)) throw new ConfigError(`Expected --model to be a folder that train wrote, found no ${recordFile} in ${folder}; run "sessionlab train" first`);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as TrainingRecord;
  } catch (cause) {
    throw new DataError("Expected JSON, found something else; train the model again", { file }, { cause });
  }
}
