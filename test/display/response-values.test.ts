import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { toBundle } from "../../src/display/mime";
import { abduct } from "../../src/response/abduct";
import { act } from "../../src/response/act";
import { inspectSession } from "../../src/response/inspect";
import { loggingPolicy } from "../../src/response/policies";
import { predict } from "../../src/response/predict";
import { simulate } from "../../src/response/simulate";
import { makeWorld } from "../../src/response/world";
import { worldMechanism } from "../../src/response/world-mechanism";

describe("values of the response model in a notebook", () => {
  const world = makeWorld({ users: 4, items: 9, slots: 2, steps: 3, abandonment: 0, noClick: 2 }, new Rng(1));
  const run = simulate(world, loggingPolicy(world), { sessions: 6 }, new Rng(2));
  const mechanism = worldMechanism(world);
  const abducted = abduct(mechanism, run.log, new Rng(3));
  const fresh = [0, 1, 2, 3].filter((item) => !run.log.slate.subarray(0, 2).includes(item)).slice(0, 2);
  const other = predict(mechanism, abducted, act(run.log, [{ session: 0, step: 0, slate: fresh }]));
  const shown = async (value: object): Promise<string> => String((await toBundle(value))!["text/plain"]);

  it("shows a world's knobs, and a log's slates and clicks", async () => {
    assert.match(await shown(world), /^Simulated world {2}4 users {2}9 items[^]*positionBias +0\.4/);
    const text = await shown(run.log);
    assert.match(text, /^Log of slates {2}6 sessions {2}18 slates {2}9 items {2}4 users/);
    assert.match(text, new RegExp(`0 +0 +${run.log.slate[0]} ${run.log.slate[1]}`));
    assert.equal(await shown(run), text);
  });

  it("shows a session side by side: slates, noise, probabilities, where they part, and what that hangs on", async () => {
    const text = await shown(inspectSession(mechanism, abducted, other, 0));
    assert.match(text, /^Session 0 {2}user 0 {2}3 steps {2}parts at step 0/);
    assert.match(text, new RegExp(`0 \\(parts\\) +0 +${run.log.slate[0]}.* ${fresh[0]}.* fresh`));
    assert.match(text, /no click.*kept/);
    assert.match(text, /an item keeps its noise at a step on any slate/);
    assert.match(await shown(other), /^Counterfactual sessions[^]*1 session of 6 part from the factual ones/);
    assert.match(String((await toBundle(inspectSession(mechanism, abducted, other, 0)))!["text/html"]), /<table/);
  });
});
