import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { clozeBatches } from "../../src/data/cloze";
import { laneSteps } from "../../src/data/session-lanes";
import { knownSequences, prefixBatches } from "../../src/data/sequences";
import { sessionGraphs } from "../../src/models/session-graph";
import { columns } from "../contract/worlds";

const sessions = columns([[1, 2, 3, 4], [5], [6, 7], [], [8, 9, 8]]);

describe("data/sequences", () => {
  it("each transition is a target once, after the last items before it", () => {
    const batches = prefixBatches(sessions, { batch: 4, maxLength: 2 }, new Rng(1));
    assert.deepEqual(batches.map(({ targets }) => targets.length), [4, 2]);
    const seen = batches.flatMap(({ sequences: { offsets, item }, targets }) => Array.from(targets, (target, b) => `${[...item.subarray(offsets[b], offsets[b + 1])].join(" ")} > ${target}`));
    assert.deepEqual(seen.sort(), ["1 2 > 3", "1 > 2", "2 3 > 4", "6 > 7", "8 9 > 8", "8 > 9"]);
  });

  it("the order follows the seed", () => {
    const order = (seed: number): string => prefixBatches(sessions, { batch: 1, maxLength: 9 }, new Rng(seed)).map(({ targets }) => targets[0]).join();
    assert.equal(order(1), order(1));
    assert.notEqual(order(1), order(2));
  });

  it("unknown items are left out before a session is cut, and a session without others has no row", () => {
    const { sequences, rows } = knownSequences(columns([[9, 1, 9, 2, 3], [9], [], [4, 9]]), 9, 2);
    assert.deepEqual([...sequences.offsets], [0, 2, 3]);
    assert.deepEqual([...sequences.item], [2, 3, 4]);
    assert.deepEqual([...rows], [0, -1, -1, 1]);
  });
});

describe("data/cloze", () => {
  it("hides some items of each window, never all, and gives them back as targets", () => {
    const rng = new Rng(3);
    const many = columns(Array.from({ length: 50 }, (_, s) => Array.from({ length: rng.int(9) }, (_, at) => 100 * s + at)));
    const batches = clozeBatches(many, { batch: 8, maxLength: 4, mask: 0.4, lastShare: 0.3 }, new Rng(1));
    let positions = 0;
    for (const { input, batch, length, lengths, places, targets } of batches) {
      const shown = Int32Array.from(input);
      places.forEach((place, m) => {
        assert.equal(shown[place], -1);
        shown[place] = targets[m]!;
      });
      for (let b = 0; b < batch; b++) {
        const window = shown.subarray(b * length, (b + 1) * length);
        const size = lengths[b]!;
        positions += size;
        assert.ok(size >= 2 && size <= 4 && window.subarray(size).every((one) => one === -1));
        assert.ok(window.subarray(0, size).every((one, l) => l === 0 || one === window[l - 1]! + 1), "the items of one session, in order");
        const hidden = places.filter((place) => Math.floor(place / length) === b).length;
        assert.ok(hidden >= 1 && hidden < size);
      }
    }
    assert.ok(positions > 0.8 * many.item.length);
  });

  it("lastShare 1 hides last items only", () => {
    for (const { length, lengths, places } of clozeBatches(sessions, { batch: 2, maxLength: 9, mask: 0.9, lastShare: 1 }, new Rng(1))) {
      assert.deepEqual([...places], Array.from(lengths, (size, b) => b * length + size - 1));
    }
  });
});

describe("data/session-lanes", () => {
  it("walks every transition once, in order within a session, and resets where a session starts", () => {
    const rng = new Rng(4);
    const many = columns(Array.from({ length: 60 }, (_, s) => Array.from({ length: rng.int(7) }, (_, at) => 100 * s + at)));
    for (const lanes of [1, 4, 100]) {
      const steps = laneSteps(many, lanes);
      const seen: string[] = [];
      let before: number[] = [];
      for (const { input, targets, carry } of steps) {
        assert.ok(input.length <= lanes && input.length === targets.length && input.length === carry.length);
        input.forEach((item, lane) => {
          seen.push(`${item} ${targets[lane]}`);
          if (carry[lane]! < 0) assert.equal(item % 100, 0, "a state is dropped at a session's first item only");
          else assert.equal(before[carry[lane]!], item, "a lane goes on from the item that it was sent to");
        });
        before = [...targets];
      }
      const all = [...many.item.keys()].filter((at) => many.item[at + 1] === many.item[at]! + 1).map((at) => `${many.item[at]} ${many.item[at + 1]}`);
      assert.deepEqual(seen.sort(), all.sort());
    }
  });

  it("has no step where no session has a transition", () => {
    assert.deepEqual(laneSteps(columns([[1], [], [2]]), 3), []);
  });
});

describe("models/session-graph", () => {
  it("a transition that comes twice is one edge; weights are shares of the node's edges", () => {
    const { nodes, positions, last, from, to, incoming, outgoing } = sessionGraphs({ offsets: Uint32Array.of(0, 6, 7), item: Int32Array.of(4, 5, 4, 5, 6, 6, 4) });
    assert.deepEqual([...nodes], [4, 5, 6, 4]); // the second session has nodes of its own
    assert.deepEqual([...positions], [0, 1, 0, 1, 2, 2, 3]);
    assert.deepEqual([...last], [2, 3]);
    assert.deepEqual(Array.from(from, (node, edge) => [node, to[edge]]), [[0, 1], [1, 0], [1, 2], [2, 2]]);
    assert.deepEqual([...incoming], [1, 1, 0.5, 0.5]);
    assert.deepEqual([...outgoing], [1, 0.5, 0.5, 1]);
  });
});
