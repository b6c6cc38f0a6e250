import assert from "node:assert/strict";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab response", () => {
  const lab = new Laboratory();

  it("lets sessions run with a recommender in the loop, and says how fast and in what memory", async () => {
    const found = await lab.call(["response", "--steps", "20000", "--model", "markov", "--world", "users=20", "items=40", "--json"]);
    assert.equal(found.code, 0, found.stderr);
    const { model, steps, rate, ctr, memory } = onlyLine(found) as { model: string; steps: number; rate: number; ctr: number; memory: { steps: number; bytes: number }[] };
    assert.equal(model, "Markov");
    assert.ok(steps >= 20_000 && rate > 0 && ctr > 0 && ctr < 1);
    assert.equal(memory.at(-1)!.steps, steps);
  });

  it("names a knob or a model that is none", async () => {
    const wrong = async (args: readonly string[], message: RegExp): Promise<void> => {
      const found = await lab.call(["response", ...args]);
      assert.match(found.stderr, message);
      assert.equal(found.code, 2);
    };
    await wrong(["--steps", "10", "--world", "positionBais=1"], /did you mean "positionBias"/);
    await wrong(["--steps", "10", "--model", "sasrek"], /did you mean "sasrec"/);
    await wrong(["--budget", "century"], /a budget/);
  });
});
