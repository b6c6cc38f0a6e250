import assert from "node:assert/strict";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { Laboratory, onlyLine } from "./sessionlab";

interface Entry {
  readonly kind: string;
  readonly step: string;
  readonly key: string;
  readonly bytes: number;
  readonly inUse: boolean;
  readonly seconds?: number;
}

describe("sessionlab cache", () => {
  const lab = new Laboratory();
  const list = async (): Promise<Entry[]> => onlyLine(await lab.call(["cache", "list", "--json"]))["entries"] as Entry[];
  const train = (backoff: number): string[] => ["train", "--model", "markov", "--options", `backoff=${backoff}`, "--out", lab.path("markov"), "--json"];
  before(async () => {
    await lab.prepare();
    for (const backoff of [0.1, 0.2]) assert.equal((await lab.run(train(backoff))).code, 0); // children: what they used is free again
  });

  it("explains itself with examples", async () => {
    for (const verb of ["list", "why", "clear"]) {
      const { code, stdout } = await lab.call(["cache", verb, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\n +\\$ sessionlab cache ${verb}`));
    }
  });

  it("lists what is kept, the last used first", async () => {
    const entries = await list();
    assert.deepEqual(entries.map(({ step }) => step).sort(), ["evaluate", "evaluate", "train", "train"]);
    assert.ok(entries.every(({ key, bytes, inUse, seconds }) => /^[0-9a-f]{64}$/.test(key) && bytes > 100 && !inUse && seconds! >= 0));
    const { stdout } = await lab.call(["cache", "list"]);
    const [head, ...rows] = stdout.trimEnd().split("\n");
    assert.match(head!, /^step +key +size +age +unused for +took$/);
    assert.equal(rows.length, 5);
    assert.ok(rows[0]!.startsWith(`${entries[0]!.step.padEnd(8)}  ${entries[0]!.key.slice(0, 12)}  `), rows[0]);
    assert.match(rows[0]!, / \d+ s  computed in \d/);
    assert.match(rows[4]!, /^4 entries, \d+(\.\d+)? (k|M)?B of at most 20\.0 GB, in /);
    const only = onlyLine(await lab.call(["cache", "list", "--step", "train", "--json"]))["entries"] as Entry[];
    assert.deepEqual(only.map(({ step }) => step), ["train", "train"]);
    const other = await lab.call(["cache", "list", "--step", "trian"]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /Expected a step of the cache \(evaluate, train\), found "trian"; did you mean "train"/);
  });

  it("says what went into a result, and what differs from the nearest", async () => {
    const [second, first] = (await list()).filter(({ step }) => step === "train");
    const json = onlyLine(await lab.call(["cache", "why", first!.key.slice(0, 10), "--json"]));
    assert.equal(json["key"], first!.key);
    assert.deepEqual((json["options"] as { options: object }).options, { backoff: 0.1 });
    assert.deepEqual(json["nearest"], { key: second!.key, differences: [{ path: "options.options.backoff", here: 0.1, there: 0.2 }] });
    const { stdout } = await lab.call(["cache", "why", first!.key]);
    assert.match(stdout, new RegExp(`^train ${first!.key}\ncomputed in [^\n]* old\ninputs\n  "train": "[0-9a-f]{64}"`));
    assert.match(stdout, /\n {2}options\.options\.backoff: 0\.1 here, 0\.2 there\n$/);
    const evaluated = (await list()).find(({ step }) => step === "evaluate")!;
    assert.match((await lab.call(["cache", "why", evaluated.key])).stdout, /It differs in:\n {2}inputs\.model: [0-9a-f]{12} here, [0-9a-f]{12} there\n$/);
    const none = await lab.call(["cache", "why", "zzz"]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /Expected the first digits of a key in the cache, found "zzz"; "sessionlab cache list" shows the keys/);
  });

  it("lists what it would remove, and removes it only with --yes, and nothing that is in use", async () => {
    const bare = await lab.call(["cache", "clear", "--yes"]);
    assert.equal(bare.code, 2);
    assert.match(bare.stderr, /Expected --step, --older-than or --all/);
    assert.equal((await lab.call(["cache", "clear", "--older-than", "soon"])).code, 2);
    const before = await list();
    const dry = await lab.call(["cache", "clear", "--all"]);
    assert.match(dry.stdout, /\nWould remove 4 entries, [\d.]+ kB\. Nothing was removed: add --yes\.\n$/);
    assert.deepEqual(await list(), before);

    const old = before.find(({ step }) => step === "evaluate")!;
    utimesSync(lab.path("cache", "evaluate", old.key, "meta.json"), Date.now() / 1000 - 7300, Date.now() / 1000 - 7300);
    assert.match((await lab.call(["cache", "clear", "--older-than", "3h"])).stdout, /^Nothing to remove\.\n$/);
    const aged = onlyLine(await lab.call(["cache", "clear", "--older-than", "2h", "--yes", "--json"])) as { removed: Entry[]; wouldRemove: Entry[] };
    assert.deepEqual([aged.removed.map(({ key }) => key), aged.wouldRemove], [[old.key], []]);

    assert.equal((await lab.call(train(0.1))).code, 0); // in this process: now it uses these two
    const cleared = onlyLine(await lab.call(["cache", "clear", "--step", "train", "--yes", "--json"])) as { removed: Entry[]; kept: Entry[] };
    assert.deepEqual([cleared.removed.length, cleared.kept.length], [1, 1]);
    assert.deepEqual(readdirSync(lab.path("cache", "train")), [cleared.kept[0]!.key]);
    const all = await lab.call(["cache", "clear", "--all", "--yes"]);
    assert.match(all.stdout, /Kept, as a process uses them now: 2 entries/);
    writeFileSync(lab.path("cache", "train", cleared.kept[0]!.key, "meta.json"), "{");
    assert.match((await lab.call(["cache", "list"])).stdout, /^train .* damaged, in use$/m);
    assert.match((await lab.call(["cache", "why", cleared.kept[0]!.key])).stdout, /meta\.json cannot be read: the step will compute it again\.\n$/);
  });

  it("says that an empty cache is empty", async () => {
    assert.match((await lab.call(["cache", "list"], { cache: "none" })).stdout, /^Nothing is kept in .*none\.\n$/);
  });
});
