/** Pictures of data and of training, by the numbers that they draw. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { histogramFigure, lengthFigure, lossFigure, popularityFigure, splitFigure } from "../../src/display/distributions";
import type { Figure } from "../../src/display/figure";
import { splitLeaveOneOut } from "../../src/data/split";
import { leakySessions, smallSplit } from "./values";

const words = { title: "T", axis: "x" };
const titleOf = ({ layout }: Figure): string => (layout.title as { text: string }).text;
const sum = (values: unknown): number => (values as number[]).reduce((total, one) => total + one, 0);

describe("histogramFigure", () => {
  it("gives whole numbers bars over whole numbers", () => {
    const { data } = histogramFigure(Int32Array.from({ length: 100 }, (_, at) => at), words, { bins: 10 });
    assert.deepEqual(data[0]!.x, [4.5, 14.5, 24.5, 34.5, 44.5, 54.5, 64.5, 74.5, 84.5, 94.5]);
    assert.deepEqual(data[0]!.y, new Array(10).fill(10));
  });

  it("counts every value once, also at the edges, on both scales", () => {
    const values = Float64Array.from({ length: 1001 }, (_, at) => 0.5 + at / 7);
    for (const log of [false, true]) {
      const { data, layout } = histogramFigure(values, words, { bins: 13, log });
      assert.equal(sum(data[0]!.y), 1001);
      assert.equal((data[0]!.y as number[]).length, 13);
      assert.equal(layout.xaxis!.type, log ? "log" : undefined);
    }
    const { data, layout } = histogramFigure([1, 10, 100], words, { bins: 2, log: true, logCount: true });
    assert.equal(layout.yaxis!.type, "log");
    assert.deepEqual(data[0]!.y, [1, 2]);
    assert.deepEqual((data[0]!.width as number[]).map((width) => Math.round(width)), [9, 90]);
  });

  it("says what it leaves out, and takes one value", () => {
    assert.equal(titleOf(histogramFigure([1, NaN, Infinity], words)), "T (2 left out)");
    assert.deepEqual(histogramFigure([2.5], words).data[0]!.y, [1]);
    assert.throws(() => histogramFigure([0, -1], words, { log: true }), ConfigError);
  });

  it("is small however many values there are", () => {
    const figure = histogramFigure(new Float32Array(2_000_000).map((_, at) => Math.sin(at)), words);
    assert.ok(JSON.stringify(figure).length < 5000);
  });
});

describe("popularityFigure", () => {
  it("thins a long tail, and keeps its ends", () => {
    const counts = Uint32Array.from({ length: 50_000 }, (_, at) => Math.ceil(1e6 / (at + 1)));
    const [trace] = popularityFigure(counts).data;
    const x = trace!.x as number[];
    assert.ok(x.length <= 200 && x[0] === 1 && x.at(-1) === 50_000);
    assert.equal((trace!.y as number[])[0], 1e6);
    assert.throws(() => popularityFigure([0, 0]), ConfigError);
  });
});

describe("lengthFigure and splitFigure", () => {
  it("count sessions by length", () => {
    const { data } = lengthFigure({ offsets: Uint32Array.of(0, 1, 3, 5), item: new Int32Array(5) });
    assert.deepEqual([data[0]!.x, data[0]!.y], [[1, 2], [1, 2]]);
  });

  it("show a global cut side by side and leave-one-out on top of each other", () => {
    const inTime = splitFigure(smallSplit());
    assert.deepEqual(inTime.data.map(({ name, y }) => [name, sum(y)]), [["train", 100], ["valid", 0], ["test", 100]]);
    const last = (at: number): number => (inTime.data[at]!.y as number[]).findLastIndex((count) => count > 0);
    assert.ok(last(0) < (inTime.data[2]!.y as number[]).findIndex((count) => count > 0));
    const leaking = splitFigure(splitLeaveOneOut(leakySessions()));
    const lastTrain = (leaking.data[0]!.y as number[]).findLastIndex((count) => count > 0);
    assert.ok(lastTrain > (leaking.data[2]!.y as number[]).findIndex((count) => count > 0));
  });

  it("refuse data without times", () => {
    const split = smallSplit();
    assert.throws(() => splitFigure({ ...split, train: { ...split.train, time: undefined } }), /Expected times to draw demo, found none/);
  });
});

describe("lossFigure", () => {
  const history = [{ epoch: 1, loss: 6, "NDCG@10": 0.02 }, { epoch: 2, loss: 5, "NDCG@10": 0.04 }];

  it("draws the loss and the metric on axes of their own", () => {
    const figure = lossFigure({ seconds: 1, bestEpoch: 2, history });
    assert.deepEqual(figure.data.map(({ x, y, yaxis }) => [x, y, yaxis]), [[[1, 2], [6, 5], "y"], [[1, 2], [0.02, 0.04], "y2"]]);
    assert.equal(titleOf(figure), "Training: the weights of epoch 2 were kept");
  });

  it("refuses a model without epochs", () => {
    assert.throws(() => lossFigure({ seconds: 1 }), /Expected the history of a model with epochs, found none/);
  });
});
