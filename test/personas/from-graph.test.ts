import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitByTime } from "../../src/data/split";
import { buildGraph } from "../../src/kg/build";
import { graphFrom, type KnowledgeGraph } from "../../src/kg/graph";
import { metaPath, metaPathHalf, metaPathRows } from "../../src/kg/meta-paths";
import { gram, multiply, transpose } from "../../src/kg/sparse";
import { personaGraphOf, personaPaths } from "../../src/personas/from-graph";
import { Hdgi } from "../../src/personas/hdgi";
import { holdNewPath } from "../../src/personas/new-nodes";
import { learnPersonas } from "../../src/personas/personas";
import { initBackend } from "../../src/tensor/backend";
import { cellRows, rowSums, sparseFrom, type SparseMatrix } from "../../src/tensor/sparse";
import { close } from "../tensor/helpers";

const origin = { source: "demo", rule: "by hand", version: "1" };

/** Users of two tastes; items of either genre, near each other within it. */
function shop(users: number, items = 12): KnowledgeGraph {
  const chosen = Array.from({ length: users }, (_, user) => chosenBy(user, items));
  const half = items / 2;
  const near = Array.from({ length: items }, (_, item) => [item, item - (item % half) + ((item + 1) % half)] as const);
  const edges = (name: string, from: string, to: string, pairs: readonly (readonly [number, number])[]) => ({ name, from, to, source: Int32Array.from(pairs, ([a]) => a), target: Int32Array.from(pairs, ([, b]) => b), origin });
  return graphFrom(
    [{ type: "user", ids: chosen.map((_, user) => `u${user}`) }, { type: "item", ids: near.map((_, item) => `i${item}`) }, { type: "genre", ids: ["War", "Drama"] }],
    [
      edges("chose", "user", "item", chosen.flatMap((list, user) => list.map((item) => [user, item] as const))),
      edges("genre", "item", "genre", near.map((_, item) => [item, Number(item >= half)])),
      edges("near in sessions", "item", "item", near.flatMap(([a, b]) => [[a, b], [b, a]] as const)),
    ],
  );
}

function chosenBy(user: number, items: number): number[] {
  const rng = new Rng(`taste ${user}`);
  return Array.from({ length: 4 }, () => (user % 2) * (items / 2) + rng.int(items / 2));
}

function vectorsOf(items: number): { shape: readonly [number, number]; data: Float32Array } {
  const rng = new Rng("items");
  return { shape: [items, 5], data: Float32Array.from({ length: 5 * items }, (_, i) => rng.normal() + (i % 5 === 0 ? 3 * Number(i >= 2.5 * items) : 0)) };
}

function dense({ rows, columns, ...matrix }: SparseMatrix): number[] {
  const values = new Array<number>(rows * columns).fill(0);
  cellRows({ rows, ...matrix }).forEach((row, cell) => (values[row * columns + matrix.column[cell]!] = matrix.value[cell]!));
  return values;
}

