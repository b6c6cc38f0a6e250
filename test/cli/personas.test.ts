import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { decodeSafetensors } from "../../src/core/safetensors";
import { Rng } from "../../src/core/rng";
import { Hdgi } from "../../src/personas/hdgi";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab personas", () => {
  const lab = new Laboratory();
  const call = (...more: readonly string[]) => lab.call(["personas", "--dataset", "ml-100k", "--no-linked", "--encoder", lab.path("films.txt"), "--budget", "minute", "--options", "dimension=8", "epochs=5", "--groups", "3", "--out", lab.path("out"), ...more]);
  before(async () => {
    await lab.prepare();
    const rng = new Rng("films");
    const rows = Array.from({ length: 2000 }, (_, n) => [n, ...Array.from(rng.normals(4), (value) => value.toFixed(4))].join(" "));
    writeFileSync(lab.path("films.txt"), `${rows.join("\n")}\n`);
  });

  it("writes vectors, groups and the model, says how seeds agree, and shows a user", async () => {
    const answer = await call("--seeds", "2");
    assert.equal(answer.code, 0, answer.stderr);
    assert.match(answer.stdout, /^ml-100k: personas of \d+ users from \d+ edges, HDGI-C, 5 epochs in \d+ s, peak memory \d+\.\d\d GB/);
    assert.match(answer.stdout, /^over 2 seeds: groups agree -?\d\.\d\d \(adjusted Rand\), neighbours \d+\.\d %, by chance/m);
    assert.deepEqual(readdirSync(lab.path("out")).sort(), ["groups.tsv", "hdgi.safetensors", "personas.safetensors"]); // no checkpoint stays
    const { tensors, metadata } = decodeSafetensors(readFileSync(lab.path("out/personas.safetensors")), "personas");
    const ids = JSON.parse(metadata["ids"]!) as string[];
    assert.deepEqual(tensors["vectors"]!.shape, [ids.length, 8]);
    const [head, ...rows] = readFileSync(lab.path("out/groups.tsv"), "utf8").trimEnd().split("\n").map((line) => line.split("\t"));
    assert.deepEqual(head, ["user", "group", "persona", "membership"]);
    assert.deepEqual(rows.map(([id]) => id), ids);
    const model = Hdgi.load(lab.path("out"));
    assert.deepEqual([model.options.dimension, model.options.epochs], [8, 5]);
    model.dispose();
    const line = onlyLine(await call("--user", ids[0]!, "--json")) as { users: number; view: { id: string; persona: string }; named: { name: string }[]; stability?: unknown };
    assert.deepEqual([line.users, line.view.id, line.stability], [ids.length, ids[0], undefined]);
    assert.ok(line.named.some(({ name }) => name === line.view.persona));
  });

  it("says what is wrong before anything is written", async () => {
    const wrong = async (given: readonly string[], message: RegExp, code: number): Promise<void> => {
      const answer = await lab.call(["personas", "--out", lab.path("none"), ...given]);
      assert.equal(answer.code, code, answer.stdout);
      assert.match(answer.stderr, message);
    };
    await wrong(["--dataset", "ml-100"], /did you mean "ml-100k"/, 2);
    await wrong(["--dataset", "ml-100k", "--variant", "gin"], /a variant \(gcn, gat\)|gcn, gat/, 2);
    await wrong(["--dataset", "ml-100k", "--budget", "day"], /a budget/, 2);
    await wrong(["--dataset", "ml-100k", "--groups", "0"], /groups/, 2);
    assert.ok(!existsSync(lab.path("none")));
  });
});
