import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { padSessions, trainingBatches, type TrainingBatch } from "../../src/data/batches";
import type { Sessions } from "../../src/data/types";

/** Sessions of the given lengths; item ids count up over the whole column, so a target is its input plus one. */
function counting(...lengths: number[]): Sessions {
  const offsets = new Uint32Array(lengths.length + 1);
  lengths.forEach((length, s) => (offsets[s + 1] = offsets[s]! + length));
  return { offsets, item: Int32Array.from({ length: offsets[lengths.length]! }, (_, i) => i) };
}

function targetsOf(batches: readonly TrainingBatch[]): number[] {
  return batches.flatMap(({ targets }) => Array.from(targets)).sort((a, b) => a - b);
}

describe("data/batches", () => {
  const sessions = counting(2, 7, 1, 23, 5);
  const transitions = Array.from({ length: 38 }, (_, i) => i).filter((i) => ![0, 2, 9, 10, 33].includes(i)); // all but the sessions' first items

  for (const targets of ["all", "last"] as const) {
    it(`targets "${targets}": each transition is a target once, and follows its own input`, () => {
      for (let epoch = 0; epoch < 20; epoch++) {
        const batches = trainingBatches(sessions, { batch: 3, length: 4, targets }, new Rng(epoch));
        assert.deepEqual(targetsOf(batches), transitions);
        for (const { input, places, targets: next, length } of batches) {
          assert.ok(length <= 4);
          places.forEach((place, m) => assert.equal(next[m], input[place]! + 1));
        }
      }
    });
  }

  it("the epoch's rng moves the cuts of a long session and the order; the same rng repeats both", () => {
    const options = { batch: 100, length: 4, targets: "all" as const };
    const inputs = (seed: number): string => JSON.stringify(trainingBatches(counting(23), options, new Rng(seed)).map(({ input }) => Array.from(input)));
    assert.equal(inputs(1), inputs(1));
    assert.ok(new Set([1, 2, 3, 4, 5, 6].map(inputs)).size > 3);
  });

  it('"last" sees the last `length` items before the target', () => {
    const [batch] = trainingBatches(counting(6), { batch: 10, length: 3, targets: "last" }, new Rng(1));
    const rows = Array.from({ length: batch!.batch }, (_, b) => Array.from(batch!.input.subarray(b * 3, b * 3 + 3)).join());
    assert.deepEqual(rows.sort(), ["0,-1,-1", "0,1,-1", "0,1,2", "1,2,3", "2,3,4"].sort());
  });

  it("a forward pass gets the last known items of a session, padded on the right", () => {
    const padded = padSessions({ offsets: Uint32Array.of(0, 5, 5, 7), item: Int32Array.of(0, 9, 1, 2, 3, 9, 9) }, 9, 3);
    assert.deepEqual(Array.from(padded.input), [1, 2, 3, -1, -1, -1, -1, -1, -1]);
    assert.deepEqual(Array.from(padded.last), [2, 3, 6]); // the empty and the unknown session point at padding
    assert.equal(padded.length, 3);
  });
});
