#!/usr/bin/env node
/** sessionlab <verb>: a thin door to the library. Each verb is a file of its own; terminal.ts says what they share. */
import { Command, CommanderError } from "commander";
import { libraryVersion } from "../tensor/backend";
import { addBenchmark } from "./benchmark";
import { addCache } from "./cache";
import { addData } from "./data";
import { addDepartures } from "./departures";
import { addDiff } from "./diff";
import { addDiffusion } from "./diffusion";
import { addDoctor } from "./doctor";
import { addEvaluate } from "./evaluate";
import { addHdgi } from "./hdgi";
import { addKernel } from "./kernel";
import { addKg } from "./kg";
import { addLedger } from "./ledger";
import { addPersonas } from "./personas";
import { addPlan } from "./plan";
import { addRecommend } from "./recommend";
import { addReport } from "./report";
import { addReproduce } from "./reproduce";
import { addResponse } from "./response";
import { Runner, exitCodeOf } from "./terminal";
import { addTrain } from "./train";
import { addVectors } from "./vectors";

/**
 * Runs one command line.
 * @param args what follows "sessionlab"
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const runner = new Runner();
  const program = new Command("sessionlab")
    .description("Session-based recommendation research: train, evaluate and reproduce, with every number traceable to its run.")
    .version(libraryVersion())
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText("after", "\nExamples:\n  $ sessionlab doctor\n  $ sessionlab reproduce\n  $ sessionlab train --model sasrec --out runs/sasrec\n  $ sessionlab evaluate --model runs/sasrec --json\n\nEvery verb has its own --help. Exit codes: 0 done, 1 failure, 2 wrong usage, 130 interrupted.");
  for (const add of [addDoctor, addData, addVectors, addTrain, addEvaluate, addRecommend, addReproduce, addPlan, addBenchmark, addHdgi, addKg, addPersonas, addResponse, addDiffusion, addDepartures, addLedger, addDiff, addReport, addCache, addKernel]) add(program, runner);
  try {
    await program.parseAsync([...args], { from: "user" });
    return runner.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error); // it has said what was wrong
    throw error;
  }
}

/** When the reader of a pipe is gone (`sessionlab reproduce | head -1`), the work goes on and is saved; what is said then is said to nobody. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}

if (require.main === module) {
  outliveReaders();
  void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
