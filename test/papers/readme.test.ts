import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readBlock } from "../../src/papers/report";
import { readResults, resultId } from "../../src/papers/results";

describe("README", () => {
  const root = join(__dirname, "../..");
  const readme = readFileSync(join(root, "README.md"), "utf8");

  for (const setting of ["ml-100k-time", "ml-100k-loo-hour"]) {
    it(`holds the table of the committed results on ${setting}, number by number and id by id`, () => {
      const results = readResults(join(root, "results")).filter((result) => result.paper === "base" && result.dataset === setting);
      const block = readBlock(readme, `base-${setting}`);
      assert.equal(block !== "", results.length > 0, "the table and results/ belong together: run sessionlab reproduce --publish");
      for (const result of results) assert.ok(block.includes(`\`${resultId(result)}\``), `README does not name ${resultId(result)}: run sessionlab reproduce --publish`);
      for (const model of new Set(results.map((result) => result.passport.model))) {
        const runs = results.filter((result) => result.passport.model === model);
        const mean = runs.reduce((sum, result) => sum + result.test.metrics["NDCG@10"]!, 0) / runs.length;
        const row = block.split("\n").find((line) => line.startsWith(`| ${model} |`));
        assert.ok(row?.split("|")[2]!.replaceAll("*", "").trim().startsWith(mean.toFixed(4)), `${model}: ${mean.toFixed(4)} is not in ${row}`);
      }
    });
  }

  it("names only files of the project that are there", () => {
    const links = Array.from(readme.matchAll(/\]\(([^)#]+)\)/g), (match) => match[1]!).filter((link) => !link.includes("://"));
    assert.ok(links.length > 2);
    for (const link of links) assert.ok(existsSync(join(root, link)), link);
  });
});
