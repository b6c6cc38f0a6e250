import assert from "node:assert/strict";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab recommend", () => {
  const lab = new Laboratory();
  before(async () => {
    await lab.prepare();
    const trained = await lab.call(["train", "--model", "markov", "--out", lab.path("markov")]);
    assert.equal(trained.code, 0, trained.stderr);
  });

  const recommend = (...more: readonly string[]) => lab.call(["recommend", "--model", lab.path("markov"), ...more]);

  it("puts the next item of the ring first, with titles", async () => {
    const child = await lab.run(["recommend", "--model", "markov", "--session", "3,4", "--k", "3", "--json"]);
    assert.equal(child.code, 0, child.stderr);
    const { model, session, unknown, recommendations } = onlyLine(child) as { model: string; session: object; unknown: object; recommendations: { item: string; title: string; score: number }[] };
    assert.deepEqual([model, session, unknown], ["Markov", [{ item: "3", title: "Film 3" }, { item: "4", title: "Film 4" }], []]);
    assert.equal(recommendations.length, 3);
    assert.deepEqual([recommendations[0]!.item, recommendations[0]!.title], ["5", "Film 5"]);
    assert.ok(recommendations[0]!.score > recommendations[1]!.score);
    const table = await recommend("--session", "3, 4");
    assert.match(table.stdout, /^After Film 3 \(3\), Film 4 \(4\), Markov recommends:$/m);
    assert.match(table.stdout, /^1 +5 +0\.\d+ +Film 5$/m);
    assert.equal(table.stdout.trimEnd().split("\n").length, 2 + 10);
  });

  it("leaves out what is excluded", async () => {
    const { recommendations } = onlyLine(await recommend("--session", "4", "--exclude", "5", "--k", "20", "--json")) as { recommendations: { item: string }[] };
    assert.equal(recommendations.length, 11);
    assert.ok(recommendations.every(({ item }) => item !== "5"));
  });

  it("skips an unknown item and says so, and refuses a session of unknown items", async () => {
    const some = await recommend("--session", "99,4", "--json");
    assert.deepEqual(onlyLine(some)["unknown"], ["99"]);
    assert.match(some.stderr, /"99" \(no item of the training data; nearest: "\d+"\), and skipped/);
    const none = await recommend("--session", "1O");
    assert.deepEqual([none.code, none.stdout], [2, ""]);
    assert.match(none.stderr, /Expected a session with items that Markov learnt, found "1O" \(no item of the training data; nearest: "1"\)/);
  });

  for (const [what, args, says] of [
    ["no session", [], /--session/],
    ["an empty session", ["--session", " , "], /Expected --session to be item ids with commas between/],
    ["a k of 0", ["--session", "4", "--k", "0"], /expected an integer of 1 or more/],
    ["a folder without a model", ["--session", "4", "--model", lab.path("nowhere")], /run "sessionlab train" first/],
  ] as const) {
    it(`ends with 2 for ${what}`, async () => {
      const { code, stderr } = await recommend(...args);
      assert.match(stderr, says);
      assert.equal(code, 2);
    });
  }

  it("explains itself with examples", async () => {
    assert.match((await lab.call(["recommend", "--help"])).stdout, /Examples:\n +\$ sessionlab recommend --model/);
  });
});
