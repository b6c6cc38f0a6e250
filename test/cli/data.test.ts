import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { catalog } from "../../src/data/catalog";
import { preparedFolder } from "../../src/data/datasets";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab data", () => {
  const lab = new Laboratory();
  before(() => lab.prepare());

  it("explains each of its verbs with an example", async () => {
    for (const verb of ["list", "get", "prepare", "describe", "generate", "generate-personas"]) {
      const { code, stdout } = await lab.call(["data", verb, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\n +\\$ sessionlab data ${verb}`));
      assert.match(stdout, /--json/);
    }
  });

  it("lists the catalogue with what is here", async () => {
    const { datasets } = onlyLine(await lab.call(["data", "list", "--json"])) as { datasets: { name: string; state: string; events: number }[] };
    assert.deepEqual(datasets.map(({ name }) => name), Object.keys(catalog));
    const [{ name, state, events }] = datasets as [{ name: string; state: string; events: number }];
    assert.deepEqual([name, state, events], ["ml-100k", "prepared", 100000]);
    assert.match((await lab.call(["data", "list"])).stdout, /^ml-100k +MovieLens 100K +prepared +943 +1682 +100000$/m);
  });

  it("describes a data set that is prepared", async () => {
    const finished = await lab.run(["data", "describe", "ml-100k", "--json"]);
    assert.equal(finished.code, 0, finished.stderr);
    const description = onlyLine(finished);
    assert.deepEqual([description["events"], description["users"], description["titled"]], [800, { count: 40, fewest: 20, median: 20, most: 20 }, 1]);
    const prepared = onlyLine(await lab.call(["data", "prepare", "ml-100k", "--json"]));
    assert.deepEqual([prepared["events"], prepared["hash"]], [800, description["hash"]]);
    assert.equal(prepared["folder"], preparedFolder(catalog["ml-100k"], lab.path("home")));
    assert.ok(existsSync(prepared["folder"] as string));
  });

  it("describes one's own file, with what was dropped", async () => {
    writeFileSync(lab.path("clicks.csv"), "visitor,sku,when,rating\na,x,1400000000000,1\na,y,1400000000000,\nb,x,,5\nb,x,1400000060000,4\n");
    const file = ["data", "describe", lab.path("clicks.csv"), "--columns", "user=visitor", "item=sku", "time=when"];
    const { report, ...description } = onlyLine(await lab.call([...file, "--json"]));
    assert.deepEqual(report, {
      rows: 4, kept: 2, columns: { user: "visitor", item: "sku", time: "when", rating: "rating" }, time: { unit: "ms", guessed: true },
      dropped: [{ reason: "no rating", count: 1, firstLine: 3 }, { reason: "no time", count: 1, firstLine: 4 }],
    });
    assert.deepEqual([description["from"], description["to"], description["ratings"]], ["2014-05-13T16:53:20.000Z", "2014-05-13T16:54:20.000Z", { lowest: 1, mean: 2.5, highest: 4 }]);
    const table = await lab.call([...file, "rating=null"]);
    assert.match(table.stdout, /^rows +4, of which 3 kept$/m);
    assert.match(table.stdout, /^dropped +1 with no time, first on line 4$/m);
    assert.match(table.stdout, /^time unit +ms, told by the range of the numbers$/m);
    assert.match(table.stdout, /^time +.*; 33\.3 % of events at the time of the one before$/m);
    const strict = await lab.call([...file, "--strict"]);
    assert.deepEqual([strict.code, strict.stdout], [1, ""]);
    assert.match(strict.stderr, /clicks\.csv:3 \(rating\): Expected/);
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
    ["an unknown verb", ["lst"], /Did you mean list/],
    ["no name", ["get"], /missing required argument 'name'/],
    ["an unknown name to fetch", ["get", "ml-10k"], /found "ml-10k"; did you mean "ml-100k"/],
    ["an unknown name to prepare", ["prepare", "book-linked"], /did you mean "books-linked"/],
    ["neither a name nor a file", ["describe", "ml100k"], /or a file that is there, found "ml100k"; did you mean "ml-100k"/],
    ["options of a file beside a name", ["describe", "ml-100k", "--time-unit", "s"], /found --time-unit beside the data set ml-100k/],
    ["an unknown unit", ["describe", __filename, "--time-unit", "m"], /did you mean "s"/],
    ["an unknown field", ["describe", __filename, "--columns", "usr=a"], /did you mean "user"/],
  ];
  for (const [what, args, says] of wrong) {
    it(`ends with 2 and a readable line for ${what}`, async () => {
      const { code, stdout, stderr } = await lab.call(["data", ...args]);
      assert.match(stderr, says);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  it("prepares files that were fetched by hand, and says what it left out and what is known of the items", async () => {
    mkdirSync(lab.path("hand"), { recursive: true });
    writeFileSync(lab.path("hand", "events.csv"), "timestamp,visitorid,event,itemid,transactionid\n1433221332117,1,view,355908,\n1433224214164,1,addtocart,355908,\n1433221332118,2,view,7\n");
    const args = ["data", "prepare", "retailrocket", "--from", lab.path("hand")];
    const refused = await lab.call(args);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /events\.csv:4: Expected at most 1 % of 3 records of events to be malformed, found 1/);
    const { stdout } = await lab.call([...args, "--max-dropped", "0.5"]);
    assert.match(stdout, /^retailrocket: 1 events of 1 users with 1 items; prepared in /m);
    assert.match(stdout, /^left out: 1 with another event than a view, first at .*events\.csv:3$/m);
    assert.match(stdout, /^malformed: 1 with another number of fields than 5, first at .*events\.csv:4$/m);
    const missing = await lab.call(["data", "prepare", "diginetica", "--from", lab.path("hand")]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /Expected train-item-views\.csv of Diginetica item views in .*competitions\.codalab\.org\/competitions\/11161.*register there/);
  });

  it("refuses an archive of other bytes, placed by hand", async () => {
    mkdirSync(lab.path("home", "downloads"), { recursive: true });
    writeFileSync(lab.path("home", "downloads", "ml-100k.zip"), "no zip");
    const { code, stderr } = await lab.call(["data", "get", "ml-100k"]);
    assert.equal(code, 1);
    assert.match(stderr, /ml-100k\.zip: Expected sha256 50d2a982.*delete the file/);
    rmSync(lab.path("home", "downloads"), { recursive: true });
  });

  it("generates a shop with planted personas, or with noise, and says what is possible", async () => {
    const finished = await lab.call(["data", "generate-personas", "--out", lab.path("shop"), "--set", "users=60", "--set", "strength=1", "--set", "longest=2"]);
    assert.equal(finished.code, 0, finished.stderr);
    // The first 10 of 18 items by r^-.5: 5.0210 of 7.1422; unknown, the first of all six groups and the second of four: (6 + 4 / 2^.5) of 6 times 7.1422.
    assert.match(finished.stdout, /^.*shop\/events\.csv: 1440 events of 60 users in 6 personas; .*shop\/items\.csv: 120 items\nthe best HR@10 that is possible: with the persona known 0\.703, from the session alone 0\.206\n$/);
    const described = onlyLine(await lab.call(["data", "describe", lab.path("shop", "events.csv"), "--json"]));
    assert.deepEqual([described["events"], described["users"]], [1440, { count: 60, fewest: 24, median: 24, most: 24 }]);
    const noise = onlyLine(await lab.call(["data", "generate-personas", "--out", lab.path("noise"), "--set", "users=60", "--noise", "--json"])) as { strength: number; personas: Record<string, string>; genres: string[] };
    assert.deepEqual([noise.strength, Object.keys(noise.personas).length, noise.genres.length], [1 / 6, 60, 6]);
    const refused = await lab.call(["data", "generate-personas", "--out", lab.path("no"), "--set", "user=60"]);
    assert.deepEqual([refused.code, /did you mean "users"/.test(refused.stderr)], [2, true]);
  });
});
