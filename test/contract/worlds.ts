/** Generated worlds with a pattern that is known, for the contract of recommenders. */
import { Rng } from "../../src/core/rng";
import type { Cases, Items, Sessions, TrainSessions } from "../../src/data/types";

/** Data with a planted pattern, and how well a model that recovers it must do. */
export interface World {
  readonly train: TrainSessions;
  readonly valid: Cases<"valid">;
  /** HR at this cut-off on `valid` must reach `atLeast`. */
  readonly k: number;
  readonly atLeast: number;
}

/** V, and one more item that training never sees. */
export const trained = 30;
export const items: Items = {
  ids: Array.from({ length: trained + 1 }, (_, item) => `id-${item}`),
  trained,
  titles: Array.from({ length: trained + 1 }, (_, item) => `Title ${item}`),
};

/** Sessions as columns. */
export function columns(sessions: readonly (readonly number[])[]): Sessions {
  const offsets = new Uint32Array(sessions.length + 1);
  sessions.forEach((session, s) => (offsets[s + 1] = offsets[s]! + session.length));
  return { offsets, item: Int32Array.from(sessions.flat()) };
}

/**
 * The worlds by the pattern that is planted:
 * - cycle: each item has one successor, a random cycle through all of them;
 * - groups: a session shows the three items of one group in any order (two answers are right, so k = 2);
 * - company: the same, for models that recommend the session's own items too (all three are right, so k = 3);
 * - popular: three items are drawn nine times in ten, whatever came before;
 * - repeat: a session goes back and forth between two items of its own.
 */
export const worlds = {
  cycle: world("cycle", 1, 0.95, (rng, order) => {
    const start = rng.int(trained);
    return Array.from({ length: 3 + rng.int(6) }, (_, at) => order[(start + at) % trained]!);
  }),
  groups: world("groups", 2, 0.95, ofOneGroup),
  company: world("company", 3, 0.95, ofOneGroup),
  popular: world("popular", 3, 0.8, (rng, order) => Array.from({ length: 2 + rng.int(6) }, () => (rng.uniform() < 0.9 ? order[rng.int(3)]! : rng.int(trained)))),
  repeat: world("repeat", 2, 0.95, (rng) => {
    const pair = [rng.int(trained), rng.int(trained)];
    return Array.from({ length: 4 + rng.int(5) }, (_, at) => pair[at % 2]!);
  }),
} as const satisfies Readonly<Record<string, World>>;

function ofOneGroup(rng: Rng, order: Uint32Array): number[] {
  const group = 3 * rng.int(trained / 3);
  return Array.from(rng.permutation(3), (member) => order[group + member]!);
}

/** The last item of each validation session is the target. */
function world(name: string, k: number, atLeast: number, draw: (rng: Rng, order: Uint32Array) => number[]): World {
  const rng = new Rng(`world ${name}`);
  const order = rng.child("order").permutation(trained);
  // Two thirds of the cycle's steps, so that every item is in training; they lie inside the groups.
  const everyItem = Array.from(order, (item, at) => [item, order[(at + 1) % trained]!]).filter((_, at) => at % 3 !== 2);
  const sessions = Array.from({ length: 600 }, () => draw(rng, order));
  const held = Array.from({ length: 100 }, () => draw(rng, order));
  return {
    train: { role: "train", hash: `train ${name}`, items, ...columns([...sessions, ...everyItem]) },
    valid: {
      role: "valid",
      hash: `valid ${name}`,
      items,
      sessions: columns(held),
      session: Int32Array.from(held.keys()),
      end: Int32Array.from(held, (session) => session.length - 1),
      target: Int32Array.from(held, (session) => session[session.length - 1]!),
    },
    k,
    atLeast,
  };
}
