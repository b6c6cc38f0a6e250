/**
 * The whole experiment on a stranger's files, of a shop whose users have personas by construction, and of one whose users have
 * none. Item vectors are random numbers: what personas know comes from the graph of users, items, genres and authors.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import { generatePersonas, type PersonaWorld, type PersonaWorldOptions } from "../../src/data/generate-personas";
import { runPersonaPaper, type PersonaExperiment } from "../../src/papers/persona/persona";
import { personaReport, rowName, type PersonaReport } from "../../src/papers/persona/report";
import { personaFindings } from "../../src/papers/persona/tables";
import { initBackend } from "../../src/tensor/backend";
import { freshFolder } from "../scratch";

/** Small, and alike for all. */
const shared = { dropout: 0.2, dimension: 32, inner: 32, blocks: 1, heads: 1, batch: 256, rate: 0.01, epochs: 12, patience: 4, maxLength: 4 };
const persona = { ...shared, inject: "concat", persona: "user", personaDropout: 0, input: "both" };

describe("the persona experiment on a stranger's files", () => {
  const scratch = freshFolder();

  /** Writes a shop's files. */
  async function open(options: Partial<PersonaWorldOptions>): Promise<{ readonly world: PersonaWorld; readonly settings: PersonaExperiment }> {
    const folder = scratch();
    const [events, items, vectors] = ["events.csv", "items.csv", "vectors.tsv"].map((name) => join(folder, name)) as [string, string, string];
    const world = await generatePersonas(events, items, { users: 240, seed: "3", ...options });
    const rng = new Rng(1).child("vectors");
    writeFileSync(vectors, Array.from({ length: world.items }, (_, item) => `i${item + 1}\t${Array.from(rng.child(String(item)).normals(32), (value) => value.toFixed(4)).join("\t")}\n`).join(""));
    const settings: PersonaExperiment = {
      ...{ source: { name: "shop", events, items }, budget: "minute", seeds: 1, candidates: 20 },
      arms: ["sasrec", "persona", "persona-shuffled"],
      set: { sasrec: shared, persona, "persona-shuffled": persona },
      world: { sessions: { by: "day" }, encoder: vectors },
      ...{ results: join(folder, "results"), cache: join(folder, "cache"), backend: await initBackend() },
    };
    return { world, settings };
  }

  const hits = ({ rows }: PersonaReport, name: string): number => rows.find((row) => rowName(row) === name)!.test["HR@10"]!.mean;

  it("finds planted personas, at least half of what they are worth, and not by shuffled ones; and computes nothing twice", async () => {
    const { world: { bounds }, settings } = await open({});
    const report = personaReport(await runPersonaPaper(settings), settings);
    const [known, unknown] = [bounds.persona.hitRate, bounds.session.hitRate]; // .562 and .335
    const [own, plain, shuffled, reranked] = ["persona", "sasrec", "persona-shuffled", "persona-rerank"].map((name) => hits(report, name)) as [number, number, number, number];
    assert.ok(own - plain > (known - unknown) / 2, `persona ${own}, SASRec ${plain}`);
    assert.ok(own < known + 0.07, `persona ${own}: more than can be known`); // 3 standard errors over some 570 cases
    assert.ok(shuffled < unknown + 0.05, `shuffled personas ${shuffled}: more than the session tells`);
    assert.ok(reranked > plain, `reranked ${reranked}, SASRec ${plain}`);
    assert.deepEqual(report.comparisons.map(({ as, difference, holm }) => [as, difference > 0 && holm < 0.05]), [["best baseline", true], ["strongest placebo", true]]);
    assert.ok(personaFindings(report).every(({ warning }) => warning === undefined));
    for (const { losses, test } of report.rows) {
      for (const { k, lostByCandidates, lostByReranking } of losses ?? []) assert.ok(Math.abs(lostByCandidates + lostByReranking - (1 - test[`HR@${k}`]!.mean)) < 1e-9);
    }

    const steps: string[] = [];
    const again = { ...settings, onStep: (line: string) => void steps.push(line) };
    await runPersonaPaper(again);
    assert.deepEqual(steps, ["SASRec: in results", "Persona-SASRec: in results", "Persona-SASRec, shuffled personas: in results"].map((line) => line.replace(":", ", seed 1:")));
    steps.length = 0;
    await runPersonaPaper({ ...again, results: `${settings.results}-again`, set: { ...settings.set, "persona-shuffled": { ...persona, epochs: 1 } } });
    const computed = steps.filter((line) => !line.includes(": cached")).map((line) => line.split(": computed")[0]);
    assert.deepEqual(computed, ["Persona-SASRec, shuffled personas, seed 1: train", "Persona-SASRec, shuffled personas, seed 1: measure"]);
  });

  it("finds nothing where users have no personas", async () => {
    const { world: { bounds }, settings } = await open({ planted: "noise" });
    const report = personaReport(await runPersonaPaper(settings), settings);
    assert.ok(Math.abs(bounds.persona.hitRate - bounds.session.hitRate) < 1e-9); // .206 both
    for (const name of ["persona", "persona-blend", "persona-rerank"]) {
      assert.ok(hits(report, name) - hits(report, "sasrec") < 0.05, name);
      assert.ok(hits(report, name) < bounds.persona.hitRate + 0.05, name);
    }
    assert.ok(report.comparisons.length === 2 && report.comparisons.every(({ difference, holm }) => !(difference > 0 && holm < 0.05)));
    assert.ok(!personaFindings(report).some(({ text }) => text.includes("is ahead of")));
  });
});
