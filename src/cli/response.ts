/**
 * sessionlab response: the response model and the simulated world where the truth is known; with --steps, how fast
 * sessions step with a trained recommender in the loop, and what memory that takes.
 */
import { join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { throwIfAborted } from "../core/errors";
import { meter } from "../core/progress";
import { Rng } from "../core/rng";
import { sessionsFrom } from "../data/sessions";
import { splitBySession } from "../data/split";
import { projectRoot } from "../data/store";
import { renderTable, type TableFormat } from "../display/formats";
import { models } from "../models/index";
import { runResponse, writeResponse, type ResponseResult } from "../papers/response/response";
import { responseTables } from "../papers/response/tables";
import { fixedPolicy, loggingPolicy, recommenderPolicy } from "../response/policies";
import { simulate } from "../response/simulate";
import { logEvents } from "../response/slate-log";
import { makeWorld, type WorldKnobs } from "../response/world";
import { initBackend } from "../tensor/backend";
import { publishBlocks } from "./publish";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, oneOf, parsePairs, parsePositive } from "./values";

interface Options {
  readonly budget: string;
  readonly seeds: number;
  readonly world?: readonly string[];
  readonly out: string;
  readonly publish?: boolean;
  readonly steps?: number;
  readonly model: string;
}

/** The blocks of the tables, in the order of the tables. */
export const responseBlocks = ["response-likelihood", "response-rates", "response-policies"] as const;

const ids = Object.keys(models) as (keyof typeof models)[];

/** Adds the verb to the command line. */
export function addResponse(program: Command, runner: Runner): void {
  const command = program
    .command("response")
    .description("how users answer slates: the learnt model, counterfactuals and policies in a simulated world whose truth is known")
    .option("--budget <name>", budgets.join(", "), "minute")
    .option("--seeds <n>", "worlds 1..n that the policies are compared in", parsePositive, 5)
    .option("--world <key=value...>", "knobs of the world: positionBias=1 coupling=inverse-cdf")
    .option("--out <file>", "where the results are written", "reports/response/simulator.json")
    .option("--publish", "write results/response/simulator.json and the tables into the page that has their places")
    .option("--steps <n>", "instead: let sessions run for so many steps with a trained recommender, and say how fast", parsePositive)
    .option("--model <id>", `with --steps: one of ${ids.join(", ")}`, "gru4rec")
    .addHelpText("after", "\nExamples:\n  $ sessionlab response\n  $ sessionlab response --budget hour --seeds 5 --publish\n  $ sessionlab response --world noveltySeeking=1 drift=0 --json\n  $ sessionlab response --steps 1000000 --model sasrec");
  runner.action(command, (options: Options, terminal) => (options.steps === undefined ? evaluate(options, terminal) : load(options, terminal)));
}

async function evaluate(given: Options, { signal, progress, say }: Terminal): Promise<Outcome> {
  const budget = oneOf("a budget", budgets, given.budget);
  const backend = await initBackend();
  const knobs = parsePairs(given.world ?? []) as Partial<WorldKnobs>;
  const result = await runResponse({ budget, seeds: given.seeds, knobs, backend, signal, progress, onStep: say });
  writeResponse(given.publish === true ? join(projectRoot, "results", "response", "simulator.json") : resolve(given.out), result);
  if (given.publish === true) publishBlocks(Object.fromEntries(renderAll(result, "markdown").map((table, at) => [responseBlocks[at]!, table])));
  return { text: renderAll(result, "text").join("\n"), json: result };
}

function renderAll(result: ResponseResult, format: TableFormat): readonly string[] {
  const [likelihood, rates, policies] = responseTables(result);
  return [renderTable(likelihood, format), renderTable(rates, format), renderTable(policies, format)];
}

/** Sessions that step together: what is held in memory at once. */
const together = 4096;

async function load({ steps: wanted, model: id, world: knobs }: Options, { signal, progress }: Terminal): Promise<Outcome> {
  const backend = await initBackend();
  const rng = new Rng(1);
  const world = makeWorld(parsePairs(knobs ?? []) as Partial<WorldKnobs>, rng.child("world"));
  const { log } = simulate(world, loggingPolicy(world), { sessions: 4000 }, rng.child("logs"));
  const split = splitBySession(sessionsFrom(logEvents(log, "simulated"), { by: "given" }));
  const model = models[oneOf("a model", ids, id)].make({});
  await model.fit(split.train, split.valid, { rng: rng.child("model"), signal, progress });
  const counts = new Float64Array(log.items);
  for (const item of split.train.item) counts[Number(split.items.ids[item])]! += 1;
  const policy = recommenderPolicy(model, { start: fixedPolicy("popularity", counts) });
  const tick = meter(progress, `steps with ${model.name} in the loop`, "step", wanted);
  const memory: { readonly steps: number; readonly bytes: number }[] = [];
  let [done, clicks, first] = [0, 0, 0];
  const started = performance.now();
  while (done < wanted!) {
    throwIfAborted(signal, "response");
    const run = simulate(world, policy, { sessions: together, first }, rng.child("online"));
    first += together;
    done += run.expected.length;
    for (const one of run.log.clicked) clicks += one;
    memory.push({ steps: done, bytes: process.memoryUsage().rss });
    tick(done);
    await nextTurn();
  }
  const seconds = (performance.now() - started) / 1000;
  model.dispose();
  // After a fifth all buffers have their size; from there on nothing may grow.
  const warm = memory[Math.floor(memory.length / 5)]!;
  const [early, late] = [warm.bytes, memory.at(-1)!.bytes];
  const rows = [
    ["steps", `${done} in ${first} sessions of ${backend.threads} threads' work`],
    ["rate", `${Math.round(done / seconds)} steps/s with ${model.name} making every slate (${seconds.toFixed(1)} s)`],
    ["slate CTR", (clicks / done).toFixed(4)],
    ["memory", `${(early / 1e6).toFixed(0)} MB after ${warm.steps} steps, ${(late / 1e6).toFixed(0)} MB at the end`],
  ];
  return { text: alignColumns(rows).join("\n"), json: { model: model.name, steps: done, seconds, rate: done / seconds, ctr: clicks / done, memory } };
}
