import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { acmFolder, hasAcm3025, readAcm3025 } from "../../src/personas/acm3025";
import { adjacencyOf } from "../../src/personas/graph";
import { readLabelledGraph, type GraphFiles } from "../../src/personas/graph-files";
import { denseFeatures, labelQuality, meanAggregated } from "../../src/personas/labelled";
import type { SparseMatrix } from "../../src/tensor/sparse";
import { freshFolder } from "../scratch";

describe("personas/labelled graphs", () => {
  const folder = freshFolder();
  const write = (name: string, rows: readonly string[]): string => {
    const text = rows.map((row) => `${row.replaceAll(" ", "\t")}\n`).join("");
    writeFileSync(join(folder(), name), name.endsWith(".gz") ? gzipSync(text) : text);
    return join(folder(), name);
  };
  const files = (changes: Partial<GraphFiles> = {}): GraphFiles => ({
    features: write("f.tsv.gz", ["user word value", "u1 a 1", "u1 b 3", "u2 b 2", "u3 a 1", "u4 c 5"]),
    labels: write("l.tsv", ["user label split", "u1 x train", "u2 y val", "u3 x test"]),
    edges: {
      "user-item": write("ui.tsv", ["user item", "u1 i1", "u1 i2", "u2 i1", "u3 i3", "u1 i1"]),
      "item-genre": write("ig.tsv", ["item genre", "i1 g1", "i2 g1", "i3 g1"]),
      "user-user": write("uu.tsv", ["a b", "u3 u4", "u4 u3"]),
    },
    paths: ["user-item-user", "user-item-genre-item-user", "user-user"],
    ...changes,
  });
  const cells = ({ rows, offsets, column, value }: SparseMatrix): number[][] =>
    Array.from({ length: rows }, (_, row) => Array.from(column.subarray(offsets[row], offsets[row + 1]), (c, at) => [row, c, value[offsets[row]! + at]!])).flat();

  it("reads features, meta-paths of any length, labels and their split", async () => {
    const { graph, classes, labels, split } = await readLabelledGraph(files());
    assert.deepEqual(graph.nodes, ["u1", "u2", "u3", "u4"]);
    assert.deepEqual(Array.from(denseFeatures(graph.features).data), [0.25, 0.75, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]);
    assert.deepEqual([classes, Array.from(labels)], [["x", "y"], [0, 1, 0, -1]]);
    assert.deepEqual([Array.from(split.train), Array.from(split.valid), Array.from(split.test)], [[0], [1], [2]]);
    const [byItem, byGenre, friends] = graph.paths.map((path) => cells(adjacencyOf(path)));
    assert.deepEqual(byItem, [[0, 1, 1], [1, 0, 1]]); // one item; the row that is there twice counts once
    assert.deepEqual(byGenre, [[0, 1, 2], [0, 2, 2], [1, 0, 2], [1, 2, 1], [2, 0, 2], [2, 1, 1]]); // 2 items times 1
    assert.deepEqual(friends, [[2, 3, 1], [3, 2, 1]]);
  });

  it("paths by default are each relation there and back", async () => {
    const { edges } = files();
    const { graph } = await readLabelledGraph(files({ paths: undefined, edges: { "user-item": edges["user-item"]!, "user-user": edges["user-user"]! } }));
    assert.deepEqual(graph.paths.map(({ name }) => name), ["user-item-user", "user-user"]);
  });

  it("says which row or path is wrong", async () => {
    const fails = async (changes: Partial<GraphFiles>, kind: new (...args: never[]) => Error, message: RegExp): Promise<void> => {
      await assert.rejects(readLabelledGraph(files(changes)), (error: Error) => error instanceof kind && message.test(error.message) || assert.fail(error.message));
    };
    await fails({ features: write("f.tsv", ["user word value", "u1 a x"]) }, DataError, /f\.tsv:2 \(value\): Expected a number, found "x"/);
    await fails({ features: write("f.tsv", ["user", "u1"]) }, DataError, /2 or 3 columns, found 1/);
    await fails({ labels: write("l2.tsv", ["user label", "u9 x"]) }, DataError, /l2\.tsv:2: Expected a node that has features, found "u9"/);
    await fails({ labels: write("l2.tsv", ["user label split", "u1 x train", "u1 y test"]) }, DataError, /one label for a node, found "u1" again/);
    await fails({ labels: write("l2.tsv", ["user label split", "u1 x tra"]) }, DataError, /train, valid or test, found "tra"/);
    await fails({ edges: { "user-item": write("ui2.tsv", ["user item", "u9 i1"]) }, paths: undefined }, DataError, /ui2\.tsv:2: Expected a user that has features, found "u9"/);
    await fails({ paths: ["user-item-genre"] }, ConfigError, /reads the same both ways/);
    await fails({ paths: ["user-genre-user"] }, ConfigError, /the edges of user-genre for user-genre-user, found those of user-item/);
  });

  it("means over neighbours by path counts", async () => {
    const { graph } = await readLabelledGraph(files({ paths: ["user-item-genre-item-user"], rowSum: false }));
    const { shape, data } = meanAggregated(graph);
    assert.deepEqual(shape, [4, 6]);
    // u2 is joined to u1 by two paths and to u3 by one: (2 (1, 3, 0) + (1, 0, 0)) / 3
    assert.deepEqual(Array.from(data.subarray(6, 12)), [0, 2, 0, 1, 2, 0]);
    assert.deepEqual(Array.from(data.subarray(18, 24)), [0, 0, 5, 0, 0, 0]);
  });

  it("quality of vectors does not depend on their size", async () => {
    const labelled = await readLabelledGraph(files());
    const vectors = { shape: [4, 2] as const, data: Float32Array.of(1, 0, 0, 1, 1, 0.1, 1, 0) };
    const half = labelQuality({ ...vectors, data: vectors.data.map((value) => value / 1024) }, { ...labelled, split: { ...labelled.split, train: Int32Array.of(0, 1) } }, new Rng(1));
    const full = labelQuality(vectors, { ...labelled, split: { ...labelled.split, train: Int32Array.of(0, 1) } }, new Rng(1));
    assert.deepEqual(half, full);
    assert.deepEqual([full.C, full.test.micro, full.nmi], [0.1, 1, 1]);
    assert.throws(() => labelQuality({ shape: [3, 1], data: new Float32Array(3) }, labelled, new Rng(1)), /each of 4 nodes, found 3/);
  });

  it("reads ACM3025 as its sources count it", async function () {
    if (!hasAcm3025()) {
      console.log(`      no ACM3025 in ${acmFolder()}: this test is skipped`);
      return this.skip();
    }
    const { graph, labels, split } = await readAcm3025();
    const [pap, psp] = graph.paths as unknown as [{ matrix: SparseMatrix }, { factor: SparseMatrix }];
    assert.deepEqual([graph.nodes.length, (graph.features as SparseMatrix).columns, (graph.features as SparseMatrix).column.length], [3025, 1870, 253_300]);
    assert.deepEqual([split.train.length, split.valid.length, split.test.length, new Set(labels).size], [600, 300, 2125, 3]);
    assert.deepEqual([pap.matrix.column.length, psp.factor.rows, psp.factor.column.length], [2 * 13_128, 3025, 3025]);
  });
});
