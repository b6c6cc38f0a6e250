import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { adjustedRandIndex } from "../../src/evaluation/labels";
import { graphFrom, type KnowledgeGraph } from "../../src/kg/graph";
import { namePersonas, personaGroups } from "../../src/personas/clusters";
import { itemShares, movedBy, pathShares, withoutPaths } from "../../src/personas/explain";
import { personaGraphOf, type GraphOfType } from "../../src/personas/from-graph";
import { Hdgi } from "../../src/personas/hdgi";
import { nearestPersonas, personaStability } from "../../src/personas/likeness";
import { learnPersonas } from "../../src/personas/personas";
import { initBackend } from "../../src/tensor/backend";
import { close } from "../tensor/helpers";

const origin = { source: "demo", rule: "by hand", version: "1" };
const users = 90;
const items = 30;
const taste = (user: number): number => user % 3;
const chosenBy = (user: number): number[] => {
  const rng = new Rng(`choices ${user}`);
  return Array.from({ length: 6 }, (_, n) => (n < 5 ? taste(user) * 10 + rng.int(10) : rng.int(items)));
};

/** Three tastes: genres War, Drama and Comedy of ten items each; one choice in six is of any. */
function shop(): KnowledgeGraph {
  const pairs = Array.from({ length: users }, (_, user) => chosenBy(user).map((item) => [user, item] as const)).flat();
  const edges = (name: string, from: string, to: string, of: readonly (readonly [number, number])[]) => ({ name, from, to, source: Int32Array.from(of, ([a]) => a), target: Int32Array.from(of, ([, b]) => b), origin });
  return graphFrom(
    [
      { type: "user", ids: Array.from({ length: users }, (_, n) => `u${n}`) },
      { type: "item", ids: Array.from({ length: items }, (_, n) => `i${n}`), labels: Array.from({ length: items }, (_, n) => `Title ${n}`) },
      { type: "genre", ids: ["war", "drama", "comedy"], labels: ["War", "Drama", "Comedy"] },
    ],
    [edges("chose", "user", "item", pairs), edges("genre", "item", "genre", Array.from({ length: items }, (_, n) => [n, Math.floor(n / 10)]))],
  );
}