describe("personas/from-graph", () => {
  before(() => initBackend());

  it("the half of a mirrored path makes its commuting matrix, by counts and by rarity", () => {
    const graph = shop(9);
    for (const path of [["user", "item", "user"], ["user", "item", "genre", "item", "user"]]) {
      for (const weight of ["count", "idf"] as const) {
        const half = metaPathHalf(graph, path, { weight });
        close(dense(gram(half)), dense(metaPath(graph, path, { weight }).matrix), 1e-5);
        const first = metaPathHalf(graph, path, { weight }, graphRows(graph, [2, 5]));
        close(dense(first), [2, 5].flatMap((user) => dense(half).slice(user * half.columns, (user + 1) * half.columns)), 1e-6);
      }
    }
    assert.throws(() => metaPathHalf(graph, ["user", "item", ">near in sessions", "item", "user"]), /around a node in its middle/);
    assert.throws(() => metaPathHalf(graph, ["user", "item", "user"], { topK: 3 }), /need the product|makes the product/);
  });

  it("rows of newcomers are those that the same nodes have in the graph", () => {
    const graph = shop(9);
    const path = ["user", "item", ">near in sessions", "item", "user"];
    const whole = metaPath(graph, path, { weight: "idf" }).matrix;
    close(dense(metaPathRows(graph, path, { weight: "idf" }, graphRows(graph, [7]))), dense(whole).slice(63, 72), 1e-5);
    assert.throws(() => metaPathRows(graph, path, {}, sparseFrom(1, 3, [0], [0])), /12 columns, one a node of type item, found 3/);
  });

  it("users have the means of their items, centred, and the usual meta-paths", () => {
    const graph = shop(6);
    const vectors = vectorsOf(12);
    const users = personaGraphOf(graph, "user", vectors);
    assert.deepEqual(users.paths.map(({ name }) => name), ["user-item-user", "user-item-genre-item-user", "user-item-item-user"]);
    assert.deepEqual(personaPaths(graph, "item").map((path) => path.join(" ")), ["item user item", "item genre item", "item >near in sessions item"]);
    assert.deepEqual(personaPaths(graph, "genre").map((path) => path.join(" ")), ["genre item genre", "genre item >near in sessions item genre"]);
    const means = Array.from({ length: 6 }, (_, user) => {
      const items = chosenBy(user, 12); // one that was chosen twice counts twice
      return [0, 1, 2, 3, 4].map((d) => items.reduce((sum, item) => sum + vectors.data[5 * item + d]!, 0) / items.length);
    });
    const centre = [0, 1, 2, 3, 4].map((d) => means.reduce((sum, mean) => sum + mean[d]!, 0) / 6);
    const moved = means.map((mean) => mean.map((value, d) => value - centre[d]!));
    const length = Math.sqrt(moved.flat().reduce((sum, value) => sum + value ** 2, 0) / 6);
    close((users.features as { data: Float32Array }).data, moved.flat().map((value) => value / length), 1e-5);
    assert.throws(() => personaGraphOf(graph, "user", { shape: [3, 5], data: new Float32Array(15) }), /each of the graph's 12 items, found 3/);
    assert.throws(() => personaGraphOf(graph, "user", vectors, { paths: [["item", "user", "item"]] }), /from user to user/);
  });

  it("newcomers see the graph as its equation has it, and the graph does not see them", () => {
    const graph = shop(9);
    const users = personaGraphOf(graph, "user", vectorsOf(12));
    const { paths } = users.newNodes([chosenBy(3, 12), [0]]);
    const x = Float32Array.from({ length: 2 * 11 }, (_, i) => Math.sin(1 + i)); // two newcomers, then nine users
    users.paths.forEach((path, p) => {
      const own = paths[p]!;
      const [known, fresh] = "factor" in path && "factor" in own ? [gram(path.factor, false), multiply(own.factor, transpose(path.factor))] : [(path as { matrix: SparseMatrix }).matrix, (own as { matrix: SparseMatrix }).matrix];
      const [theirs, counts] = [rowSums(known).map((sum) => (sum + 1) ** -0.5), dense(fresh)];
      const expected = [0, 1].flatMap((n) => {
        const row = counts.slice(9 * n, 9 * n + 9);
        const root = (row.reduce((a, b) => a + b, 0) + 1) ** -0.5;
        return [0, 1].map((d) => root * row.reduce((sum, count, m) => sum + count * theirs[m]! * x[2 * (2 + m) + d]!, 0) + root * root * x[2 * n + d]!);
      });
      const held = holdNewPath(path, own, { variant: "gcn", doubleSelf: false });
      close(held.mean(tf.tensor2d(x, [11, 2])).dataSync(), expected, 1e-5);
      held.dispose();
    });
  });

  for (const variant of ["gcn", "gat"] as const) {
    it(`a newcomer with a user's items has nearly the user's vector, whoever comes with it: ${variant}`, async () => {
      const [graph, vectors] = [shop(60), vectorsOf(12)];
      const users = personaGraphOf(graph, "user", vectors);
      const model = new Hdgi({ variant, dimension: 8, heads: 2, epochs: 30, rate: 0.02 });
      await model.fit(users, { rng: new Rng(1) });
      const known = model.embed(users);
      const lists = [4, 17].map((user) => chosenBy(user, 12));
      const fresh = model.embedNew(users, users.newNodes(lists));
      assert.deepEqual(fresh.shape, [2, 8]);
      [4, 17].forEach((user, n) => {
        const [a, b] = [known.data.subarray(8 * user, 8 * user + 8), fresh.data.subarray(8 * n, 8 * n + 8)];
        const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, d) => sum + value * y[d]!, 0);
        // The newcomer also meets the user, whose items it has: one neighbour more of about fifty.
        assert.ok(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) > 0.98, `user ${user}`);
      });
      assert.throws(() => users.newNodes([[12]]), /0 to 11, found 12/);
      assert.throws(() => model.embedNew(users, { ...users.newNodes(lists), paths: [] }), /Expected rows of user-item-user \[2, 12\] of its factor, found none/);
      const order = model.embedNew(users, users.newNodes([lists[1]!, [], lists[0]!]));
      close(order.data.subarray(0, 8), fresh.data.subarray(8, 16), 1e-5);
      assert.ok(order.data.subarray(8, 16).every(Number.isFinite));
      model.dispose();
    });
  }
});

/** What users of the graph chose, as ones. */
function graphRows(graph: KnowledgeGraph, users: readonly number[]): SparseMatrix {
  const { offsets, target } = graph.relation("chose");
  const lists = users.map((user) => Array.from(target.subarray(offsets[user], offsets[user + 1])));
  return sparseFrom(users.length, graph.nodeCount("item"), lists.flatMap((list, row) => list.map(() => row)), lists.flat());
}

describe("personas and what comes later", () => {
  before(() => initBackend());
  const item = (event: number): string => "abcdefgh"[(event * 5 + (event % 7)) % 8]!;
  const learnt = async (events: number): Promise<{ graph: string; source: string; vectors: Float32Array }> => {
    const rows = Array.from({ length: events }, (_, event) => event);
    const table = eventsFrom({ name: "demo", user: rows.map((event) => `u${event % 12}`), item: rows.map(item), time: rows.map((event) => event + 1) });
    const split = splitByTime(sessionsFrom(table, { by: "user" }), { at: [100, Math.max(101, Math.min(events, 115))] });
    const graph = buildGraph({ events: { ...table, genres: table.itemIds.map((id) => [id < "d" ? "War" : "Drama"]) }, split });
    const rng = new Rng("texts");
    const texts = new Map(Array.from("abcdefgh", (id) => [id, Array.from(rng.normals(3))]));
    const vectors = { shape: [split.items.trained, 3] as const, data: Float32Array.from(split.items.ids.slice(0, split.items.trained).flatMap((id) => texts.get(id)!)) };
    const personas = await learnPersonas(graph, vectors, { groups: 2, hdgi: { dimension: 4, epochs: 8 } }, { rng: new Rng(1) });
    const own = { graph: graph.hash, source: personas.source.hash, vectors: personas.vectors.data };
    personas.dispose();
    return own;
  };

  it("graph and personas are the same without the events of validation and test, and others without one of training", async () => {
    const whole = await learnt(130);
    assert.deepEqual(await learnt(100), whole);
    const fewer = await learnt(90);
    assert.ok(fewer.graph !== whole.graph && fewer.source !== whole.source);
    assert.notDeepEqual(fewer.vectors, whole.vectors);
  });
});
