/**
 * What is known of the response model and the simulated world, measured where the truth is known: how near the learnt
 * model's likelihood comes to the true mechanism's with more logs, counterfactual click rates against true ones (also in a
 * world of another coupling, where Gumbel-max is wrong), click rates of policies, and tests of a policy against itself.
 * One file, results/response/simulator.json, and the tables of docs/counterfactuals.md.
 */
import { readCheckedJson, writeCheckedJson } from "../../core/checked-json";
import { codeVersion } from "../../core/code-version";
import type { Budget } from "../../core/budget";
import { throwIfAborted } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import type { Progress } from "../../core/progress";
import { Rng } from "../../core/rng";
import { sessionsFrom } from "../../data/sessions";
import { splitBySession } from "../../data/split";
import { pairedBootstrap } from "../../evaluation/compare";
import type { Passport } from "../../evaluation/passport";
import { Sasrec } from "../../models/sasrec";
import { clickRates, lessPopularItems, sessionClicks, type ClickRates } from "../../response/ctr";
import { logLikelihoods, type Mechanism } from "../../response/mechanism";
import { fixedPolicy, loggingPolicy, oraclePolicy, randomPolicy, recommenderPolicy } from "../../response/policies";
import type { SlatePolicy } from "../../response/policy";
import { ResponseModel } from "../../response/response-model";
import { simulate, worldCounterfactual } from "../../response/simulate";
import { choicesOf, logEvents, type SlateLog } from "../../response/slate-log";
import { makeWorld, worldDefaults, type World, type WorldKnobs } from "../../response/world";
import { worldMechanism } from "../../response/world-mechanism";
import { libraryVersion, type BackendInfo } from "../../tensor/backend";
import { lessPopularSlates, rateRows, type RateRow } from "./truth";

/** How large it is. */
export interface ResponseSizes {
  /** Logged sessions that the model learns from, ascending; the last is the one that answers questions. */
  readonly logs: readonly number[];
  readonly held: number;
  readonly draws: number;
  readonly epochs: number;
  /** Sessions that SASRec learns from, and that each policy meets. */
  readonly policyLogs: number;
  readonly policySessions: number;
  readonly sameSessions: number;
}

/** By budget. */
export const responseSizes: Readonly<Record<Budget, ResponseSizes>> = {
  minute: { logs: [500, 2000], held: 1000, draws: 5, epochs: 6, policyLogs: 2000, policySessions: 500, sameSessions: 200 },
  hour: { logs: [2500, 10000, 40000], held: 4000, draws: 20, epochs: 15, policyLogs: 10000, policySessions: 3000, sameSessions: 1000 },
  paper: { logs: [2500, 10000, 40000, 160000], held: 10000, draws: 50, epochs: 20, policyLogs: 40000, policySessions: 10000, sameSessions: 1000 },
};

/** A log's size and what was learnt from it. */
export interface LikelihoodRow {
  readonly sessions: number;
  readonly steps: number;
  /** Mean nats a step on held-out sessions. */
  readonly learnt: number;
  /** learnt / truth - 1: how much worse. */
  readonly gap: number;
  readonly epochs: number;
}

/** One policy, over seeds. */
export interface PolicyRow {
  readonly name: string;
  /** By seed. */
  readonly rates: readonly ClickRates[];
  /** Of the slate CTR, over all sessions of all seeds. */
  readonly ctr: { readonly mean: number; readonly low: number; readonly high: number };
  /** Against the policy before it in the list, session by session under the same noise. */
  readonly gain?: { readonly difference: number; readonly low: number; readonly high: number; readonly seedsAhead: number };
}

/** What was measured. */
export interface ResponseResult {
  readonly experiment: "response";
  readonly code: string;
  readonly passport: Passport;
  readonly truth: number;
  /** Of answers drawn by how often each slot and no click are chosen. */
  readonly bySlot: number;
  readonly likelihood: readonly LikelihoodRow[];
  /** By the learnt model; by the true mechanism; by the learnt model in a world whose coupling is another. */
  readonly rates: { readonly learnt: readonly RateRow[]; readonly trueMechanism: readonly RateRow[]; readonly otherCoupling: readonly RateRow[] };
  readonly policies: readonly PolicyRow[];
  /** Tests of random slates against random slates. */
  readonly same: { readonly runs: number; readonly rejected: number; readonly low: number; readonly high: number };
}

/** What is run. */
export interface ResponseSettings {
  readonly budget: Budget;
  /** Worlds 1..n of the policies. */
  readonly seeds: number;
  readonly knobs?: Partial<WorldKnobs>;
  readonly sizes?: Partial<ResponseSizes>;
  /** Tests of a policy against itself. */
  readonly sameRuns?: number;
  readonly backend: Pick<BackendInfo, "name" | "device" | "threads" | "cpu">;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly onStep?: (line: string) => void;
}