describe("personas of a graph", () => {
  const graph = shop();
  const tastes = Int32Array.from({ length: users }, (_, user) => taste(user));
  const models: Hdgi[] = [];
  let source: GraphOfType;
  before(async () => {
    await initBackend();
    const rng = new Rng("vectors");
    const vectors = { shape: [items, 6] as const, data: Float32Array.from({ length: items * 6 }, (_, i) => rng.normal() + (i % 6 === Math.floor(i / 60) ? 2 : 0)) };
    source = personaGraphOf(graph, "user", vectors);
    for (const [variant, seed] of [["gcn", 1], ["gcn", 2], ["gat", 1]] as const) {
      const model = new Hdgi({ variant, dimension: 8, heads: 2, epochs: 60, rate: 0.02 });
      await model.fit(source, { rng: new Rng(seed) });
      models.push(model);
    }
  });
  after(() => models.forEach((model) => model.dispose()));

  it("groups find the tastes, memberships are the equation's, names say what marks them", () => {
    const vectors = models[0]!.embed(source);
    const { labels, centres, membership } = personaGroups(vectors, 3, new Rng(1));
    assert.ok(adjustedRandIndex(tastes, labels) > 0.8, String(adjustedRandIndex(tastes, labels)));
    const square = [0, 1, 2].map((c) => vectors.data.subarray(0, 8).reduce((sum, value, d) => sum + (value - centres.data[8 * c + d]!) ** 2, 0));
    const inverse = square.map((one) => 1 / one);
    close(membership.data.subarray(0, 3), inverse.map((one) => one / inverse.reduce((a, b) => a + b)), 1e-4);
    const names = namePersonas(graph, "user", labels);
    assert.deepEqual(names.map(({ name }) => name).sort(), ["Comedy", "Drama", "War"]);
    assert.deepEqual(names.map(({ nodes }) => nodes).reduce((a, b) => a + b), users);
    assert.throws(() => namePersonas(graph, "user", labels.slice(1)), /each of 90 nodes, found 89/);
    assert.throws(() => namePersonas(graph, "user", labels, { features: ["author"] }), /\(genre\), found "author"/);
  });

  it("a mark's lift and share are those of the choices", () => {
    const [war] = namePersonas(graph, "user", tastes, { marks: 1 }); // taste 0
    const own = Array.from({ length: users }, (_, user) => user).filter((user) => taste(user) === 0).flatMap(chosenBy);
    const all = Array.from({ length: users }, (_, user) => chosenBy(user)).flat();
    const share = (choices: readonly number[]): number => choices.filter((item) => item < 10).length / choices.length;
    const { value, choices, ...mark } = war!.marks[0]!;
    assert.deepEqual([value, choices], ["War", own.filter((item) => item < 10).length]);
    close([mark.share, mark.lift], [share(own), share(own) / share(all)], 1e-9);
    assert.match(war!.items[0]!.value, /^Title \d$/);
  });

  it("the nearest are of one taste, and two seeds agree more than chance", () => {
    const [one, two] = [models[0]!.embed(source), models[1]!.embed(source)];
    const near = nearestPersonas(one, 0, 10);
    assert.ok(near.every(({ node }) => node !== 0) && near.filter(({ node }) => taste(node) === 0).length >= 9);
    near.slice(1).forEach(({ likeness }, n) => assert.ok(likeness <= near[n]!.likeness));
    assert.deepEqual(nearestPersonas(one, one.data.slice(0, 8), 1)[0]!.node, 0);
    const stability = personaStability([one, two], 3, new Rng(1));
    assert.ok(stability.groups > 0.6 && stability.neighbours > 2 * stability.byChance, JSON.stringify(stability));
    assert.deepEqual(personaStability([one, one, one], 3, new Rng(1)).neighbours, 1);
    assert.throws(() => personaStability([one], 3, new Rng(1)), /two seeds or more/);
    assert.throws(() => nearestPersonas(one, new Float32Array(3), 1), /vector of 8 numbers, found 3/);
  });

  it("answers for one node at once, and for newcomers", async () => {
    const rng = new Rng("vectors");
    const vectors = { shape: [items, 6] as const, data: Float32Array.from({ length: items * 6 }, (_, i) => rng.normal() + (i % 6 === Math.floor(i / 60) ? 2 : 0)) };
    const personas = await learnPersonas(graph, vectors, { groups: 3, hdgi: { dimension: 8, epochs: 60, rate: 0.02 } }, { rng: new Rng(1) });
    const view = personas.view("u3", 4); // taste 0
    assert.deepEqual([view.id, view.persona, view.memberships[0]!.persona], ["u3", "War", "War"]);
    const own = new Set(chosenBy(3).map((item) => `i${item}`));
    assert.ok(view.items.length === 4 && view.items.every(({ id, label }) => own.has(id) && label === `Title ${id.slice(1)}`));
    close([view.memberships.reduce((sum, { membership }) => sum + membership, 0)], [1], 1e-5);
    const off = movedBy(personas.vectors, personas.without(["user-item-user"]));
    close([view.paths[0]!.moved!], [off[3]!], 1e-6);
    const [fresh] = [personas.infer([["i1", "i4", "unknown"], []])];
    assert.deepEqual(fresh.shape, [2, 8]);
    const near = nearestPersonas(personas.vectors, fresh.data.slice(0, 8), 10);
    assert.ok(near.filter(({ node }) => taste(node) === 0).length >= 7, JSON.stringify(near));
    assert.throws(() => personas.view("u99"), /Expected a user of the graph, found "u99"/);
    personas.dispose();
  });

  for (const [which, variant] of [[0, "gcn"], [2, "gat"]] as const) {
    it(`paths' shares add up, rows are those that the pass went over: ${variant}`, () => {
      const model = models[which]!;
      const shares = pathShares(model, source, 4, 100);
      close([shares.reduce((sum, { weight }) => sum + weight, 0), shares.reduce((sum, { share }) => sum + share, 0)], [1, 1], 1e-4);
      const { beta, vectors, sees } = model.look(source, 4);
      const whole = model.embed(source).data.subarray(32, 40);
      close(vectors[0]!.map((_, d) => vectors.reduce((sum, vector, p) => sum + beta[p]! * vector[d]!, 0)), whole, 1e-5);
      if (variant === "gat") sees.forEach((row) => close([row.reduce((sum, { weight }) => sum + weight, 0)], [1], 1e-5));
      assert.ok(shares.every(({ neighbours }) => neighbours.length > 0 && neighbours.every(({ node }) => node !== 4)));
      assert.throws(() => pathShares(model, source, 90), /\[0, 90\), found 90/);
    });
  }

  it("the item of another taste is not what the vector hangs on, and a path that is off moves vectors without a training", () => {
    const own = [0, 1, 2, 3];
    const shares = itemShares(models[0]!, source, [...own, 0, 0]);
    assert.deepEqual(shares.map(({ item }) => item).sort(), own);
    const all = models[0]!.embedNew(source, source.newNodes([[...own, 0, 0], own.slice(1)])).data;
    const apart = Math.hypot(...all.slice(0, 8).map((value, d) => value - all[8 + d]!));
    const known = models[0]!.embed(source).data;
    const squares = Array.from({ length: users }, (_, a) => Array.from({ length: users }, (__, b) => known.subarray(8 * a, 8 * a + 8).reduce((sum, value, d) => sum + (value - known[8 * b + d]!) ** 2, 0))).flat();
    close([shares.find(({ item }) => item === 0)!.moved], [apart / Math.sqrt(squares.reduce((a, b) => a + b) / users ** 2)], 1e-4);
    assert.deepEqual(itemShares(models[0]!, source, [3, 3]), []);
    const off = withoutPaths(source, ["user-item-genre-item-user"]);
    const moved = movedBy(models[0]!.embed(source), models[0]!.embed(off));
    assert.ok(moved.length === users && moved.some((one) => one > 1e-4));
    close(movedBy(models[0]!.embed(source), models[0]!.embed(source)), new Float32Array(users), 1e-6);
    assert.throws(() => withoutPaths(source, ["user-genre-user"]), /found "user-genre-user"/);
  });
});
