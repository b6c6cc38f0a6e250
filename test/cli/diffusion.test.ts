import assert from "node:assert/strict";
import { Laboratory } from "./sessionlab";

describe("sessionlab diffusion", () => {
  const lab = new Laboratory();

  it("names a data set or a budget that is none", async () => {
    for (const [args, message] of [[["--dataset", "digineta"], /did you mean "diginetica"/], [["--budget", "century"], /a budget/], [["--seeds", "0"], /seeds/]] as const) {
      const found = await lab.call(["diffusion", ...args]);
      assert.match(found.stderr, message);
      assert.equal(found.code, 2);
    }
  });
});