/** The step whose slate is set. */
const changedStep = 2;
const seed = 1;

/** Measures everything. @throws AbortError */
export async function runResponse(settings: ResponseSettings): Promise<ResponseResult> {
  const startedAt = new Date();
  const { budget, backend, onStep } = settings;
  const sizes = { ...responseSizes[budget], ...settings.sizes };
  const rng = new Rng(seed);
  const world = makeWorld(settings.knobs ?? {}, rng.child("world"));
  const noise = rng.child("sessions");
  const logging = loggingPolicy(world);
  const most = sizes.logs.at(-1)!;
  const all = simulate(world, logging, { sessions: most }, noise).log;
  const held = simulate(world, logging, { sessions: sizes.held, first: most }, noise).log;
  const valid = simulate(world, logging, { sessions: Math.ceil(sizes.held / 4), first: most + sizes.held }, noise).log;
  const truth = meanOf(logLikelihoods(worldMechanism(world), held));
  const likelihood: LikelihoodRow[] = [];
  let rates: ResponseResult["rates"] | undefined;
  for (const sessions of sizes.logs) {
    throwIfAborted(settings.signal, "response");
    const log = sessions === most ? all : firstSessions(all, sessions);
    const model = new ResponseModel({ epochs: sizes.epochs });
    try {
      const { bestEpoch } = await model.fit(log, { rng: rng.child("model"), valid, signal: settings.signal, progress: settings.progress });
      const learnt = meanOf(logLikelihoods(model.mechanism(), held));
      likelihood.push({ sessions, steps: log.slate.length / log.slots, learnt, gap: learnt / truth - 1, epochs: bestEpoch });
      onStep?.(`${sessions} logged sessions: ${learnt.toFixed(4)} nats a step, the true mechanism ${truth.toFixed(4)}`);
      if (sessions === most) rates = ratesOf(world, held, model.mechanism(), noise, rng, sizes);
    } finally {
      model.dispose();
    }
  }
  const policies = await policyRows(settings, sizes);
  const same = sameTests(world, settings.sameRuns ?? 200, sizes.sameSessions);
  return {
    experiment: "response",
    code: codeVersion(__filename),
    passport: passportOfRun(settings, sizes, world, all, startedAt, backend),
    ...{ truth, bySlot: slotLikelihood(all, held), likelihood, rates: rates!, policies, same },
  };
}

function ratesOf(world: World, held: SlateLog, learnt: Mechanism, noise: Rng, rng: Rng, { draws, held: count }: ResponseSizes): ResponseResult["rates"] {
  const slates = rng.child("slates");
  const action = lessPopularSlates(held, world.popularity, changedStep, slates);
  const rows = (mechanism: Mechanism, one: typeof action, truth: SlateLog): readonly RateRow[] => rateRows(mechanism, one, truth, changedStep, draws, rng.child("noise"));
  const truth = worldCounterfactual(world, action, noise);
  const other: World = { ...world, options: { ...world.options, coupling: "inverse-cdf" } };
  const otherLog = simulate(other, loggingPolicy(other), { sessions: count, session: held.session }, noise).log;
  const otherAction = lessPopularSlates(otherLog, world.popularity, changedStep, slates);
  return {
    learnt: rows(learnt, action, truth),
    trueMechanism: rows(worldMechanism(world), action, truth),
    otherCoupling: rows(worldMechanism(world), otherAction, worldCounterfactual(other, otherAction, noise)),
  };
}

/** Random, popular, personalised and the best possible slates in worlds of several seeds. */
async function policyRows({ seeds, knobs, signal, progress, onStep }: ResponseSettings, sizes: ResponseSizes): Promise<readonly PolicyRow[]> {
  const rates = new Map<string, ClickRates[]>();
  const shares = new Map<string, number[]>();
  for (let n = 1; n <= seeds; n++) {
    throwIfAborted(signal, "response");
    const rng = new Rng(`world ${n}`);
    const world = makeWorld(knobs ?? {}, rng);
    const { log } = simulate(world, loggingPolicy(world), { sessions: sizes.policyLogs }, rng.child("logs"));
    const split = splitBySession(sessionsFrom(logEvents(log, "simulated"), { by: "given" }));
    const counts = new Float64Array(log.items);
    for (const item of split.train.item) counts[Number(split.items.ids[item])]! += 1;
    const model = new Sasrec({ dimension: 32, maxLength: 12, epochs: 2 * sizes.epochs, patience: 2 * sizes.epochs }); // it may stand still at popularity for some epochs
    try {
      await model.fit(split.train, split.valid, { rng: rng.child("model"), signal, progress });
      const popular = fixedPolicy("popularity", counts);
      const lessPopular = lessPopularItems(counts);
      const list: readonly SlatePolicy[] = [randomPolicy(), popular, recommenderPolicy(model, { start: popular }), oraclePolicy(world)];
      for (const policy of list) {
        const online = simulate(world, policy, { sessions: sizes.policySessions }, rng.child("online")).log; // the same users and noise for all
        const { clicked, steps } = sessionClicks(online);
        append(rates, policy.name, clickRates(online, lessPopular));
        for (let s = 0; s < steps.length; s++) append(shares, policy.name, clicked[s]! / steps[s]!);
      }
    } finally {
      model.dispose();
    }
    onStep?.(`world ${n}: slate CTR ${[...rates].map(([name, found]) => `${name} ${found.at(-1)!.slate.toFixed(3)}`).join(", ")}`);
  }
  const names = [...rates.keys()];
  return names.map((name, at) => {
    const own = Float64Array.from(shares.get(name)!);
    const session = Int32Array.from(own.keys());
    const { difference: mean, low, high } = pairedBootstrap(own, session, { resamples: 2000 });
    const before = names[at - 1];
    if (before === undefined) return { name, rates: rates.get(name)!, ctr: { mean, low, high } };
    const gain = pairedBootstrap(own.map((value, s) => value - shares.get(before)![s]!), session, { resamples: 2000 });
    const seedsAhead = rates.get(name)!.filter(({ slate }, n) => slate > rates.get(before)![n]!.slate).length;
    return { name, rates: rates.get(name)!, ctr: { mean, low, high }, gain: { difference: gain.difference, low: gain.low, high: gain.high, seedsAhead } };
  });
}

