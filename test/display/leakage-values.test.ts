/** Leakage reports and copies as a notebook shows them. */
import assert from "node:assert/strict";
import { splitLeaveOneOut } from "../../src/data/split";
import { toBundle } from "../../src/display/mime";
import { leakageReport } from "../../src/evaluation/leakage";
import { nearDuplicates } from "../../src/evaluation/near-duplicates";
import { leakySessions, smallSplit, textOf } from "./values";

const plain = (value: unknown): string[] => textOf(toBundle(value), "text/plain").split("\n");

describe("leakage in a notebook", () => {
  it("says what training has of the test side, and what that means", () => {
    assert.deepEqual(plain(leakageReport(splitLeaveOneOut(leakySessions()))).map((line) => line.replace(/ {2,}/g, "  ")), [
      "Leakage of demo  leave-one-out  2 test cases  training knows the future",
      "",
      "of the test side  count  of  share  which means",
      "targets older than the newest training event  1  2  50.0 %  training knows the future",
      "training events later than a target, on average  -  -  25.0 %",
      "targets that are training events themselves  0  2  0.0 %  as it should be",
      "users with training events  2  2  100.0 %  known users; the others are new",
      "sessions that began in training  2  2  100.0 %  what was learnt is part of the prefix",
      "sessions that training has, item for item  0  2  0.0 %",
      "sessions that training nearly has (Jaccard from 0.8 on)  0  2  0.0 %",
      "targets that training never saw  0  2  0.0 %",
      "",
      "The newest training event is of 1970-01-01 00:00, the oldest test target 1970-01-01 00:00 (UTC).",
      "Numbers measured on this split are not those of a system that runs in time; splitByTime has no such leak.",
      "Copies are looked for among test sessions of 3 different items or more.",
    ]);
    assert.match(textOf(toBundle(leakageReport(smallSplit()))), /nothing of the future in training/);
  });

  it("says that data without times cannot be told, and where copies were not looked for to the end", () => {
    const split = smallSplit();
    const bare = leakageReport({ ...split, train: { ...split.train, time: undefined } });
    assert.match(plain(bare)[0]!, /no times: whether training knows the future cannot be told/);
    assert.doesNotMatch(plain(bare).join("\n"), /newest training event/);
    const unfinished = { ...bare, duplicates: { ...bare.duplicates, unfinished: 3 } };
    assert.match(plain(unfinished).at(-1)!, /^3 test sessions had more than 1000 candidates/);
  });

  it("shows copies with the pairs that are most alike", () => {
    const train = { offsets: Uint32Array.of(0, 3, 7), item: Int32Array.of(0, 1, 2, 3, 4, 5, 6) };
    const test = { offsets: Uint32Array.of(0, 3, 8), item: Int32Array.of(0, 1, 2, 6, 5, 4, 3, 7) };
    const shown = plain(nearDuplicates(train, test)).map((line) => line.trim().replace(/ {2,}/g, "  "));
    assert.equal(shown[0], "Copies of test sessions in training  2 test sessions");
    assert.deepEqual(shown.slice(6, 10), ["The most alike", "test session  training session  Jaccard", "0  0  1", "1  1  0.8"]);
  });
});
