/**
 * Some nodes seen from all sides, for the explorer: what each of them is when meta-paths are switched off, one by one and
 * together. Every state is a forward pass, made beforehand, so that what shows it needs nothing but the numbers.
 */
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { normaliseVectors } from "../text/normalise";
import { personaMembership } from "./clusters";
import { movedBy } from "./explain";
import { nearestPersonas } from "./likeness";
import type { NearPersona, Personas, PersonaView } from "./personas";

/** An item of a list that a node is shown. */
export interface ExplorerCandidate {
  readonly id: string;
  readonly title: string;
  readonly score: number;
}

/** How to explore. */
export interface ExplorationOptions {
  /** Ids of nodes; default of each group its clearest member and its least clear one. */
  readonly nodes?: readonly string[];
  /** Meta-paths that can be switched off, 6 at most; default the first 6. */
  readonly paths?: readonly string[];
  /** Neighbours and nearest nodes to name; default 5. */
  readonly most?: number;
  /** Items of the history; default 10. */
  readonly items?: number;
  /**
   * What a node would be shown, best first, when some meta-paths are switched off: called for each node and state. A
   * recommender that takes a persona's vector finds it in `vector`.
   */
  readonly candidates?: (node: string, off: readonly string[], vector: Float32Array) => readonly ExplorerCandidate[] | Promise<readonly ExplorerCandidate[]>;
}

/** A node when some meta-paths are switched off. */
export interface PersonaState {
  readonly off: readonly string[];
  /** On the map. */
  readonly place: readonly [x: number, y: number];
  /** How far the vector is from the whole one, as a share of the usual distance of two nodes. */
  readonly moved: number;
  /** The group whose centre is nearest, and the membership there. */
  readonly persona: string;
  readonly membership: number;
  /** How much each meta-path counts, by name; those that are off are left out. */
  readonly weights: Readonly<Record<string, number>>;
  readonly nearest: readonly NearPersona[];
  readonly candidates?: readonly ExplorerCandidate[];
}

/** One node: what is known of it, and its states, the whole one first. */
export interface ExploredNode {
  readonly view: PersonaView;
  readonly states: readonly PersonaState[];
}

/** What an explorer shows. */
export interface PersonaExploration {
  /** "user". */
  readonly type: string;
  /** All meta-paths, and those that can be switched off. */
  readonly paths: readonly string[];
  readonly switched: readonly string[];
  /** Names of groups. */
  readonly personas: readonly string[];
  /** All nodes on the map: the two directions in which their vectors differ most (PCA), and the group of each. */
  readonly map: { readonly ids: readonly string[]; readonly x: Float32Array; readonly y: Float32Array; readonly group: Int32Array };
  readonly nodes: readonly ExploredNode[];
}

const mostSwitched = 6;

/**
 * Explores.
 * @throws ConfigError for a node or a path that is none, or more than 6 paths to switch
 * @example
 * import { explorePersonas, graphFrom, initBackend, learnPersonas, Rng } from "sessionlab";
 * await initBackend();
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = (name: string, from: string, to: string, source: number[], target: number[]) => ({ name, from, to, source: Int32Array.from(source), target: Int32Array.from(target), origin });
 * const nodes = [{ type: "user", ids: ["ann", "bob", "cy", "di"] }, { type: "item", ids: ["a", "b"] }, { type: "genre", ids: ["War", "Drama"] }];
 * const graph = graphFrom(nodes, [edges("chose", "user", "item", [0, 1, 2, 3], [0, 0, 1, 1]), edges("genre", "item", "genre", [0, 1], [0, 1])]);
 * const personas = await learnPersonas(graph, { shape: [2, 3], data: Float32Array.of(1, 0, 0, 0, 1, 1) }, { groups: 2, hdgi: { dimension: 4, epochs: 20 } }, { rng: new Rng(1) });
 * const { nodes: [ann] } = await explorePersonas(personas, { nodes: ["ann"] });
 * assert.deepEqual(ann!.states.map(({ off }) => off.length), [0, 1, 1]); // whole, without one path, without the other
 * personas.dispose();
 */
