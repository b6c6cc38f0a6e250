/**
 * The worlds of the online experiment: whose logs recommenders learn from, and which sessions meet them later. A half of the
 * users is logged, the other half comes fresh to the policies. Sessions have numbers, and noise is looked up by them: those
 * that choices are made on, those of the test and the sealed ones are three ranges that do not meet.
 */
import type { Budget } from "../../core/budget";
import { ConfigError } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import type { Cases, Role, Split } from "../../data/types";
import { trainingCounts } from "../../evaluation/strata";
import { lessPopularItems } from "../../response/ctr";
import { loggingPolicy, randomPolicy } from "../../response/policies";
import type { SlatePolicy } from "../../response/policy";
import { simulate } from "../../response/simulate";
import { clickSessions, type SlateLog } from "../../response/slate-log";
import { makeWorld, type World, type WorldKnobs } from "../../response/world";

/** The worlds: by how popular items are in what the logs show. */
export const onlineWorlds = {
  biased: { title: "popularity bias in the logs", knobs: { exposureBias: 1 } },
  unbiased: { title: "no popularity bias in the logs", knobs: { exposureBias: 0 } },
} as const;

/** The id of a world. */
export type OnlineWorldName = keyof typeof onlineWorlds;

/** What users meet before their first click: slates as logged, or of any items alike, which the training has not seen. */
export const onlineStarts = { logged: "slates as logged", uniform: "slates of all items alike" } as const;

/** The id of a start. */
export type OnlineStart = keyof typeof onlineStarts;

/** Which starts a world's sessions have: without bias the two are one. */
export function startsOf(world: OnlineWorldName): readonly OnlineStart[] {
  return world === "biased" ? ["logged", "uniform"] : ["logged"];
}

/** How large it is. */
export interface OnlineSizes {
  /** Logged sessions that are trained on, and those that training stops by. */
  readonly logged: number;
  readonly held: number;
  /** Sessions that choices are made on, of the test, and sealed. */
  readonly valid: number;
  readonly test: number;
  readonly confirm: number;
}

/** By budget. */
export const onlineSizes: Readonly<Record<Budget, OnlineSizes>> = {
  minute: { logged: 400, held: 150, valid: 200, test: 600, confirm: 600 },
  hour: { logged: 8000, held: 1000, valid: 2000, test: 4000, confirm: 4000 },
  paper: { logged: 40000, held: 4000, valid: 5000, test: 20000, confirm: 20000 },
};

/** Knobs over the world's defaults at every budget. */
const usualKnobs: Partial<WorldKnobs> = { users: 400, items: 150 };

/** The first number of each range of sessions. */
const firstOf: Readonly<Record<Role, number>> = { valid: 1_000_000, test: 2_000_000, confirm: 3_000_000 };

/** A world with its logs. */
export interface OnlineData {
  readonly name: OnlineWorldName;
  readonly seed: number;
  readonly world: World;
  /** Knobs that were set. */
  readonly knobs: Partial<WorldKnobs>;
  readonly sizes: OnlineSizes;
  /** What is trained on: session s here is session s of `split.train`, and items have one number everywhere. */
  readonly log: SlateLog;
  /** What the response model stops by. */
  readonly held: SlateLog;
  readonly split: Pick<Split, "train" | "valid">;
  /** [V] */
  readonly lessPopular: Uint8Array;
  /** Lets the sessions of a role meet a policy, whose first slates are those of `start`. */
  meet(role: Role, policy: (start: SlatePolicy) => SlatePolicy, start: OnlineStart): SlateLog;
  readonly rng: Rng;
}

/** What a world may be told. */
export interface OnlineWorldOptions {
  readonly budget: Budget;
  readonly knobs?: Partial<WorldKnobs>;
  readonly sizes?: Partial<OnlineSizes>;
  /** Of the items' training clicks: up to it an item is less popular. */
  readonly quantile?: number;
}

/**
 * Makes the world of a seed and its logs. Worlds of one seed have the same users and items; only what the logs show differs.
 * @throws ConfigError for knobs that are unknown or wrong
 * @example
 * import { onlineData } from "sessionlab";
 * const { log, split, meet } = onlineData("biased", 1, { budget: "minute", knobs: { users: 10, items: 20 }, sizes: { logged: 30, held: 10, test: 5 } });
 * assert.equal(split.train.offsets.length, 31);
 * assert.ok(log.user!.every((user) => user < 5) && meet("test", (start) => start, "uniform").user!.every((user) => user >= 5)); // users that were not logged
 */
export function onlineData(name: OnlineWorldName, seed: number, { budget, knobs: given, sizes: some, quantile = 0.8 }: OnlineWorldOptions): OnlineData {
  const knobs = { ...usualKnobs, ...given, ...onlineWorlds[name].knobs };
  const sizes = { ...onlineSizes[budget], ...some };
  const rng = new Rng(`online world ${seed}`);
  const world = makeWorld(knobs, rng.child("world"));
  const { users, items } = world.options;
  if (users < 2) throw new ConfigError(`Expected a world of 2 users or more, one half of whom is logged, found ${users}`);
  const known = Math.ceil(users / 2);
  const logging = loggingPolicy(world);
  const logOf = (first: number, sessions: number): SlateLog => {
    const session = Int32Array.from({ length: sessions }, (_, s) => first + s);
    return simulate(world, logging, { session, user: session.map((number) => number % known) }, rng.child("sessions")).log;
  };
  const log = logOf(0, sizes.logged);
  const later = logOf(sizes.logged, sizes.held);
  const all = { ids: Array.from({ length: items }, (_, item) => String(item)), trained: items };
  const clicked = clickSessions(log);
  const train = { ...clicked, role: "train" as const, items: all, hash: hashOf(clicked as unknown as Hashable) };
  return {
    ...{ name, seed, world, knobs, sizes },
    log: { ...log, session: Int32Array.from({ length: sizes.logged }, (_, s) => s) },
    held: later,
    split: { train, valid: casesOf(later, all) },
    lessPopular: lessPopularItems(trainingCounts(train), quantile),
    meet(role, policy, start) {
      const session = Int32Array.from({ length: sizes[role] }, (_, s) => firstOf[role] + s);
      const fresh = session.map((number) => known + (number % (users - known)));
      return simulate(world, policy(start === "logged" ? logging : randomPolicy()), { session, user: fresh }, rng.child("sessions")).log;
    },
    rng,
  };
}

/** Every click but the first of a session is a case. */
function casesOf(log: SlateLog, items: Cases["items"]): Cases<"valid"> {
  const sessions = clickSessions(log);
  const [session, end, target]: [number[], number[], number[]] = [[], [], []];
  for (let s = 0; s < sessions.offsets.length - 1; s++) {
    for (let at = sessions.offsets[s]! + 1; at < sessions.offsets[s + 1]!; at++) {
      session.push(s);
      end.push(at - sessions.offsets[s]!);
      target.push(sessions.item[at]!);
    }
  }
  const columns = { session: Int32Array.from(session), end: Int32Array.from(end), target: Int32Array.from(target) };
  return { role: "valid", items, sessions, ...columns, hash: hashOf({ sessions, ...columns } as unknown as Hashable) };
}
