import assert from "node:assert/strict";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab departures", () => {
  const lab = new Laboratory();

  it("shows the register of one paper or of both, in each format and as JSON", async () => {
    const all = await lab.call(["departures"]);
    assert.equal(all.code, 0, all.stderr);
    assert.match(all.stdout, /^What the persona paper \(arXiv 2604\.06928\) leaves open$/m);
    assert.match(all.stdout, /^What the counterfactual paper \(arXiv 2410\.21892\) leaves open$/m);
    assert.match(all.stdout, /^data\/zip\.ts +Reads members of a zip archive +no ZIP64/m);
    const persona = await lab.call(["departures", "--paper", "persona", "--format", "markdown"]);
    assert.match(persona.stdout, /^\| How a persona enters the recommender \| inject in models\/persona-sasrec\.ts \|/m);
    assert.match(persona.stdout, /^\| personas\/encoder\.ts \| HDGI's forward pass \| the identity is added once/m);
    assert.doesNotMatch(persona.stdout, /counterfactual paper|data\/zip\.ts|evaluation\/strata\.ts/);
    assert.match((await lab.call(["departures", "--format", "latex"])).stdout, /\\begin\{table\}/);
    assert.match((await lab.call(["departures", "--format", "html"])).stdout, /<caption>Departures from what is rebuilt<\/caption>/);
    const { departures, choices } = onlyLine(await lab.call(["departures", "--paper", "counterfactual", "--json"])) as { departures: { papers: string[] }[]; choices: { paper: string }[] };
    assert.ok(departures.length > 0 && departures.every(({ papers }) => papers.includes("counterfactual")));
    assert.deepEqual([...new Set(choices.map(({ paper }) => paper))], ["counterfactual"]);
  });

  it("has the placebos of both papers and the values that were tried, in each format on one page", async () => {
    const page = (await lab.call(["departures", "--format", "html"])).stdout;
    assert.match(page, /^<!doctype html>/i);
    assert.match(page, /<caption>Placebos and controls, beside what is proposed<\/caption>/);
    const text = (await lab.call(["departures", "--paper", "persona", "--format", "markdown"])).stdout;
    assert.match(text, /^\| persona-amazon-movies-hour \| Persona-SASRec, rewired graph, blended with SASRec \| placebo \| NDCG@10 \| 0\.0055 ± 0\.0005 \| 5 \|$/m);
    assert.match(text, /^\| How a persona enters the recommender \| inject in models\/persona-sasrec\.ts \| concat \| prefix, bias, gate, concat \| .*concat.*prefix.* \| yes \|$/m);
    assert.doesNotMatch(text, /counterfactual-online/);
  });

  it("names the nearest paper and format to a wrong one", async () => {
    const wrong = await lab.call(["departures", "--paper", "personas"]);
    assert.deepEqual([wrong.code, /did you mean "persona"/.test(wrong.stderr)], [2, true]);
    assert.deepEqual([(await lab.call(["departures", "--format", "tex"])).code], [2]);
    assert.match((await lab.call(["departures", "--help"])).stdout, /Examples:\n +\$ sessionlab departures/);
  });
});
