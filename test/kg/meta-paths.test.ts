/** Meta-paths: a case by hand, random graphs against the dense product, hubs, caps, blocks, paths of several meanings. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { graphFrom, type EdgeList, type KnowledgeGraph } from "../../src/kg/graph";
import { metaPath, metaPathBlocks, metaPathFactors } from "../../src/kg/meta-paths";
import { multiply, symmetricClosure, transpose, type SparseMatrix } from "../../src/kg/sparse";

const origin = { source: "demo", rule: "by hand", version: "1" };

function list(name: string, from: string, to: string, pairs: readonly (readonly [number, number])[]): EdgeList {
  return { name, from, to, source: Int32Array.from(pairs, ([a]) => a), target: Int32Array.from(pairs, ([, b]) => b), origin };
}

const nodesOf = (type: string, size: number) => ({ type, ids: Array.from({ length: size }, (_, n) => `${type}${n}`) });

/** Three users, three items, two authors: user 0 chose items 0 and 1, user 1 item 1, user 2 item 2; author 0 wrote 0 and 1. */
const byHand = (): KnowledgeGraph => graphFrom([nodesOf("user", 3), nodesOf("item", 3), nodesOf("author", 2)], [
  list("chose", "user", "item", [[0, 0], [0, 1], [1, 1], [2, 2]]),
  list("author", "item", "author", [[0, 0], [1, 0], [2, 1]]),
]);

function dense({ rows, columns, offsets, column, value }: SparseMatrix): number[][] {
  const cells = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (let row = 0; row < rows; row++) for (let at = offsets[row]!; at < offsets[row + 1]!; at++) cells[row]![column[at]!] = value[at]!;
  return cells;
}

const product = (a: number[][], b: number[][]): number[][] => a.map((row) => b[0]!.map((_, c) => row.reduce((sum, one, k) => sum + one * b[k]![c]!, 0)));
const turned = (a: number[][]): number[][] => a[0]!.map((_, c) => a.map((row) => row[c]!));

/** Columns ascend, nothing is stored that is 0. */
function assertSound({ rows, offsets, column, value }: SparseMatrix): void {
  assert.equal(offsets[rows], column.length);
  for (let row = 0; row < rows; row++) for (let at = offsets[row]! + 1; at < offsets[row + 1]!; at++) assert.ok(column[at]! > column[at - 1]!);
  assert.ok(value.every((one) => one > 0));
}

function randomGraph(rng: Rng, users: number, items: number, authors: number): KnowledgeGraph {
  const pairs = (count: number, from: number, to: number): [number, number][] => Array.from({ length: count }, () => [rng.int(from), rng.int(to)]);
  return graphFrom([nodesOf("user", users), nodesOf("item", items), nodesOf("author", authors)], [
    list("chose", "user", "item", pairs(3 * users, users, items)),
    list("author", "item", "author", pairs(2 * items, items, authors)),
    list("continued by", "item", "item", pairs(items, items, items)),
  ]);
}