function append<T>(map: Map<string, T[]>, name: string, value: T): void {
  const list = map.get(name) ?? [];
  list.push(value);
  map.set(name, list);
}

/**
 * One policy twice, on the same users with other noise, tested at 5 %: how often the test finds an effect that is not there.
 * @returns with the central 99 % of what 5 % of the runs may come to (normal approximation of the binomial)
 */
export function sameTests(world: World, runs: number, sessions: number): ResponseResult["same"] {
  let rejected = 0;
  const policy = randomPolicy();
  for (let run = 0; run < runs; run++) {
    const [a, b] = ["a", "b"].map((side) => sessionClicks(simulate(world, policy, { sessions }, new Rng(`same ${run} ${side}`)).log));
    const difference = a!.clicked.map((clicks, s) => clicks / a!.steps[s]! - b!.clicked[s]! / b!.steps[s]!);
    if (pairedBootstrap(difference, Int32Array.from(difference.keys()), { resamples: 999, seed: run }).p < 0.05) rejected++;
  }
  const width = 2.576 * Math.sqrt((0.05 * 0.95) / runs);
  return { runs, rejected, low: Math.max(0, 0.05 - width), high: 0.05 + width };
}

/** Log likelihood where every slot has the share of choices that it has in the log. */
function slotLikelihood(log: SlateLog, held: SlateLog): number {
  const counts = new Float64Array(log.slots + 1).fill(1);
  for (const slot of choicesOf(log)) counts[slot]! += 1;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return meanOf(Float64Array.from(choicesOf(held), (slot) => Math.log(counts[slot]! / total)));
}

function firstSessions(log: SlateLog, count: number): SlateLog {
  const { offsets, slots, slate, clicked, user, session } = log;
  const end = offsets[count]! * slots;
  return { ...log, offsets: offsets.slice(0, count + 1), slate: slate.slice(0, end), clicked: clicked.slice(0, end), user: user?.slice(0, count), session: session?.slice(0, count) };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function passportOfRun({ budget, seeds, knobs, sameRuns = 200 }: ResponseSettings, sizes: ResponseSizes, world: World, log: SlateLog, startedAt: Date, backend: ResponseSettings["backend"]): Passport {
  return {
    model: "response model",
    data: { name: "simulated world", hash: hashOf({ taste: world.taste, quality: world.quality, slate: log.slate, clicked: log.clicked } as unknown as Hashable) },
    split: { logged: log.offsets.length - 1, held: sizes.held, by: "sessions of the same users, later numbers" },
    candidates: `slates of ${log.slots} of ${log.items} items`,
    ...{ ties: "expected", tieRate: 0, ks: [] },
    options: { world: { ...worldDefaults, ...knobs }, sizes, sameRuns } as Passport["options"],
    seeds: Array.from({ length: seeds }, (_, n) => n + 1),
    budget,
    version: libraryVersion(),
    ...{ backend: `${backend.name} ${backend.device}`, threads: backend.threads, cpu: backend.cpu, node: process.version },
    ...{ startedAt: startedAt.toISOString(), seconds: (Date.now() - startedAt.getTime()) / 1000 },
  };
}

/** Writes the results, with a checksum. */
export function writeResponse(file: string, result: ResponseResult): void {
  writeCheckedJson(file, result);
}

/** Reads them. @returns undefined where there are none. @throws DataError for a file that was changed */
export function readResponse(file: string): ResponseResult | undefined {
  return readCheckedJson<ResponseResult>(file, "results", "run sessionlab response --publish");
}
