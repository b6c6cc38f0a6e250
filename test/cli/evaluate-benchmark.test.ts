import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { Laboratory, onlyLine } from "./sessionlab";

// After a comes b (2 of 2), after b comes c (3 of 4) or d (1 of 4); x is in the test file only.
const train = "a b c\na b d\nb c\nb c\n";
const test = "a b\tc\na\tb\nb\td\nc b\tx\nx\tc\n";

describe("sessionlab evaluate on benchmark files", () => {
  const lab = new Laboratory();
  before(() => {
    writeFileSync(lab.path("train.txt"), train);
    writeFileSync(lab.path("train.txt.gz"), gzipSync(train));
    writeFileSync(lab.path("test.txt"), test);
  });

  const call = (model: string, ...more: readonly string[]) =>
    lab.call(["evaluate", "--model", model, "--train", lab.path("train.txt"), "--test", lab.path("test.txt"), "--readings", lab.path("readings.json"), ...more]);

  it("ends with one line of JSON: recall and mrr as fractions, test-only items as misses", async () => {
    const args = ["evaluate", "--model", "markov", "--train", "train.txt.gz", "--test", "test.txt", "--k", "1", "--options", "backoff=0", "--json"];
    const child = await lab.run(args);
    assert.equal(child.code, 0, child.stderr);
    const line = onlyLine(child);
    // Right first: "a b" -> c and "a" -> b. Wrong: "b" -> d is second. "c b" -> x is a miss, and "x" is unknown:
    // popularity ranks b (4) before c (3).
    assert.deepEqual([line["model"], line["k"], line["cases"], line["recall"], line["mrr"]], ["markov", 1, 5, 2 / 5, 2 / 5]);
    assert.deepEqual([line["trainSessions"], line["validShare"], line["budget"], line["readings"]], [4, 0, "minute", 1]);
    assert.deepEqual((line["overSeen"] as { cases: number }).cases, 4);
    const second = onlyLine(await call("markov", "--k", "1,2", "--options", "backoff=0", "--json"));
    assert.deepEqual([second["k"], second["recall"], second["mrr"]], [2, 4 / 5, 3 / 5]);
    assert.equal(second["cached"], true); // gzip or plain: the same data, trained once
    assert.equal((second["passport"] as { candidates: string }).candidates, "full ranking over 4 training items");
  });

  it("shows a table with Recall@20 by default, and counts its readings", async () => {
    const { code, stdout } = await call("pop");
    assert.equal(code, 0);
    assert.match(stdout, /^cases +number +Recall@20 +MRR@20$/m);
    assert.match(stdout, /^all +5 +0\.8000 +0\.\d{4}$/m);
    assert.match(stdout, /targets that training does not have are misses/);
    assert.match(stdout, /This is reading \d+ of these test cases/);
    const readings = Object.values(JSON.parse(readFileSync(lab.path("readings.json"), "utf8")) as Record<string, { test: number }>);
    assert.ok(readings.length === 1 && readings[0]!.test >= 1);
  });

  it("scores the first half of the test sessions when asked", async () => {
    const { cases, passport } = onlyLine(await call("pop", "--half", "--json")) as { cases: number; passport: { split: { confirm: boolean } } };
    assert.deepEqual([cases, passport.split.confirm], [3, true]); // sessions "a b c" of two cases and "b d"
  });

  it("keeps sessions for early stop where the model needs them, or as told", async () => {
    const small = ["--options", "dimension=4", "inner=4", "blocks=1", "epochs=1", "--json"];
    const line = onlyLine(await call("sasrec", ...small));
    assert.deepEqual([line["validShare"], line["trainSessions"]], [0.1, 3]);
    assert.ok((line["recall"] as number) <= 4 / 5);
    assert.equal(onlyLine(await call("markov", "--valid-share", "0.5", "--json"))["trainSessions"], 2);
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
    ["an unknown model", ["--model", "sasrek", "--train", "t", "--test", "t"], /found "sasrek"; did you mean "sasrec"/],
    ["an unknown budget", ["--model", "pop", "--train", "t", "--test", "t", "--budget", "minutes"], /did you mean "minute"/],
    ["an unknown option of the model", ["--model", "markov", "--train", "t", "--test", "t", "--options", "backof=1"], /did you mean "backoff"/],
    ["--train alone", ["--model", "pop", "--train", "t"], /Expected --train FILE and --test FILE, found --train without the other/],
    ["a benchmark's option without files", ["--model", "pop", "--valid-share", "0.2"], /found --valid-share without them/],
    ["a folder's option beside files", ["--model", "pop", "--train", "t", "--test", "t", "--on", "test"], /found --on; leave it out/],
    ["a model by name without files", ["--model", "pop"], /found the model "pop"; give --train FILE and --test FILE/],
    ["a share of 1", ["--model", "pop", "--valid-share", "1"], /expected a number of 0 or more and below 1/],
  ];
  for (const [what, args, says] of wrong) {
    it(`ends with 2 and a readable line for ${what}`, async () => {
      const { code, stdout, stderr } = await lab.call(["evaluate", ...args]);
      assert.match(stderr, says);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  it("ends with 1 and file and line for a malformed file", async () => {
    writeFileSync(lab.path("broken.txt"), "a\tb\nb c\n");
    const { code, stderr } = await call("pop", "--test", lab.path("broken.txt"));
    assert.equal(code, 1);
    assert.match(stderr, /broken\.txt:2: Expected a prefix, a tab and one label/);
  });
});
