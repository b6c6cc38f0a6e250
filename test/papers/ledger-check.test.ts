import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeCheckedJson } from "../../src/core/checked-json";
import { packRanks, unpackRanks } from "../../src/evaluation/packed-ranks";
import { readCaseGroups } from "../../src/papers/case-groups";
import { resultFaults } from "../../src/papers/ledger/check";
import { publishedPages, type Page } from "../../src/papers/pages";
import { rowFaults, unmarkedTables } from "../../src/papers/ledger/published";
import { readResult, resultId } from "../../src/papers/results";
import type { PersonaPaperResult } from "../../src/papers/persona/persona";
import { freshFolder } from "../scratch";

const root = join(__dirname, "../..");
const name = "persona-ml-100k-minute-sasrec-1";

/** A value that can be changed. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

describe("results as they were written", () => {
  const scratch = freshFolder();

  /** A folder with a few of the project's results. */
  function some(): string {
    const folder = join(scratch(), "results");
    mkdirSync(join(folder, "cases"), { recursive: true });
    for (const file of [`${name}.json`, "persona-ml-100k-minute-pop-1.json", "counterfactual-online-biased-minute-base-1.json", "cases/persona-ml-100k-minute.json"]) cpSync(join(root, "results", file), join(folder, file));
    return folder;
  }

  /** Changes a result, and makes its check anew. */
  function forge(folder: string, change: (result: Mutable<PersonaPaperResult>) => void): void {
    const file = join(folder, `${name}.json`);
    const { check: _check, ...result } = JSON.parse(readFileSync(file, "utf8")) as Mutable<PersonaPaperResult> & { check: string };
    change(result as Mutable<PersonaPaperResult>);
    writeCheckedJson(file, result);
  }

  const readme = (folder: string): readonly Page[] => [{ file: "README.md", text: `Results: \`${resultId(readResult(join(folder, `${name}.json`)))}\`` }];
  const fields = (folder: string, pages?: readonly Page[]): string[] => resultFaults(folder, pages).map(({ file, field }) => `${file} ${field}`);

  it("has no fault in the project's own, and the ids on its pages are theirs (pages.test.ts has the tables)", function () {
    this.timeout(900_000);
    const pages = publishedPages(root).map(({ file, text }) => ({ file, text: (text.match(/`[\w.{},-]+@[0-9a-f]{8}`/g) ?? []).join(" ") }));
    assert.ok(pages.map(({ text }) => text).join(" ").split("@").length > 100);
    assert.deepEqual(resultFaults(join(root, "results"), pages), []);
  });

  it("finds a metric that was changed by hand, by the file's check and by its ranks", () => {
    const folder = some();
    assert.deepEqual(resultFaults(folder, readme(folder)), []);
    const file = join(folder, `${name}.json`);
    const text = readFileSync(file, "utf8");
    const [, value] = /"test": \{[\s\S]*?"NDCG@10": ([\d.]+)/.exec(text)!;
    const at = text.indexOf(`"NDCG@10": ${value}`, text.indexOf('"test": {'));
    writeFileSync(file, `${text.slice(0, at)}"NDCG@10": 0.5${text.slice(at + `"NDCG@10": ${value}`.length)}`);
    assert.deepEqual(fields(folder), [`${name}.json check`, `${name}.json test.metrics.NDCG@10`]);
  });

  it("finds a metric, one over seen targets and one of less popular targets under a check that was made anew", () => {
    const folder = some();
    forge(folder, ({ test }) => {
      test.metrics["HR@10"] = 0.9;
      test.overSeen.metrics["MRR@20"] = 0.9;
      test.strata.find((one) => one.name === "tail")!.metrics["NDCG@10"] = 0.9;
    });
    assert.deepEqual(fields(folder), ["test.metrics.HR@10", "test.overSeen.metrics.MRR@20", "test.strata.tail.NDCG@10"].map((field) => `${name}.json ${field}`));
  });

  it("finds one rank that was changed", () => {
    const folder = some();
    forge(folder, (result) => {
      const ranks = unpackRanks(result.ranks, result.test.cases);
      const hit = ranks.greater.findIndex((greater, c) => greater < 10 && ranks.equal[c]! > 0);
      ranks.greater[hit] = 200;
      result.ranks = packRanks(ranks);
    });
    assert.ok(fields(folder).includes(`${name}.json test.metrics.HR@10`));
    forge(folder, (result) => void (result.ranks = "no ranks"));
    assert.deepEqual(fields(folder), [`${name}.json ranks`]);
  });

  it("finds a passport's option: by the check, and by the id that README names where the check was made anew", () => {
    const folder = some();
    const pages = readme(folder);
    const file = join(folder, `${name}.json`);
    const before = readFileSync(file, "utf8");
    writeFileSync(file, before.replace('"dropout": ', '"dropout": 1'));
    assert.deepEqual(fields(folder, pages), [`${name}.json check`, `${name}.json passport`]);
    writeFileSync(file, before);
    forge(folder, ({ passport }) => void ((passport.options as Record<string, unknown>)["dropout"] = 0.9));
    assert.deepEqual(fields(folder, pages), [`${name}.json passport`]);
    forge(folder, ({ passport }) => void (passport.seeds = [2]));
    assert.deepEqual(fields(folder), [`${name}.json passport.seeds`]);
  });

  it("finds a file under another name, and one that README names and is gone", () => {
    const folder = some();
    const pages = readme(folder);
    renameSync(join(folder, `${name}.json`), join(folder, "persona-ml-100k-minute-sasrec-9.json"));
    assert.deepEqual(fields(folder, pages), ["persona-ml-100k-minute-sasrec-9.json file name", `${name}.json file name`]);
  });

  it("finds a click rate that is not what was counted, groups of cases that were changed, and what is no JSON", () => {
    const folder = some();
    const online = join(folder, "counterfactual-online-biased-minute-base-1.json");
    const { check: _check, ...result } = JSON.parse(readFileSync(online, "utf8")) as { check: string; test: { metrics: Record<string, number> } };
    result.test.metrics["slate CTR"] = 0.99;
    writeCheckedJson(online, result);
    const groups = join(folder, "cases", "persona-ml-100k-minute.json");
    writeFileSync(groups, readFileSync(groups, "utf8").replace('"quantile": 0.8', '"quantile": 0.9'));
    writeFileSync(join(folder, "broken.json"), "{");
    assert.deepEqual(fields(folder), ["broken.json all of it", "cases/persona-ml-100k-minute.json check", "counterfactual-online-biased-minute-base-1.json test.metrics.slate CTR"]);
  });

  it("keeps sessions and less popular targets of the cases, as the results' strata have them", () => {
    const groups = readCaseGroups(join(root, "results"), "persona-ml-100k-minute", "test")!;
    const { test } = readResult(join(root, "results", `${name}.json`));
    assert.deepEqual([groups.hash, groups.target.length, groups.lessPopular.length], [test.hash, test.cases, test.strata.find((one) => one.name === "tail")!.cases]);
    assert.equal(new Set(groups.session).size, 138);
    assert.equal(readCaseGroups(join(root, "results"), "persona-ml-100k-minute", "confirm"), undefined);
  });
});

