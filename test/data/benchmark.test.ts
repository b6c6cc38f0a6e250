import assert from "node:assert/strict";
import { existsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { readBenchmark, type BenchmarkOptions } from "../../src/data/benchmark";
import { longestLine } from "../../src/data/lines";
import { prefixes, sessionCount, type Cases, type Sessions, type Split } from "../../src/data/types";
import { evaluate } from "../../src/evaluation/evaluate";
import { Markov } from "../../src/models/markov";
import { trainingCounts } from "../../src/evaluation/strata";
import { freshFolder } from "../scratch";
import { skipFor } from "./fixtures";

const trainText = "a b c\nb c\nc a b\nd e\n";
// Session "a b c x", expanded from its end as the SR-GNN files are; "c d", one step only; "e a b", from its beginning.
const testText = "a b c\tx\na b\tc\na\tb\nc\td\ne\ta\ne a\tb\n";

/** The sessions as outside ids. */
function named(sessions: Sessions, split: Split): string[] {
  return Array.from({ length: sessionCount(sessions) }, (_, s) =>
    Array.from(sessions.item.subarray(sessions.offsets[s], sessions.offsets[s + 1]), (item) => split.items.ids[item]).join(" "),
  );
}

/** The cases as lines of the file. */
function lines(cases: Cases, split: Split): string[] {
  return named(prefixes(cases), split).map((prefix, c) => `${prefix}\t${split.items.ids[cases.target[c]!]}`);
}

describe("readBenchmark", () => {
  const folder = freshFolder();
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder(), name), content);
    return join(folder(), name);
  };
  const read = (train: string | Buffer, test: string | Buffer, options?: Partial<BenchmarkOptions>): Promise<Split> =>
    readBenchmark({ train: write("train", train), test: write("test", test) }, options);

  it("cuts validation off the end of training and the test file in halves, by sessions", async () => {
    const split = await read(trainText, testText, { validShare: 0.25, name: "demo" });
    assert.deepEqual(split.items, { ids: ["a", "b", "c", "d", "e", "x"], trained: 3 });
    assert.deepEqual(named(split.train, split), ["a b c", "b c", "c a b"]);
    assert.deepEqual(lines(split.valid, split), ["d\te"]);
    assert.deepEqual(named(split.test.sessions, split), ["a b c x", "c d"]);
    assert.deepEqual(lines(split.test, split), ["a b c\tx", "a b\tc", "a\tb", "c\td"]);
    assert.deepEqual(Array.from(split.test.session), [0, 0, 0, 1]);
    assert.deepEqual(lines(split.confirm!, split), ["e\ta", "e a\tb"]);
    assert.deepEqual(Array.from(split.confirm!.session), [0, 0]);
    assert.deepEqual([split.name, split.protocol["validShare"], split.protocol["confirm"]], ["demo", 0.25, true]);
  });

  it("takes the whole file as test when asked, in the file's order", async () => {
    const split = await read(trainText, testText, { validShare: 0, confirm: false });
    assert.deepEqual(lines(split.test, split), testText.trimEnd().split("\n"));
    assert.deepEqual([split.confirm, split.valid.target.length, split.items.trained], [undefined, 0, 5]);
  });

  it("rounds validation up to whole sessions", async () => {
    for (const [share, sessions] of [[0.1, 1], [0.3, 2], [0.5, 2], [0.75, 3]] as const) {
      assert.equal(sessionCount((await read(trainText, testText, { validShare: share })).valid.sessions), sessions);
    }
    await assert.rejects(read("a b\n", testText), /train: Expected more than the 1 sessions that validation takes/);
    await assert.rejects(read(trainText, testText, { validShare: 1 }), ConfigError);
    await assert.rejects(read(trainText, testText, { validshare: 0.1 } as object), /did you mean "validShare"/);
  });

  it("reads gzip, tabs, CR LF and a byte order mark as the same data", async () => {
    const plain = await read(trainText, testText);
    for (const [train, test] of [
      [gzipSync(trainText), gzipSync(testText)],
      [trainText.replaceAll(" ", "\t"), testText.replaceAll(" ", "\t")],
      [trainText.replaceAll("\n", "\r\n"), testText.replaceAll("\n", "\r\n")],
      [`\ufeff${trainText}`, `\ufeff${testText.trimEnd()}`],
      [`${trainText}\n`, `${testText}\n\n`],
    ] as const) {
      assert.deepEqual(await read(train, test), plain);
    }
  });

  it("lets nothing before the test file depend on it, nor test on confirm", async () => {
    const [one, other] = [await read(trainText, testText), await read(trainText, testText.replaceAll("e", "z"))];
    assert.deepEqual([one.train.hash, one.valid.hash, one.test.hash], [other.train.hash, other.valid.hash, other.test.hash]);
    assert.notEqual(one.confirm!.hash, other.confirm!.hash);
    const changed = await read(trainText, testText.replace("x", "y"));
    assert.deepEqual([one.train.hash, one.valid.hash], [changed.train.hash, changed.valid.hash]);
    assert.notEqual(one.test.hash, changed.test.hash);
  });

  it("counts items that training does not have as misses", async () => {
    const split = await read(trainText, "a\tb\nc d\tx\nq\tb\n", { validShare: 0, confirm: false });
    const model = new Markov();
    await model.fit(split.train, split.valid, { rng: new Rng(1) });
    const { metrics, overSeen } = await evaluate((sessions) => model.score(sessions), split.test, { ks: [5], counts: trainingCounts(split.train) });
    assert.equal(metrics["HR@5"], 2 / 3); // 5 items are trained: every seen target is among the 5 best
    assert.deepEqual([overSeen.cases, overSeen.metrics["HR@5"]], [2, 1]);
  });

  const wrong: readonly (readonly [what: string, train: string | Buffer, test: string | Buffer, says: RegExp])[] = [
    ["an empty training file", "", testText, /train: Expected one session a line, found an empty file/],
    ["an empty test file", trainText, "\n", /test: Expected one case a line, found an empty file/],
    ["an empty line", "a b\n\nb c\n", testText, /train:2: Expected a session, found an empty line/],
    ["a case without a tab", trainText, "a\tb\na b\n", /test:2: Expected a prefix, a tab and one label, found "a b"/],
    ["a case without a prefix", trainText, "\tb\n", /test:1 \(prefix\): Expected item ids, found none/],
    ["a case without a label", trainText, "a b\t\n", /test:1 \(label\): Expected item ids, found none/],
    ["two labels", trainText, "a\tb c\n", /test:1: Expected a prefix, a tab and one label/],
    ["a NUL byte", "a b\nb\0 c\n", testText, /train:2: Expected item ids, found a control character/],
    ["bytes that are not UTF-8", Buffer.from("a b\nb caf\xe9\n", "latin1"), testText, /train:2: Expected UTF-8/],
    ["a line of 2 MB", `a b\n${"c ".repeat(longestLine)}\n`, testText, /train:2: Expected lines of at most 1048576 bytes/],
  ];
  for (const [what, train, test, says] of wrong) {
    it(`names file and line of ${what}`, async () => {
      await assert.rejects(read(train, test), (error: Error) => error instanceof DataError && says.test(error.message) && error.message.startsWith(folder()));
    });
  }

  it("names the file that breaks off or is not there", async () => {
    const train = write("cut.gz", gzipSync(Array.from({ length: 5000 }, (_, n) => `${n} ${(n * 7919) % 5000}`).join("\n")));
    truncateSync(train, 5000);
    await assert.rejects(readBenchmark({ train, test: write("test", testText) }), (error: Error) => error instanceof DataError && /cut\.gz:\d+: Expected a whole file, found that it breaks off/.test(error.message));
    await assert.rejects(readBenchmark({ train: join(folder(), "none"), test: train }), (error: Error) => error instanceof DataError && /none: Expected a file that can be read, found ENOENT/.test(error.message));
    await assert.rejects(readBenchmark({ train: folder(), test: train }), (error: Error) => error instanceof DataError && /EISDIR/.test(error.message));
  });

  it("stops when the signal fires", async () => {
    await assert.rejects(readBenchmark({ train: write("train", trainText), test: write("test", testText), signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  it("reads the Diginetica files of the SR-GNN line of papers", async function () {
    const shared = join(process.env["SESSIONLAB_DATA"] ?? join(__dirname, "../../../shared/data"), "sessions/diginetica");
    const files = { train: join(shared, "train_sessions.txt.gz"), test: join(shared, "test_prefix_label.txt.gz") };
    if (!existsSync(files.train)) skipFor(this, "no Diginetica files in SESSIONLAB_DATA or ../shared/data (sessions/diginetica)");
    const whole = await readBenchmark(files, { validShare: 0, confirm: false });
    assert.deepEqual([sessionCount(whole.train), whole.test.target.length, whole.items.trained, whole.items.ids.length], [186670, 60858, 43097, 43097]);
    assert.equal(whole.train.item.length - sessionCount(whole.train), 719470); // the prefix samples of the papers
    const { train, valid, test, confirm } = await readBenchmark(files);
    assert.deepEqual([sessionCount(train), sessionCount(valid.sessions)], [168003, 18667]);
    assert.equal(test.target.length + confirm!.target.length, 60858);
    assert.equal(sessionCount(test.sessions) - sessionCount(confirm!.sessions), sessionCount(whole.test.sessions) % 2);
    assert.deepEqual([...test.end, ...confirm!.end], [...whole.test.end]);
  });
});
