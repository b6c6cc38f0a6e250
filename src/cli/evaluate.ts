/**
 * sessionlab evaluate: a trained folder on the validation or the test cases of the split it was trained on; or a model
 * by name, trained and measured on benchmark files (evaluate-benchmark.ts).
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { ConfigError, DataError } from "../core/errors";
import { loadDataset } from "../data/datasets";
import { sessionsFrom } from "../data/sessions";
import { evaluate as evaluateCases } from "../evaluation/evaluate";
import { passportOf } from "../evaluation/passport";
import { countReading } from "../evaluation/readings";
import { trainingCounts } from "../evaluation/strata";
import { renderTable } from "../display/formats";
import { makerOf, models } from "../models/index";
import { protocols } from "../papers/base/base";
import { initBackend } from "../tensor/backend";
import { evaluateBenchmark, type BenchmarkEvaluateOptions } from "./evaluate-benchmark";
import type { Outcome, Runner, Terminal } from "./terminal";
import { readRecord, recordFile } from "./train";
import { oneOf, parseCutoffs, parseShare, parseWhole } from "./values";

interface FolderOptions {
  readonly model: string;
  readonly dataset?: string;
  readonly split?: string;
  readonly on?: string;
  readonly k?: readonly number[];
  readonly readings: string;
}

/** Options of each form that the other does not have. */
const folderOnly = ["dataset", "split", "on"] as const;
const benchmarkOnly = ["train", "test", "budget", "seed", "options", "validShare", "half"] as const;

export function addEvaluate(program: Command, runner: Runner): void {
  const command = program
    .command("evaluate")
    .description("measure a model by full ranking: a trained folder, or a model by name on benchmark files")
    .requiredOption("--model <folder or name>", `a folder that train wrote; with --train and --test one of ${Object.keys(models).join(", ")}`)
    .option("--k <numbers>", "cut-offs; default: 10,20, on benchmark files 20", parseCutoffs)
    .option("--readings <file>", "where readings of test are counted", "reports/readings.json")
    .optionsGroup("Of a trained folder:")
    .option("--dataset <name>", "must be the one it was trained on; default: that one")
    .option("--split <name>", "must be the one it was trained on; default: that one")
    .option("--on <cases>", "valid or test; each reading of test is counted; default: valid")
    .optionsGroup("On benchmark files, gzip or plain:")
    .option("--train <file>", "training sessions: item ids in time order, one session a line")
    .option("--test <file>", "test cases: prefix, tab, label, one case a line")
    .option("--budget <name>", `defaults of the model's options: ${budgets.join(", ")}; default: minute`)
    .option("--options <key=value...>", "options of the model")
    .option("--seed <n>", "seed of every random number; default: 1", parseWhole)
    .option("--valid-share <share>", "share of the training sessions, the last, kept from training for early stop; default: 0.1 for models that stop early, else 0", parseShare)
    .option("--half", "score the first half of the test sessions; the second stays sealed")
    .optionsGroup("Options:")
    .addHelpText("after", "\nExamples:\n  $ sessionlab evaluate --model runs/sasrec\n  $ sessionlab evaluate --model runs/sasrec --on test --k 5,10,20 --json\n  $ sessionlab evaluate --model item-knn --train train.txt.gz --test test.txt.gz --k 20 --json");
  runner.action(command, evaluate);
}

function evaluate(given: FolderOptions & Partial<BenchmarkEvaluateOptions>, terminal: Terminal): Promise<Outcome> {
  const { train, test } = given;
  const onFiles = train !== undefined && test !== undefined;
  const others: readonly (keyof typeof given)[] = onFiles ? folderOnly : benchmarkOnly;
  const stray = others.find((option) => given[option] !== undefined);
  if (onFiles && stray !== undefined) throw new ConfigError(`Expected options of benchmark files beside --train and --test, found --${stray}; leave it out`);
  if (stray !== undefined) {
    throw new ConfigError(`Expected --train FILE and --test FILE, found --${stray === "validShare" ? "valid-share" : stray} without ${train === undefined && test === undefined ? "them" : "the other"}; give both`);
  }
  return onFiles ? evaluateBenchmark({ ...given, train, test }, terminal) : evaluateFolder(given, terminal);
}

async function evaluateFolder(given: FolderOptions, { signal, progress }: Terminal): Promise<Outcome> {
  const on = oneOf("cases", ["valid", "test"] as const, given.on ?? "valid");
  if (given.model in models && !existsSync(given.model)) throw new ConfigError(`Expected a folder that train wrote, found the model "${given.model}"; give --train FILE and --test FILE too, or run "sessionlab train" first`);
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
    const evaluation = await evaluateCases((sessions) => model.score(sessions), split[on], { ks: given.k ?? [10, 20], counts: trainingCounts(split.train), signal, progress });
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