describe("what pages publish", () => {
  const table = ["| model | HR@10 | note |", "| --- | ---: | --- |", "| POP | **0.1000 ± 0.0010**† | x |"];

  it("has tables of metrics in marked blocks alone: a planted one is found", () => {
    assert.deepEqual(unmarkedTables(["a", ...table].join("\n")), [2]);
    assert.deepEqual(unmarkedTables(["<!-- table:a -->", ...table, "<!-- /table:a -->", "", "| model | why |", "| --- | --- |"].join("\n")), []);
    assert.deepEqual(unmarkedTables(["<!-- table:a -->", ...table, "<!-- /table:a -->", ...table].join("\n")), [6]);
  });

  it("has the means and deviations of results, number by number", () => {
    const block = table.join("\n");
    assert.deepEqual(rowFaults(block, { block: "a", title: "POP", cells: { "HR@10": "0.1000 ± 0.0010" } }), []);
    assert.deepEqual(rowFaults(block, { block: "a", title: "POP", cells: { "HR@10": "0.1001 ± 0.0010" } }), ['"POP", HR@10: 0.1000 ± 0.0010†, and results give 0.1001 ± 0.0010']);
    assert.deepEqual(rowFaults(block, { block: "a", title: "POP", cells: { "HR@10": "0.1000" } }).length, 1);
    assert.deepEqual(rowFaults(block, { block: "a", title: "SASRec", cells: {} }), ['has no row "SASRec", which results have']);
  });
});
