/** A paper's grid in several processes, and its plan, from the command line. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { OwnFiles } from "../../src/papers/persona/data";
import type { PersonaReport } from "../../src/papers/persona/report";
import type { GridPlan } from "../../src/papers/plan";
import { readResults } from "../../src/papers/results";
import { experimentIn } from "../papers/small-persona";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab plan, and reproduce --workers", function () {
  this.timeout(400_000);
  const lab = new Laboratory();

  it("plans what is left, does it in two processes, and then has nothing left", async () => {
    const { source, world } = await experimentIn(lab.folder);
    const { events, items } = source as OwnFiles;
    const data = ["--paper", "persona", "--events", events, "--items", items, "--name", "shop", "--sessions", "day", "--encoder", world!.encoder!, "--arms", "pop,vs-knn", "--seeds", "1", "--workers", "2", "--out", lab.path("out"), "--json"];
    const before = onlyLine(await lab.run(["plan", ...data])) as unknown as GridPlan;
    assert.deepEqual([before.tasks, before.workers, before.kinds.map(({ kind, steps }) => [kind, steps])], [{ total: 2, left: 2 }, 2, [["train POP", 1], ["measure", 2], ["train VS-KNN", 1]]]);
    const ran = await lab.run(["reproduce", ...data]);
    assert.equal(ran.code, 0, ran.stderr);
    const { persona } = onlyLine(ran) as unknown as { readonly persona: PersonaReport };
    assert.deepEqual(persona.rows.map(({ arm }) => arm), ["pop", "vs-knn"]);
    assert.deepEqual(readdirSync(lab.path("out", "results")).sort(), ["cases", "persona-shop-minute-pop-1.json", "persona-shop-minute-vs-knn-1.json"]);
    const threads = process.env["SESSIONLAB_THREADS"] === undefined ? Math.max(1, Math.floor(availableParallelism() / 2)) : Number(process.env["SESSIONLAB_THREADS"]);
    assert.deepEqual(readResults(lab.path("out", "results")).map(({ passport }) => passport.threads), [threads, threads]);
    const again = await lab.run(["reproduce", ...data]);
    assert.equal(again.code, 0, again.stderr);
    assert.ok(!/: (computed|cached)/.test(again.stderr), again.stderr);
  });

  it("refuses an engine that is none, and processes for what has no grid", async () => {
    const wrong = await lab.call(["reproduce", "--paper", "persona", "--engine", "locl"]);
    assert.deepEqual([wrong.code, /did you mean "local"/.test(wrong.stderr)], [2, true], wrong.stderr);
    const all = await lab.call(["reproduce", "--workers", "2"]);
    assert.deepEqual([all.code, /Expected --paper persona or counterfactual with --engine, --workers, --ray-address, --memory, --plan or --parts, found all/.test(all.stderr)], [2, true], all.stderr);
  });
});