describe("meta-paths", () => {
  it("by hand: how many paths lead from user to user by an author", () => {
    const { matrix, instances, from, to } = metaPath(byHand(), ["user", "item", "author", "item", "user"]);
    assert.deepEqual(dense(matrix), [[4, 2, 0], [2, 1, 0], [0, 0, 1]]);
    assert.deepEqual([instances, from, to], [10, "user", "user"]);
    assert.deepEqual(dense(metaPath(byHand(), ["user", "item", "user"], { diagonal: false }).matrix), [[0, 1, 0], [1, 0, 0], [0, 0, 0]]);
    assert.deepEqual(dense(metaPath(byHand(), ["user", "item", "author"], { weight: "binary" }).matrix), [[1, 0], [1, 0], [0, 1]]);
    assert.deepEqual(dense(metaPath(byHand(), ["author", "item"]).matrix), [[1, 1, 0], [0, 0, 1]]);
  });

  it("by hand: rarity weighs a middle node by ln(1 + n / d) of the side that is nearer to the path's end", () => {
    // Item 1 is chosen by 2 of 3 users, the others by 1; author 0 wrote 2 of 3 items, author 1 one.
    const [common, rare, author] = [Math.log(1 + 3 / 2), Math.log(1 + 3), Math.log(1 + 3 / 2)];
    const { matrix } = metaPath(byHand(), ["user", "item", "author", "item", "user"], { weight: "idf" });
    const sum = rare + common;
    const expected = [[sum * author * sum, sum * author * common, 0], [sum * author * common, common * author * common, 0], [0, 0, rare * rare * rare]];
    dense(matrix).forEach((row, r) => row.forEach((cell, c) => assert.ok(Math.abs(cell - expected[r]![c]!) < 1e-6)));
    const factors = metaPathFactors(byHand(), ["user", "item", "author", "item", "user"], { weight: "idf" });
    const lazily = factors.reduce((a, b) => multiply(a, b));
    lazily.value.forEach((one, at) => assert.ok(Math.abs(one - matrix.value[at]!) < 1e-5));
    assert.deepEqual(lazily.column, matrix.column);
  });

  it("equals the dense product on random graphs, mirrored and not, whole and in blocks", () => {
    const rng = new Rng("meta-paths");
    for (let round = 0; round < 12; round++) {
      const graph = randomGraph(rng.child(round), 5 + round * 3, 4 + round * 2, 3 + (round % 4));
      const [ui, ia, ii] = [["user", "item"], ["item", "author"], ["item", ">continued by", "item"]].map((path) => dense(metaPath(graph, path).matrix)) as [number[][], number[][], number[][]];
      const ua = product(ui, ia);
      const cases: [string[], number[][]][] = [
        [["user", "item", "user"], product(ui, turned(ui))],
        [["user", "item", "author", "item", "user"], product(ua, turned(ua))],
        [["user", "item", "author", "item"], product(ua, turned(ia))],
        [["author", "item", ">continued by", "item", "user"], product(product(turned(ia), ii), turned(ui))],
        [["user", "item", ">continued by", "item", "<continued by", "item", "user"], product(product(ui, ii), turned(product(ui, ii)))],
      ];
      for (const [path, expected] of cases) {
        const { matrix, instances } = metaPath(graph, path);
        assertSound(matrix);
        assert.deepEqual(dense(matrix), expected);
        assert.equal(instances, expected.flat().reduce((sum, one) => sum + one, 0));
        const without = expected.map((row, r) => row.map((one, c) => (r === c && path[0] === path.at(-1) ? 0 : one)));
        if (path[0] === path.at(-1)) assert.deepEqual(dense(metaPath(graph, path, { diagonal: false }).matrix), without);
        const blocks = [...metaPathBlocks(graph, path, { weight: "binary" }, 3)].map(({ from, matrix: block }) => [from, dense(block)] as const);
        assert.deepEqual(blocks.flatMap(([, rows]) => rows), expected.map((row) => row.map((one) => (one > 0 ? 1 : 0))));
        assert.deepEqual(blocks.map(([from]) => from), blocks.map((_, at) => 3 * at));
      }
      const both = metaPath(graph, ["item", ">continued by|<continued by", "item"]).matrix;
      assert.deepEqual(dense(both), ii.map((row, r) => row.map((one, c) => (one + ii[c]![r]! > 0 ? 1 : 0))));
    }
  });

  it("keeps the k best of a row by rarity whatever the values, and closes them symmetrically", () => {
    const rng = new Rng("best");
    const graph = randomGraph(rng, 40, 25, 6);
    const path = ["user", "item", "author", "item", "user"];
    const counts = dense(metaPath(graph, path, { diagonal: false }).matrix);
    const scores = dense(metaPath(graph, path, { diagonal: false, weight: "idf" }).matrix);
    const best = metaPath(graph, path, { diagonal: false, topK: 4 }).matrix;
    assertSound(best);
    for (const [row, cells] of dense(best).entries()) {
      const order = cells.map((_, c) => c).filter((c) => scores[row]![c]! > 0).sort((a, b) => scores[row]![b]! - scores[row]![a]! || a - b).slice(0, 4);
      assert.deepEqual(cells, counts[row]!.map((one, c) => (order.includes(c) ? one : 0)));
    }
    const closed = dense(metaPath(graph, path, { diagonal: false, topK: 4, symmetric: true }).matrix);
    const plain = dense(best);
    assert.deepEqual(closed, plain.map((row, r) => row.map((one, c) => Math.max(one, plain[c]![r]!))));
    assert.deepEqual(closed, turned(closed));
  });

  it("leaves hubs out: nodes in the middle that more than maxDegree others are joined to", () => {
    // Item 0 is chosen by all four users, items 1 and 2 by two each.
    const graph = graphFrom([nodesOf("user", 4), nodesOf("item", 3)], [list("chose", "user", "item", [[0, 0], [1, 0], [2, 0], [3, 0], [0, 1], [1, 1], [2, 2], [3, 2]])]);
    const { matrix, instances } = metaPath(graph, ["user", "item", "user"], { maxDegree: 2, diagonal: false });
    assert.deepEqual(dense(matrix), [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]);
    assert.equal(instances, 8);
  });

  it("forms 10 million paths between 16,000 users without a dense matrix", () => {
    // 100 items with 320 users each, and each user in two of them.
    const pairs = Array.from({ length: 32_000 }, (_, n): [number, number] => [n % 16_000, Math.floor(n / 320)]);
    const graph = graphFrom([nodesOf("user", 16_000), nodesOf("item", 100)], [list("chose", "user", "item", pairs)]);
    const { matrix, instances } = metaPath(graph, ["user", "item", "user"], { topK: 10, diagonal: false });
    assert.equal(instances, 10_240_000);
    assert.equal(matrix.column.length, 160_000);
    assert.ok(matrix.column.buffer.byteLength < 1e6);
  });

  it("refuses paths that the graph does not have or that mean several things", () => {
    const graph = randomGraph(new Rng(1), 5, 5, 3);
    assert.throws(() => metaPath(graph, ["user", "author"]), /Expected a relation between user and author, found none/);
    assert.throws(() => metaPath(graph, ["item", "item"]), /found >continued by, <continued by; put the one that is meant between them/);
    assert.throws(() => metaPath(graph, ["item", ">author", "item"]), /Expected one of >continued by, <continued by/);
    assert.throws(() => metaPath(graph, ["user"]), /a path of two types/);
    assert.throws(() => metaPath(graph, [">chose", "item"]), /a type of node before/);
    assert.throws(() => metaPath(graph, ["user", "item"], { symmetric: true }), /between nodes of one type/);
    assert.throws(() => metaPath(graph, ["user", "item"], { topk: 3 } as object), /did you mean "topK"/);
    assert.throws(() => metaPathBlocks(graph, ["user", "item", "user"], { symmetric: true }), /found symmetric: true/);
    assert.throws(() => metaPathFactors(graph, ["user", "item", "user"], { topK: 3 }), /makes the product/);
  });

  it("takes a relation that holds both ways round without being told a direction", () => {
    const near = list("near", "item", "item", [[0, 1], [1, 0], [1, 2], [2, 1]]);
    const { matrix } = metaPath(graphFrom([nodesOf("item", 3)], [near]), ["item", "item", "item"]);
    assert.deepEqual(dense(matrix), [[1, 0, 1], [0, 2, 0], [1, 0, 1]]);
  });

  it("turns matrices round and closes them", () => {
    const matrix: SparseMatrix = { rows: 2, columns: 2, offsets: Uint32Array.of(0, 2, 2), column: Int32Array.of(0, 1), value: Float32Array.of(2, 3) };
    assert.deepEqual(dense(transpose(matrix)), [[2, 0], [3, 0]]);
    assert.deepEqual(dense(symmetricClosure(matrix)), [[2, 3], [3, 0]]);
    assert.throws(() => multiply(matrix, { ...matrix, rows: 3 }), /Expected 2 rows/);
  });
});
