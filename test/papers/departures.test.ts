import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { DataError } from "../../src/core/errors";
import { renderTable } from "../../src/display/formats";
import { departuresOf, departuresRegister, departureTables, headerOf } from "../../src/papers/departures";
import { openChoices } from "../../src/papers/open-choices";
import { freshFolder } from "../scratch";

const root = join(__dirname, "../..");

/**
 * Options that open-choices.ts names before src has them, as "src/models/x.ts key". Take one out when it lands: the test
 * below fails until then, in either direction.
 */
const pending: readonly string[] = [];

/** Where the choices that are "not built" will be made. */
const unbuilt: readonly string[] = ["src/augmentation"];

/** Keys and first values of a module's defaults, as its text has them; `"a" as Kind` is "a". */
function defaultsIn(file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!existsSync(join(root, file))) return found;
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.ES2022, true);
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!/defaults$/i.test(name.getText()) || initializer === undefined || !ts.isObjectLiteralExpression(initializer)) continue;
      for (const property of initializer.properties) {
        if (!ts.isPropertyAssignment(property)) continue;
        const value = property.initializer;
        found.set(property.name.getText(), (ts.isAsExpression(value) ? value.expression : value).getText());
      }
    }
  }
  return found;
}

describe("departures register", () => {
  const folder = freshFolder();

  it("reads lines that go on, several in a header, one in the middle of a line; a line that is not indented ends it", () => {
    const header = headerOf(["/**", " * Toy: a model (A. and B., 2020, arXiv 1.2) of toys. More.", " *   x = y. z", " * Departs: the first", " *   goes on,", " *   and on.", " * Departs: the second.", " * Something else.", " *   Indented, but of something else.", " * Source: a book. Departs: the third", " *   too.", " */", "/** Departs: not the header. */"].join("\n"));
    assert.deepEqual(departuresOf(header), ["the first goes on, and on.", "the second.", "the third too."]);
    assert.deepEqual(departuresOf(headerOf("/** One line. Departs: in it. */\nconst a = 1;")), ["in it."]);
    assert.deepEqual(departuresOf(headerOf("// no such comment\n/** Departs: later. */")), []);
  });

  it("says what a file rebuilds, and whose it is: its folder's, or the paper's that its header names", () => {
    for (const [file, text] of Object.entries({
      "models/toy.ts": "/**\n * Toy: a model (A. et al., 2020, arXiv 1234.5678, Eq. 2) of v1.5 toys. More.\n * Departs: one.\n */",
      "models/own.ts": "/**\n * The recommender of P1: all of it.\n * Departs: two.\n */",
      "personas/graph.ts": "/**\n * HDGI's pass (Ren et al., 2019).\n *   x = y\n * Departs: three.\n */",
      "data/zip.ts": "/** Reads (zip) files. Departs: four. */",
      "response/causal.ts": "/** A causal model; temporal. Departs: five. */",
      "models/none.ts": "/** Has none. */",
      "models/toy.d.ts": "/** Typed. Departs: no source. */",
    })) {
      mkdirSync(join(folder(), "src", file, ".."), { recursive: true });
      writeFileSync(join(folder(), "src", file), text);
    }
    const rows = (paper: Parameters<typeof departuresRegister>[0]): string[] => departuresRegister(paper, join(folder(), "src")).departures.map(({ file, name, departure }) => `${file} ${name}: ${departure}`);
    const [four, two, toy, three, five] = ["src/data/zip.ts Reads: four.", "src/models/own.ts The recommender of P1: two.", "src/models/toy.ts Toy: one.", "src/personas/graph.ts HDGI's pass: three.", "src/response/causal.ts A causal model: five."];
    assert.deepEqual(rows("all"), [four, two, toy, three, five]);
    assert.deepEqual(rows("persona"), [two, toy, three]);
    assert.deepEqual(rows("counterfactual"), [toy, five]);
    assert.deepEqual(departuresRegister("all", join(folder(), "src")).departures.map(({ rebuilds }) => rebuilds), ["Reads (zip) files", "The recommender of P1: all of it", "Toy: a model (A. et al., 2020, arXiv 1234.5678, Eq. 2) of v1.5 toys", "HDGI's pass (Ren et al., 2019)", "A causal model; temporal"]);
    assert.throws(() => departuresRegister("all", join(folder(), "nowhere")), (error) => error instanceof DataError && /Expected the sources/.test(error.message));
  });

  it("has every departure of src, each a whole sentence, with a name and a source", () => {
    const { departures } = departuresRegister();
    const own = ["src/papers/departures.ts", "src/cli/departures.ts"];
    const written = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).map((file) => `src/${file}`).filter((file) => file.endsWith(".ts") && !own.includes(file))
      .flatMap((file) => Array.from(readFileSync(join(root, file), "utf8").matchAll(/Departs:/g), () => file)).sort();
    assert.deepEqual(departures.map(({ file }) => file), written);
    assert.deepEqual(departures.filter(({ departure, name, rebuilds }) => !departure.endsWith(".") || name.length < 3 || !rebuilds.startsWith(name)).map(({ file, departure }) => `${file}: ${departure}`), []);
    const sasrec = departures.filter(({ file }) => file === "src/models/sasrec.ts");
    assert.deepEqual([sasrec[0]!.name, sasrec[0]!.rebuilds, sasrec[0]!.departure], ["SASRec", "SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018)", "exact softmax cross-entropy over the catalogue by default; the paper's binary cross-entropy with one negative a position is `loss: \"binary\"`: on sparse data it scores half as much."]);
    const of = (file: string): readonly string[] => departures.find((one) => one.file === file)!.papers;
    assert.deepEqual([of("src/personas/hdgi.ts"), of("src/models/user-gru.ts"), of("src/evaluation/strata.ts"), of("src/models/sasrec.ts"), of("src/data/zip.ts")], [["persona"], ["persona"], ["counterfactual"], ["persona", "counterfactual"], []]);
  });

  it("names for each open choice an option that is there, with the default that it has", () => {
    const faults = openChoices.flatMap(({ place, ours, choice }) => {
      if (typeof place === "string") return [];
      const known = defaultsIn(place.file).get(place.key);
      const name = `${place.file} ${place.key}`;
      if (pending.includes(name)) return known === undefined ? [] : [`${name} has landed: take it out of the list of pending ones`];
      if (known === undefined) return [`${choice}: no option ${place.key} in ${place.file}`];
      return known === String(ours) || known === JSON.stringify(ours) ? [] : [`${name} is ${known} by default, not ${String(ours)}`];
    });
    assert.deepEqual(faults, []);
    const named = openChoices.map(({ place }) => (typeof place === "string" ? place : `${place.file} ${place.key}`));
    assert.deepEqual(pending.filter((name) => !named.includes(name)), []);
    assert.deepEqual([...new Set(named)].filter((name) => name !== "fixed" && name !== "not built").length, named.filter((name) => name !== "fixed" && name !== "not built").length);
    assert.deepEqual([defaultsIn("src/models/persona-sasrec.ts").get("inject"), defaultsIn("src/models/persona-sasrec.ts").get("injects"), defaultsIn("src/none.ts").size], ['"concat"', undefined, 0]);
  });

  it("calls a choice not built as long as its folder is not there, and has what the persona paper leaves open", () => {
    const missing = openChoices.filter(({ place }) => place === "not built");
    if (unbuilt.some((one) => existsSync(join(root, one)))) assert.deepEqual(missing, [], `${unbuilt.join(" or ")} is there: name the options that decide these`);
    else assert.ok(missing.length > 0 && missing.every(({ paper, ours, ablated }) => paper === "counterfactual" && ours === undefined && !ablated));
    const keys = openChoices.flatMap(({ paper, place }) => (paper === "persona" && typeof place !== "string" ? [place.key] : []));
    for (const key of ["inject", "persona", "unknown", "personaDropout", "candidates", "blend", "template", "normalise", "centre", "paths", "maxDegree", "weight", "semantic", "by", "maxLength"]) assert.ok(keys.includes(key), key);
    assert.equal(openChoices.every(({ place, ours }) => place !== "fixed" || typeof ours === "string"), true);
  });

  it("is shown as tables with their protocol, in each format", () => {
    const { open, departures } = departureTables(departuresRegister());
    assert.deepEqual([...open, departures].map(({ title }) => title), ["What the persona paper (arXiv 2604.06928) leaves open", "What the counterfactual paper (arXiv 2410.21892) leaves open", "Departures from what is rebuilt"]);
    assert.match(renderTable(open[0]!, "markdown"), /^\| How a persona enters the recommender \| inject in models\/persona-sasrec\.ts \| concat \| prefix, bias, gate, concat \| yes \|$/m);
    assert.match(renderTable(departures, "markdown"), /^\| models\/sasrec\.ts \| SASRec \| GELU in the feed-forward layer .* has ReLU and none\. \|$/m);
    assert.match(renderTable(departures, "html"), /<th scope="row">models\/niser\.ts<\/th><td class="words">NISER\+<\/td><td class="words long">what SR-GNN departs in\.<\/td>/);
    assert.match(renderTable(departures, "latex"), /models\/niser\.ts & NISER\+ & what SR-GNN departs in\. \\\\/);
    assert.equal(departureTables(departuresRegister("persona")).open.length, 1);
    assert.match(renderTable(departures, "text"), /Protocol: header comments of src, version \d.*\nResults: departures@[0-9a-f]{8}\n/);
  });
});
