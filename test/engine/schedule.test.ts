/** Which task comes next, by hand. */
import assert from "node:assert/strict";
import { Schedule } from "../../src/engine/schedule";
import type { Task } from "../../src/papers/grid";

const task = (id: string, needs: readonly string[] = [], ...shares: readonly string[]): Task => ({ id, kind: "run", arm: id, seed: 1, needs, shares });
const error = { name: "Error", message: "no" };

describe("engine/schedule", () => {
  it("starts what needs nothing, then what needs what is done, in the order of the list", () => {
    const schedule = new Schedule([task("a"), task("b", ["a"]), task("c"), task("d", ["b", "c"])], () => false);
    assert.deepEqual([schedule.next()?.id, schedule.next()?.id, schedule.next()?.id], ["a", "c", undefined]);
    schedule.done("a");
    assert.deepEqual([schedule.next()?.id, schedule.next()?.id], ["b", undefined]);
    schedule.done("c");
    schedule.done("b");
    assert.equal(schedule.next()?.id, "d");
    assert.equal(schedule.over, false);
    schedule.done("d");
    assert.equal(schedule.over, true);
  });

  it("leaves out what is done already, and takes a need that is no task as done", () => {
    const schedule = new Schedule([task("a"), task("b", ["a", "elsewhere"])], ({ id }) => id === "a");
    assert.equal(schedule.next()?.id, "b");
  });

  it("gives the second process rather what does not wait for the first one's work; once that is kept, anything", () => {
    const schedule = new Schedule([task("a", [], "base 1"), task("b", [], "base 1"), task("c", [], "base 2"), task("d", [], "base 2")], () => false);
    assert.deepEqual([schedule.next()?.id, schedule.next()?.id, schedule.next()?.id], ["a", "c", "b"]); // nothing is free for the third: better waiting for a lock than idle
    schedule.done("a");
    assert.equal(schedule.next()?.id, "d");
  });

  it("minds each piece of work that tasks have in common: the base is kept, the slates are not yet", () => {
    const schedule = new Schedule([task("none", [], "base"), task("recommender", [], "base", "slates"), task("diffusion", [], "base", "slates"), task("duplicates", [], "base")], () => false);
    assert.deepEqual([schedule.next()?.id, schedule.next(false)?.id], ["none", undefined]);
    schedule.done("none");
    assert.deepEqual([schedule.next()?.id, schedule.next()?.id], ["recommender", "duplicates"]);
    schedule.done("recommender");
    assert.equal(schedule.next(false)?.id, "diffusion");
  });

  it("keeps back what would wait, where nobody is idle", () => {
    const schedule = new Schedule([task("a", [], "base 1"), task("b", [], "base 1"), task("c")], () => false);
    assert.deepEqual([schedule.next(false)?.id, schedule.next(false)?.id, schedule.next(false)?.id], ["a", "c", undefined]);
    schedule.done("a");
    assert.equal(schedule.next(false)?.id, "b");
  });

  it("gives a lost task again, and leaves out what needs a failed one, whatever lies between", () => {
    const schedule = new Schedule([task("a"), task("b", ["a"]), task("c", ["b"]), task("d")], () => false);
    schedule.next();
    schedule.lost("a");
    assert.equal(schedule.next()?.id, "a");
    schedule.failed("a", error);
    assert.deepEqual(schedule.leftOut, ["b", "c"]);
    assert.equal(schedule.next()?.id, "d");
    schedule.done("d");
    assert.equal(schedule.over, true);
    assert.deepEqual(schedule.failures, [{ id: "a", error }]);
  });
});
