/** Results of steps on an S3 server, which machines with caches of their own share. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { step, type StepResult } from "../../src/core/step";
import { setStepStore, stepStore } from "../../src/core/store";
import { openStepStore } from "../../src/engine/store";
import type { Encoder } from "../../src/text/encoder";
import { itemVectors } from "../../src/text/item-vectors";
import { suiteFolder } from "../scratch";
import { freePort } from "./ray-cluster";
import { startS3, type S3Server } from "./s3-server";

describe("engine/store", () => {
  const folder = suiteFolder();
  let server: S3Server | undefined;
  let own: Record<string, string>;

  before(async function () {
    server = await startS3();
    if (server === undefined) {
      console.log("    skipped: no S3 server is installed here (npm run setup -- --tests)");
      this.skip();
    }
    own = { ...server.variables };
  });
  afterEach(() => setStepStore(undefined));
  after(() => server?.stop());

  const values = Float32Array.from([1, 2.5, -3]);
  const computedIn = (machine: string, of = values): Promise<StepResult<Float32Array>> => step("double", { of }, { times: 2 }, () => of.map((x) => 2 * x), { code: __filename, cache: join(folder(), machine) });

  it("gives a machine what another one has computed, with the same bits", async () => {
    await openStepStore(true, own);
    const first = await computedIn("a");
    const second = await computedIn("b");
    assert.deepEqual([first.cached, second.cached, [...second.value]], [false, true, [2, 5, -6]]);
    assert.deepEqual(readdirSync(join(folder(), "b", "double")), [first.key]);
    for (const file of readdirSync(join(folder(), "a", "double", first.key))) {
      assert.ok(readFileSync(join(folder(), "b", "double", first.key, file)).equals(readFileSync(join(folder(), "a", "double", first.key, file))), file);
    }
  });

  it("gives a machine the rows of texts that another one has encoded, and has the rest encoded", async () => {
    await openStepStore(true, own);
    const asked: string[][] = [];
    const encoder: Encoder = { id: "lengths", revision: "1", dimension: 1, recipe: {}, dispose: () => undefined, encode: async (texts) => (asked.push([...texts]), Float32Array.from(texts, (text) => text.length)) };
    const vectorsOn = async (machine: string, titles: readonly string[]): Promise<number[]> => Array.from((await itemVectors({ ids: titles, trained: titles.length, fields: { title: titles.map((title) => [title]) } }, encoder, { template: "title", normalise: "none", cache: join(folder(), machine) })).data);
    const titles = Array.from({ length: 1100 }, (_, n) => `title ${n}`);
    const lengths = titles.map((title) => title.length);
    assert.deepEqual([await vectorsOn("a", titles), asked.map(({ length }) => length)], [lengths, [1024, 76]]);
    assert.deepEqual([await vectorsOn("b", titles), asked.length], [lengths, 2]);
    assert.deepEqual(await vectorsOn("b", [...titles, "another"]), [...lengths, 7]);
    assert.deepEqual(asked.slice(2), [["another"]], "of a block that the store lacks, only what is not kept here");
  });

  it("computes anew what was spoilt there, and keeps it", async () => {
    await openStepStore(true, own);
    const of = Float32Array.from([4]);
    const { key } = await computedIn("a", of);
    const first = await stepStore()!.fetch("double", key);
    await stepStore()!.keep("double", key, new Map([...first!].map(([file, bytes]) => [file, file === "meta.json" ? bytes : Buffer.from("spoilt")])));
    const again = await computedIn("c", of);
    assert.deepEqual([again.cached, [...again.value]], [false, [8]]);
    assert.match(again.damage!, /the checksum of .* is wrong/);
    assert.equal((await computedIn("d", of)).cached, true, "the one that computed it anew has kept it");
  });

  it("says what is wrong: keys, bucket, half a setting, nobody there; and keeps what was computed", async () => {
    const refused = (more: Record<string, string | undefined>, words: RegExp): Promise<void> => assert.rejects(openStepStore(true, { ...own, ...more }), (error) => error instanceof ConfigError && words.test(error.message));
    await refused({ AWS_SECRET_ACCESS_KEY: "another" }, /Expected a store that lets us in at .*, found HTTP status 403 \(SignatureDoesNotMatch\); look at AWS_ACCESS_KEY_ID/);
    await refused({ AWS_ACCESS_KEY_ID: "another" }, /HTTP status 403 \(InvalidAccessKeyId\)/);
    await refused({ SESSIONLAB_STORE: "s3://elsewhere" }, /Expected a store at .*, found HTTP status 404 \(NoSuchBucket\); look at SESSIONLAB_STORE/);
    await refused({ AWS_SECRET_ACCESS_KEY: undefined }, /Expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3:\/\/lab\/some folder, found not both/);
    await refused({ SESSIONLAB_STORE: "lab" }, /Expected SESSIONLAB_STORE to be s3:\/\/bucket/);

    await openStepStore(false, { ...own, AWS_SECRET_ACCESS_KEY: "another" }); // as a worker does, whose engine has tried it
    const of = Float32Array.from([5]);
    await assert.rejects(computedIn("e", of), /lets us in/);
    setStepStore(undefined);
    const { key, cached } = await computedIn("e", of);
    assert.equal(cached, false, "it was refused before it was computed");

    await openStepStore(false, { ...own, AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` });
    await assert.rejects(computedIn("f", of), (error) => error instanceof DataError && /5 times in a row; what was computed is kept/.test(error.message));
    assert.ok(existsSync(join(folder(), "e", "double", key)));
  });

  it("has kept on this machine what the store takes no more", async () => {
    const of = Float32Array.from([6]);
    setStepStore({ fetch: async () => undefined, keep: async () => Promise.reject(new ConfigError("Expected a store that lets us in")) });
    await assert.rejects(computedIn("g", of), /lets us in/);
    setStepStore(undefined);
    assert.equal((await computedIn("g", of)).cached, true);
  });
});
