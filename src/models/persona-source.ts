/**
 * What a recommender knows of its users' personas: a row for each user of training, and a way to give one to whoever is not
 * there, from the items of a session. A recommender never sees the graph.
 * Symbols: U users with training events, P dimensions of a persona, S sessions.
 */
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import type { Rng } from "../core/rng";
import { sessionsOf } from "../data/sequences";
import { sessionCount, type Sessions, type Split } from "../data/types";
import type { HostMatrix } from "../evaluation/logistic-regression";
import type { KnowledgeGraph } from "../kg/graph";
import type { GraphOfType } from "../personas/from-graph";
import type { Hdgi } from "../personas/hdgi";

/** Personas by inside ids. */
export interface PersonaSource {
  /** [U, P] by inside user id; no rows where the data have no users. */
  readonly users: HostMatrix;
  /** Rows for sessions, from their items alone: [S, P]; zero for one without a known item. Absent: nobody new has a persona. */
  infer?(sessions: Sessions): HostMatrix;
}

/** What is known of personas that were learnt: `Personas` has all of it. */
export interface LearntPersonas {
  readonly graph: KnowledgeGraph;
  readonly source: GraphOfType;
  readonly model: Pick<Hdgi, "embedNew">;
  /** [N, P] of the source's nodes. */
  readonly vectors: HostMatrix;
}

/** Sessions that are inferred at a time: each of them has a row for each meta-path. */
const inferredAtOnce = 2048;

/**
 * Personas as a recommender takes them: users by the split's numbers, centred, of mean squared coordinate 1, newcomers in the
 * same way.
 * @param personas of users, learnt on a graph of this split's training events
 * @example
 * import { eventsFrom, graphFrom, initBackend, learnPersonas, personaSource, Rng, sessionsFrom, splitByTime } from "sessionlab";
 * await initBackend();
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "v", "v", "v", "v"], item: ["a", "b", "b", "a", "a", "b"], time: [1, 2, 1, 2, 3, 4] });
 * const split = splitByTime(sessionsFrom(events), { at: [3, 4] });
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 0, 1), target: Int32Array.of(0, 1, 1), origin: { source: "demo", rule: "by hand", version: "1" } };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * const personas = await learnPersonas(graph, { shape: [2, 1], data: Float32Array.of(1, 3) }, { groups: 2, hdgi: { dimension: 4, epochs: 5 } }, { rng: new Rng(1) });
 * const source = personaSource(personas, split);
 * assert.deepEqual(source.users.shape, [2, 4]);
 * assert.ok(Math.abs(source.users.data[0]! + source.users.data[4]!) < 1e-5); // centred
 * assert.deepEqual(source.infer!({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }).shape, [1, 4]);
 * personas.dispose();
 */
export function personaSource(personas: LearntPersonas, split: Pick<Split, "items" | "users">): PersonaSource {
  const { source, model, vectors, graph } = personas;
  const nodes = new Map(source.nodes.map((id, node) => [id, node]));
  const items = new Map(graph.table("item").ids.map((id, item) => [id, item]));
  const known = split.items.ids.map((id) => items.get(id)); // a session's item -> the graph's
  const usual = usualOf(vectors);
  const users = (split.users?.ids ?? []).slice(0, split.users?.trained ?? 0);
  const rows = users.map((id) => nodes.get(id) ?? -1);
  return {
    users: gathered(standardised(vectors, usual), rows),
    infer(sessions) {
      const lists = Array.from({ length: sessionCount(sessions) }, (_, s) =>
        Array.from(sessions.item.subarray(sessions.offsets[s], sessions.offsets[s + 1]), (item) => known[item] ?? -1).filter((item) => item >= 0),
      );
      const width = vectors.shape[1];
      const data = new Float32Array(lists.length * width);
      for (let from = 0; from < lists.length; from += inferredAtOnce) {
        const some = lists.slice(from, from + inferredAtOnce);
        data.set(standardised(model.embedNew(source, source.newNodes(some)), usual).data, from * width);
      }
      lists.forEach((list, s) => void (list.length === 0 && data.fill(0, s * width, (s + 1) * width)));
      return { shape: [lists.length, width], data };
    },
  };
}

/** The same, but a session of items that were asked for before is not inferred again: training and validation ask every epoch. */
export function remembering({ users, infer }: PersonaSource): PersonaSource {
  if (infer === undefined) return { users };
  const kept = new Map<string, Float32Array>();
  return {
    users,
    infer(sessions) {
      const { offsets, item } = sessions;
      const keys = Array.from({ length: sessionCount(sessions) }, (_, s) => item.subarray(offsets[s], offsets[s + 1]).join());
      const fresh = [...new Map(keys.map((key, s) => [key, s])).entries()].filter(([key]) => !kept.has(key));
      if (fresh.length > 0) {
        const { shape, data } = infer(chosenSessions(sessions, fresh.map(([, s]) => s)));
        fresh.forEach(([key], at) => kept.set(key, data.slice(at * shape[1], (at + 1) * shape[1])));
      }
      const width = users.shape[1];
      const data = new Float32Array(keys.length * width);
      keys.forEach((key, s) => data.set(kept.get(key)!, s * width));
      return { shape: [keys.length, width], data };
    },
  };
}

