import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readResults } from "../../src/papers/results";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab hdgi", () => {
  const lab = new Laboratory();
  const users = Array.from({ length: 40 }, (_, n) => n);
  before(() => {
    const write = (name: string, head: string, rows: readonly string[]): void => writeFileSync(lab.path(name), `${head}\n${rows.join("\n")}\n`);
    write("f.tsv", "user\tword", users.flatMap((n) => [`u${n}\tw${n % 7}`, `u${n}\tk${n % 3 === 0 ? n % 5 : n % 2}`]));
    write("e.tsv", "user\titem", users.flatMap((n) => [`u${n}\ti${n % 2}${n % 3}`, `u${n}\ti${n % 2}${n % 4}x`]));
    write("l.tsv", "user\tlabel", users.map((n) => `u${n}\t${n % 2 === 0 ? "even" : "odd"}`));
  });
  const args = (...more: readonly string[]): string[] => ["hdgi", "--features", lab.path("f.tsv"), "--edges", `user-item=${lab.path("e.tsv")}`, "--labels", lab.path("l.tsv"), "--dataset", "two-kinds", "--out", lab.path("out"), ...more];

  it("writes a result a run with its passport, shows means and sd, and does not run them again", async () => {
    const more = ["--variant", "gcn", "--seeds", "2", "--options", "dimension=8", "epochs=20", "rate=0.02"];
    const { code, stdout, stderr } = await lab.call(args(...more));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Protocol: 40 nodes, meta-paths user-item-user; logistic regression on frozen vectors, 8 nodes to learn from, 4 to choose its penalty on, 28 to read/m);
    assert.match(stdout, /^Test labels were read 6 times so far/m);
    assert.match(stdout, /^HDGI-C +2 +\d\.\d{4} ± \d\.\d{4}/m);
    const names = ["features-1", "hdgi-c-1", "hdgi-c-2", "hdgi-c-rewired-1", "hdgi-c-rewired-2", "mean-features-1"].map((name) => `hdgi-two-kinds-${name}.json`);
    assert.deepEqual(readdirSync(lab.path("out")).filter((name) => name.startsWith("hdgi-")).sort(), names);
    const readings = (): unknown => JSON.parse(readFileSync(lab.path("out/readings.json"), "utf8"));
    const counted = readings();
    assert.match(JSON.stringify(counted), /"hdgi-two-kinds":\{[^}]*"test":6/);
    const text = readFileSync(lab.path("out/hdgi-two-kinds-hdgi-c-1.json"), "utf8");
    const { passport, fit } = JSON.parse(text) as { passport: { model: string; options: { dimension: number }; seeds: number[] }; fit: { epochs: number; loss: number } };
    assert.deepEqual([passport.model, passport.options.dimension, passport.seeds, fit.epochs], ["HDGI-C", 8, [1], 20]);
    assert.ok(fit.loss < 0.75);
    assert.equal(readResults(lab.path("out")).length, 6); // what reads results takes these too
    const line = onlyLine(await lab.call(args(...more, "--json")));
    assert.equal((line["results"] as unknown[]).length, 6);
    assert.deepEqual(readings(), counted); // nothing was read again
    const dmgi = onlyLine(await lab.call(args("--variant", "dmgi", "--options", "dimension=8", "epochs=10", "rate=0.02", "--json")));
    assert.deepEqual((dmgi["rows"] as { model: string; seeds: number }[]).map(({ model, seeds }) => [model, seeds]), [["features", 1], ["mean-features", 1], ["dmgi", 1]]);
    assert.equal(readFileSync(lab.path("out/hdgi-two-kinds-hdgi-c-1.json"), "utf8"), text);
  });

  it("says what is missing or was changed", async () => {
    const wrong = async (given: readonly string[], message: RegExp, code: number): Promise<void> => {
      const found = await lab.call([...given]);
      assert.match(found.stderr, message);
      assert.equal(found.code, code);
    };
    await wrong(["hdgi", "--features", lab.path("f.tsv")], /--features, --edges and --labels/, 2);
    await wrong(args("--edges", lab.path("e.tsv")), /--edges as types=file/, 2);
    await wrong(args("--search"), /--search with --dataset acm3025, found files of your own/, 2);
    await wrong(args("--variant", "gnc"), /did you mean "gcn"/, 2);
    const file = lab.path("out/hdgi-two-kinds-features-1.json");
    writeFileSync(file, readFileSync(file, "utf8").replace(/"nmi": 0?\.?\d*/, '"nmi": 1'));
    await wrong(args("--models", "features"), /as it was written, found that it was changed/, 1);
  });
});