export async function explorePersonas(personas: Personas, { nodes = usualNodes(personas), paths, most = 5, items = 10, candidates }: ExplorationOptions = {}): Promise<PersonaExploration> {
  const { source, vectors, named, groups } = personas;
  const all = source.paths.map(({ name }) => name);
  const switched = paths ?? all.slice(0, mostSwitched);
  const unknown = switched.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new ConfigError(`Expected meta-paths of the personas (${all.join(", ")}), found "${unknown}"; did you mean "${nearest(unknown, all)}"?`);
  if (switched.length > mostSwitched) throw new ConfigError(`Expected ${mostSwitched} meta-paths to switch at most, found ${switched.length}; each doubles the states`);
  const numbers = nodes.map((id) => personas.number(id));
  const views = nodes.map((id) => personas.view(id, Math.max(most, items)));
  const count = source.nodes.length;
  const wholePlaces = await placesOf(vectors, vectors);
  const states: PersonaState[][] = nodes.map(() => []);
  for (const off of subsets(switched)) {
    if (off.length === all.length) continue; // nothing would be left
    const own = off.length === 0 ? vectors : personas.without(off);
    const weights = personas.weightsWithout(off);
    const places = off.length === 0 ? wholePlaces : await placesOf(vectors, own);
    const moved = movedBy(vectors, own);
    const membership = personaMembership(own, groups.centres);
    for (const [at, node] of numbers.entries()) {
      const vector = own.data.slice(node * own.shape[1], (node + 1) * own.shape[1]);
      const shares = membership.data.subarray(node * named.length, (node + 1) * named.length);
      const best = off.length === 0 ? groups.labels[node]! : shares.reduce((one, share, group) => (share > shares[one]! ? group : one), 0);
      states[at]!.push({
        off,
        place: [places[2 * node]!, places[2 * node + 1]!],
        moved: moved[node]!,
        persona: named[best]!.name,
        membership: shares[best]!,
        weights,
        nearest: nearestPersonas(own, node, most).map((one) => personas.near(one)),
        ...(candidates === undefined ? {} : { candidates: await candidates(nodes[at]!, off, vector) }),
      });
    }
  }
  const column = (side: number): Float32Array => Float32Array.from({ length: count }, (_, n) => wholePlaces[2 * n + side]!);
  return {
    type: source.type,
    paths: all,
    switched,
    personas: named.map(({ name }) => name),
    map: { ids: source.nodes, x: column(0), y: column(1), group: groups.labels },
    nodes: views.map((view, at) => ({ view: { ...view, items: view.items.slice(0, items) }, states: states[at]! })),
  };
}

/** All ways to switch some off, the fewest first. */
function subsets(names: readonly string[]): string[][] {
  const all = Array.from({ length: 2 ** names.length }, (_, mask) => names.filter((_name, at) => (mask >> at) & 1));
  return all.sort((a, b) => a.length - b.length);
}

/** Vectors in the plane in which `known` differ most. @returns [N, 2] */
async function placesOf(known: HostMatrix, shown: HostMatrix): Promise<Float32Array> {
  const [count, dimension] = known.shape;
  const both = new Float32Array(2 * count * dimension);
  both.set(known.data);
  both.set(shown.data, count * dimension);
  const { data } = await normaliseVectors({ data: both, dimension }, Array.from({ length: count }, (_, n) => n), "pca(2)");
  return data.slice(2 * count);
}

function usualNodes({ source, groups, named }: Personas): string[] {
  const share = (node: number): number => groups.membership.data[node * named.length + groups.labels[node]!]!;
  const found = named.flatMap(({ group }) => {
    const own = source.nodes.map((_, node) => node).filter((node) => groups.labels[node] === group).sort((a, b) => share(b) - share(a));
    return [own[0], own.at(-1)];
  });
  return [...new Set(found)].filter((node): node is number => node !== undefined).map((node) => source.nodes[node]!);
}
