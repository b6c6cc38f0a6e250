import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab", () => {
  const lab = new Laboratory();
  before(() => lab.prepare());

  it("explains itself, and every verb with examples", async () => {
    const help = await lab.run(["--help"]);
    assert.equal(help.code, 0);
    for (const verb of ["doctor", "data", "train", "evaluate", "recommend", "reproduce", "kernel"]) assert.match(help.stdout, new RegExp(`^  ${verb} `, "m"));
    for (const verb of [["doctor"], ["train"], ["evaluate"], ["reproduce"], ["kernel", "install"]]) {
      const { code, stdout } = await lab.call([...verb, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\n +\\$ sessionlab ${verb.join(" ")}`));
      assert.match(stdout, /--json/);
    }
  });

  it("finishes its work when the reader of its output is gone", async () => {
    const out = lab.path("unread");
    const { code } = await lab.run(["train", "--model", "pop", "--out", out], { deaf: true });
    assert.equal(code, 0);
    assert.ok(existsSync(out));
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
    ["an unknown verb", ["trian"], /Did you mean train/],
    ["a missing option", ["train", "--model", "pop"], /--out/],
    ["an unknown model", ["train", "--model", "sasrek", "--out", "x"], /^sessionlab: Expected a model \(.*\), found "sasrek"; did you mean "sasrec"\?$/m],
    ["an unknown option of a model", ["train", "--model", "markov", "--options", "backof=0.1", "--out", "x"], /did you mean "backoff"/],
    ["an option of a wrong type", ["train", "--model", "markov", "--options", "backoff=much", "--out", "x"], /Expected Markov\.backoff to be a number, found "much"/],
    ["a pair without =", ["train", "--model", "markov", "--options", "backoff", "--out", "x"], /Expected key=value, found "backoff"/],
    ["an unknown data set", ["train", "--model", "pop", "--dataset", "ml-100", "--out", "x"], /did you mean "ml-100k"/],
    ["an unknown split", ["train", "--model", "pop", "--split", "tim", "--out", "x"], /did you mean "time"/],
    ["a setting of no model", ["reproduce", "--set", "sasrek.epochs=1"], /found "sasrek"; did you mean "sasrec"/],
    ["a cut-off that is no number", ["evaluate", "--model", "x", "--k", "ten"], /positive integers/],
    ["a folder without a model", ["evaluate", "--model", "nowhere"], /run "sessionlab train" first/],
  ];
  for (const [what, args, says] of wrong) {
    it(`ends with 2 and one readable line for ${what}`, async () => {
      const { code, stdout, stderr } = await lab.call(args);
      assert.match(stderr, says);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.ok(!stderr.includes("    at "), stderr);
    });
  }

  it("gives errors as one line of JSON too, and the stack when asked, and exits with 2", async () => {
    const args = ["train", "--model", "sasrek", "--out", "x", "--json"];
    const brief = await lab.run(args);
    assert.equal((onlyLine(brief)["error"] as { name: string }).name, "ConfigError");
    const verbose = await lab.call([...args, "--verbose"]);
    assert.match(verbose.stderr, /\n +at /);
    assert.deepEqual([brief.code, verbose.code], [2, 2]);
  });

  it("trains a model into a folder, from the cache the second time, and evaluates it", async () => {
    const folder = lab.path("markov");
    const train = ["train", "--model", "markov", "--options", "backoff=0.1", "--out", folder, "--json"];
    const child = await lab.run(train);
    assert.equal(child.code, 0);
    const first = onlyLine(child);
    const second = onlyLine(await lab.call(train));
    assert.deepEqual([first["cached"], second["cached"]], [false, true]);
    assert.deepEqual(second["valid"], first["valid"]);
    assert.deepEqual(first["options"], { backoff: 0.1, self: true });
    assert.deepEqual(readdirSync(folder).sort(), ["items.json", "model.json", "training.json", "weights.safetensors"]);

    const evaluate = ["evaluate", "--model", folder, "--readings", lab.path("readings.json")];
    const valid = onlyLine(await lab.call([...evaluate, "--json"]));
    assert.deepEqual(valid["metrics"], first["valid"]);
    for (const reading of [1, 2]) {
      const test = onlyLine(await lab.call([...evaluate, "--on", "test", "--k", "3,1", "--json"]));
      assert.deepEqual(test["ks"], [1, 3]);
      assert.equal(test["readings"], reading);
      assert.equal((test["passport"] as { model: string }).model, "Markov");
      assert.ok((test["metrics"] as Record<string, number>)["HR@1"]! > 0.6, "four steps of five go around the ring");
    }
    const table = await lab.call(evaluate);
    assert.match(table.stdout, /^all cases +\d+ +0\.\d{4}/m);
    assert.match(table.stdout, /^Protocol: full ranking over 12 training items/m);
    const other = await lab.call([...evaluate, "--split", "loo"]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /Expected --split time, as the model was trained, found loo/);
  });

  it("never replaces a folder that it did not write", async () => {
    mkdirSync(lab.path("precious"));
    writeFileSync(lab.path("precious", "thesis.txt"), "years");
    const { code, stderr } = await lab.call(["train", "--model", "pop", "--out", lab.path("precious")]);
    assert.equal(code, 2);
    assert.match(stderr, /name another folder/);
    assert.equal(readFileSync(lab.path("precious", "thesis.txt"), "utf8"), "years");
  });

  it("ends with 1 for damaged data", async () => {
    assert.equal((await lab.call(["train", "--model", "pop", "--out", lab.path("damaged"), "--json"])).code, 0);
    writeFileSync(lab.path("damaged", "weights.safetensors"), "x");
    const { code, stderr } = await lab.call(["evaluate", "--model", lab.path("damaged")]);
    assert.equal(code, 1);
    assert.match(stderr, /^sessionlab: .*weights\.safetensors/m);
  });

  it("writes the kernelspec where it is told", async () => {
    const { file } = onlyLine(await lab.call(["kernel", "install", "--prefix", lab.path("env"), "--json"])) as { file: string };
    assert.ok(file.startsWith(lab.path("env")) && existsSync(file));
    assert.ok(Array.isArray((JSON.parse(readFileSync(file, "utf8")) as { argv: unknown }).argv));
  });
});
