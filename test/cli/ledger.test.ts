import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Laboratory, onlyLine } from "./sessionlab";

const results = join(__dirname, "../../results");

describe("sessionlab ledger and diff", () => {
  const lab = new Laboratory();
  const name = "base-ml-100k-loo-hour-sasrec";

  /** A folder with the five runs of SASRec under leave-one-out. */
  function some(): string {
    const folder = lab.path("results");
    mkdirSync(folder, { recursive: true });
    for (const seed of [1, 2, 3, 4, 5]) cpSync(join(results, `${name}-${seed}.json`), join(folder, `${name}-${seed}.json`));
    return folder;
  }

  it("shows the ledger of a folder of results in each format, writes it, and ends with JSON", async () => {
    const folder = some();
    const shown = await lab.call(["ledger", "--results", folder, "--format", "markdown"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^84 rows: 5 reproduced, 0 within noise, 0 not reproduced, 79 not attempted\.$/m);
    assert.match(shown.stdout, /^\| MovieLens-100K, leave-one-out, NDCG@10 of SASRec \(RecBole 1\.2\.1, run by us\) \| reproduced \| 0\.0581 \| SASRec, NDCG@10 0\.0586 ± 0\.0013 \| test \| 5 \| hour \| difference \+0\.0005 /m);
    const page = lab.path("ledger.html");
    assert.match((await lab.call(["ledger", "--results", folder, "--paper", "persona", "--format", "html", "--out", page])).stdout, /^Written: /);
    assert.match(readFileSync(page, "utf8"), /<caption>Session recommenders, which both papers stand on<\/caption>/);
    const { counts, rows } = onlyLine(await lab.call(["ledger", "--results", folder, "--json"])) as { counts: Record<string, number>; rows: { id: string; verdict: string }[] };
    assert.equal(counts["reproduced"], 5);
    assert.equal(rows.find(({ id }) => id === "ml-100k-loo-sasrec-hr@10")!.verdict, "reproduced");
    assert.match((await lab.call(["ledger", "--paper", "personas"])).stderr, /did you mean "persona"/);
  });

  it("checks a folder, and names file and field of what was changed", async () => {
    const folder = some();
    assert.deepEqual(await lab.call(["ledger", "--check", "--results", folder]).then(({ code, stdout }) => [code, stdout]), [0, "All results are as they were written.\n"]);
    const file = join(folder, `${name}-1.json`);
    writeFileSync(file, readFileSync(file, "utf8").replace('"threads": 2', '"threads": 3'));
    const { code, stdout } = await lab.call(["ledger", "--check", "--results", folder]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^${name}-1\\.json \\(check\\): is not that of the file's contents`));
  });

  it("tells two results apart", async () => {
    const { code, stdout, stderr } = await lab.call(["diff", "base-ml-100k-loo-sasrec-1", "base-ml-100k-loo-sasrec-2", "--format", "markdown"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\| seeds \| option \| \[1\] \| \[2\] \| 0\.\d{4} \| 0\.\d{4} \| 3 \| NDCG@10 on test \|$/m);
    assert.equal((await lab.call(["diff", "base-ml-100k-loo-sasrec-1", "no-such"])).code, 2);
    assert.match((await lab.call(["diff", "--help"])).stdout, /Examples:\n +\$ sessionlab diff/);
  });
});