/**
 * Placebo: every user has another user's persona, and so has every newcomer's session that of a user drawn by its items. What a
 * persona says is gone; how personas are spread is not.
 * @example
 * import { Rng, shuffledPersonas } from "sessionlab";
 * const users = { shape: [3, 1] as [number, number], data: Float32Array.of(1, 2, 3) };
 * assert.deepEqual([...shuffledPersonas({ users }, new Rng(1)).users.data].sort(), [1, 2, 3]);
 */
export function shuffledPersonas({ users, infer }: PersonaSource, rng: Rng): PersonaSource {
  const shuffled = gathered(users, Array.from(rng.child("users").permutation(users.shape[0])));
  return { users: shuffled, infer: infer && drawn(shuffled, rng) };
}

/**
 * Placebo: rows of independent normal numbers, of the same shape.
 * @example
 * import { randomPersonas, Rng } from "sessionlab";
 * const users = { shape: [3, 1] as [number, number], data: Float32Array.of(1, 2, 3) };
 * assert.deepEqual(randomPersonas({ users }, new Rng(1)).users.shape, [3, 1]);
 */
export function randomPersonas({ users: { shape }, infer }: PersonaSource, rng: Rng): PersonaSource {
  const users = { shape, data: Float32Array.from(rng.child("users").normals(shape[0] * shape[1])) };
  return { users, infer: infer && drawn(users, rng) };
}

/** Sessions of the same items get the same user's row. */
function drawn(users: HostMatrix, rng: Rng): NonNullable<PersonaSource["infer"]> {
  return (sessions) => gathered(users, Array.from({ length: sessionCount(sessions) }, (_, s) => {
    const items = sessions.item.subarray(sessions.offsets[s], sessions.offsets[s + 1]);
    return items.length === 0 ? -1 : rng.child(`session ${items.join()}`).int(users.shape[0]);
  }));
}

/**
 * Looks at what a fit was given.
 * @throws ConfigError when personas are missing, not asked for, of another number of users, or not finite
 */
export function checkPersonas(owner: string, reads: boolean, personas: PersonaSource | undefined): PersonaSource | undefined {
  if (!reads) {
    if (personas !== undefined) throw new ConfigError(`Expected no personas for ${owner}, found some; a model that reads them is PersonaSasrec`);
    return undefined;
  }
  if (personas === undefined) throw new ConfigError(`Expected personas for ${owner}, found none; give fit some (personaSource of learnPersonas)`);
  const { shape, data } = personas.users;
  if (data.length !== shape[0] * shape[1] || shape[1] === 0) throw new ConfigError(`Expected personas of shape [users, P], found [${shape.join(", ")}] with ${data.length} numbers`);
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new ConfigError(`Expected finite personas, found ${data[wrong]} for user ${Math.floor(wrong / shape[1])}`);
  return personas;
}

/** The identity of personas in checkpoints and passports; "none" without any. */
export function personasHash(personas: PersonaSource | undefined): string {
  return personas === undefined ? "none" : hashOf({ shape: [...personas.users.shape], data: personas.users.data, infers: personas.infer !== undefined });
}

/** Some of the sessions, by number, without their users and times. */
export function chosenSessions({ offsets, item }: Sessions, rows: ArrayLike<number>): Sessions {
  return sessionsOf(Array.from({ length: rows.length }, (_, at) => item.subarray(offsets[rows[at]!], offsets[rows[at]! + 1])));
}

/** Rows by number; zero for -1. */
export function gathered({ shape: [, width], data }: HostMatrix, rows: ArrayLike<number>): HostMatrix {
  const out = new Float32Array(rows.length * width);
  for (let at = 0; at < rows.length; at++) if (rows[at]! >= 0) out.set(data.subarray(rows[at]! * width, (rows[at]! + 1) * width), at * width);
  return { shape: [rows.length, width], data: out };
}

interface Usual {
  readonly mean: Float64Array;
  readonly scale: number;
}

function usualOf({ shape: [rows, width], data }: HostMatrix): Usual {
  const mean = new Float64Array(width);
  data.forEach((value, at) => (mean[at % width]! += value / rows));
  const square = data.reduce((sum, value, at) => sum + (value - mean[at % width]!) ** 2, 0) / data.length;
  return { mean, scale: square > 0 ? 1 / Math.sqrt(square) : 1 };
}

function standardised({ shape, data }: HostMatrix, { mean, scale }: Usual): HostMatrix {
  return { shape, data: data.map((value, at) => (value - mean[at % shape[1]]!) * scale) };
}
