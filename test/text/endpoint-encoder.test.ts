import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initBackend } from "../../src/index";
import { AbortError, ConfigError, DataError } from "../../src/core/errors";
import type { ProgressReport } from "../../src/core/progress";
import { openEndpointEncoder, type EndpointEncoder, type EndpointEncoderOptions } from "../../src/text/endpoint-encoder";
import { itemVectors } from "../../src/text/item-vectors";
import type { ItemFields } from "../../src/text/template";
import { encoderContract } from "../contract/encoder";
import { freshFolder, suiteFolder } from "../scratch";
import { serveEmbeddings, vectorOf, width, type EmbeddingsServer, type Spoilt } from "./embeddings-server";
import { writeTinyBert } from "./tiny-bert";

const titled = (titles: readonly string[]): ItemFields => ({ ids: titles.map((_, n) => `i${n}`), trained: titles.length, fields: { title: titles.map((title) => [title]) } });
const key = "sk-very-secret-0123456789";

describe("openEndpointEncoder", () => {
  let server: EmbeddingsServer;
  const folder = freshFolder();
  const opened: EndpointEncoder[] = [];
  const open = async (given: EndpointEncoderOptions = {}): Promise<EndpointEncoder> => {
    const encoder = await openEndpointEncoder(server.address, { model: "m", dimension: width, batch: 4, backoff: 1, timeout: 2000, stallTimeout: 500, ...given });
    opened.push(encoder);
    return encoder;
  };
  before(async () => {
    await initBackend();
    server = await serveEmbeddings();
    process.env["SESSIONLAB_TEST_KEY"] = key;
  });
  beforeEach(() => {
    for (const list of [server.faults, server.asked, server.keys, server.bodies]) list.length = 0;
  });
  afterEach(() => opened.splice(0).forEach((encoder) => encoder.dispose()));
  after(async () => {
    delete process.env["SESSIONLAB_TEST_KEY"];
    await server.close();
  });
  encoderContract(() => openEndpointEncoder(server.address, { model: "m", dimension: width, batch: 3 }));

  const titles = Array.from({ length: 10 }, (_, n) => `title ${n}`);
  const expected = Float32Array.from(titles.flatMap(vectorOf));

  it("asks in batches by number and by tokens, and finds the dimension where it is not given", async () => {
    const encoder = await open({ dimension: undefined, revision: "2026-11" });
    assert.deepEqual([encoder.dimension, encoder.id, encoder.revision, encoder.recipe["endpoint"]], [width, "m", "2026-11", `${server.address}/embeddings`]);
    assert.deepEqual(await encoder.encode(titles), expected);
    assert.deepEqual(server.asked.map((texts) => texts.length), [1, 4, 4, 2]);
    assert.deepEqual(server.bodies[1], { model: "m", input: titles.slice(0, 4), encoding_format: "float" });
    assert.deepEqual(encoder.counts(), { requests: 4, retries: 0, texts: 10, tokens: 22 });
    server.asked.length = 0;
    await (await open({ batch: 100, batchTokens: 9 })).encode(titles); // 3 tokens each, by its bytes
    assert.deepEqual(server.asked.map((texts) => texts.length), [3, 3, 3, 1]);
    await (await open({ cut: true, longest: 3 })).encode(["title", "", "é😀😀"]);
    assert.deepEqual([server.bodies.at(-1)!["dimensions"], server.asked.at(-1)], [width, ["tit", " ", "é😀"]]);
  });

  it("puts vectors in the order of the texts, and tries again what is not whole", async () => {
    const passing: readonly Spoilt[] = [429, 503, "cut", "cut before", "stalled", "malformed", "html", "fewer", "twice", "no numbers", "reversed"];
    for (const fault of passing) {
      const encoder = await open();
      server.faults.push("none", fault, fault === "reversed" ? "reversed" : "none");
      assert.deepEqual(await encoder.encode(titles), expected, String(fault));
      assert.equal(encoder.counts().retries, fault === "reversed" ? 0 : 1, String(fault));
    }
  });

  it("says what stays wrong, and keeps what came", async () => {
    const staying: readonly [Spoilt, RegExp, typeof DataError | typeof ConfigError, number][] = [
      [503, /Expected an answer of http.*found HTTP status 503 .*the server is busy.* 3 times in a row; vectors that came are kept/, DataError, 3],
      ["fewer", /found 3 vectors for 4 texts, 3 times in a row/, DataError, 3],
      ["twice", /vectors of other texts: index 0 twice/, DataError, 3],
      ["malformed", /found no JSON/, DataError, 3],
      ["html", /an answer of type text\/html: Please log in/, DataError, 3],
      ["hold", /found no answer within 200 ms/, DataError, 3],
      [400, /HTTP status 400 .*the server is puzzled.*look at the model's name, the dimension and the longest text/, DataError, 1],
      [401, /Expected a key that .* takes, found HTTP status 401; set keyVariable/, ConfigError, 1],
      [301, /found that it moved to http:\/\/example\.org/, DataError, 1],
      ["quota", /Expected credit at/, DataError, 1],
      ["narrow", /Expected vectors of 6 numbers from .*, found 2; set dimension to that/, DataError, 1],
      ["nan", /Expected finite numbers from m, found Infinity/, DataError, 1],
    ];
    for (const [fault, says, kind, tries] of staying) {
      const encoder = await open({ attempts: 3, timeout: 200 });
      server.asked.length = 0;
      server.faults.push("none", fault, fault, fault);
      const given = { template: "title", normalise: "none", cache: join(folder(), String(fault)) } as const;
      await assert.rejects(itemVectors(titled(titles), encoder, given), (error) => error instanceof kind && says.test(error.message), String(fault));
      assert.equal(server.asked.length, 1 + tries, String(fault));
      server.faults.length = 0;
      server.asked.length = 0;
      await itemVectors(titled(titles), encoder, given);
      assert.deepEqual(server.asked.flat(), titles.slice(4), `${fault}: the first batch is kept`);
    }
  });

  it("refuses before anything is sent what costs more than it may", async () => {
    const encoder = await open({ price: 1000, maxCost: 0.03 });
    assert.deepEqual(encoder.estimate(titles), { texts: 10, tokens: 30, counted: false, requests: 3, cost: 0.03 });
    const given = { template: "title", normalise: "none", cache: folder() } as const;
    await assert.rejects(itemVectors(titled([...titles, "one more"]), encoder, given), /Expected a cost of at most 0\.03, found about 33 tokens, cost 0\.033 for 11 texts; nothing was sent/);
    assert.deepEqual(server.asked, []);
    const seen: ProgressReport[] = [];
    await itemVectors(titled(titles), encoder, { ...given, progress: (report) => seen.push(report) });
    assert.equal(seen[0]!.task, "encode with m (about 30 tokens, cost 0.03)");
    await itemVectors(titled([...titles, "one more"]), encoder, given);
    assert.deepEqual(server.asked.at(-1), ["one more"], "what is kept costs nothing");
    const counting = await open({ tokenizer: writeTinyBert(join(folder(), "tokenizer")) });
    assert.deepEqual(counting.estimate(["Emma", "Dunes of STAR wars"]), { texts: 2, tokens: 3 + 7, counted: true, requests: 1, cost: undefined });
    await assert.rejects(open({ maxCost: 1 }), /Expected a price/);
  });

  it("sends no faster than it may", async () => {
    for (const given of [{ requestsPerMinute: 600 }, { tokensPerMinute: 7200 }]) {
      const encoder = await open(given);
      const start = performance.now();
      await encoder.encode(titles); // 3 requests, 4 texts of 3 tokens in the first two
      assert.ok(performance.now() - start >= 195, JSON.stringify(given));
    }
  });

  it("stops at a signal while it waits for an answer", async () => {
    const encoder = await open();
    const stop = new AbortController();
    server.faults.push("none", "hold");
    await assert.rejects(encoder.encode(titles, { signal: stop.signal, progress: () => stop.abort() }), AbortError);
  });

  it("sends the key, and shows it nowhere", async () => {
    const reports: ProgressReport[] = [];
    const cache = join(folder(), "cache");
    const given = { template: "title", normalise: "none", cache, progress: (report: ProgressReport) => reports.push(report) } as const;
    const texts: string[] = [];
    const encoder = await open({ keyVariable: "SESSIONLAB_TEST_KEY", attempts: 2 });
    server.faults.push("none", 503);
    const { card } = await itemVectors(titled(titles), encoder, given);
    assert.deepEqual([...new Set(server.keys)], [`Bearer ${key}`]);
    for (const fault of ["echo", 401, 429, 503, "cut before"] as const) {
      server.faults.push(fault, fault);
      const error = (await encoder.encode(["x"]).then(() => assert.fail(), (thrown: unknown) => thrown)) as Error;
      for (let one: unknown = error; one instanceof Error; one = one.cause) texts.push(one.message, String(one.stack), JSON.stringify(one, Object.getOwnPropertyNames(one)));
    }
    assert.ok(texts.some((text) => text.includes("Bearer [key]")));
    texts.push(JSON.stringify([card, reports, encoder.recipe, encoder.counts()]));
    const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    assert.ok(files.length >= 3);
    for (const { parentPath, name } of files) texts.push(name, readFileSync(join(parentPath, name), "latin1"));
    assert.deepEqual(texts.filter((text) => text.includes("very-secret")), []);
  });

  it("refuses addresses and keys that would give a key away, and what it does not know", async () => {
    const env = (value: string): void => void (process.env["SESSIONLAB_TEST_KEY"] = value);
    const wrong = async (address: string, given: EndpointEncoderOptions, says: RegExp): Promise<void> => {
      await assert.rejects(openEndpointEncoder(address, { model: "m", dimension: 2, ...given }), (error) => error instanceof ConfigError && says.test(error.message) && !error.message.includes("secret"), String(says));
    };
    try {
      await wrong("http://example.org/v1", { keyVariable: "SESSIONLAB_TEST_KEY" }, /Expected https:\/\/ where a key is sent/);
      await wrong("https://me:secret@example.org/v1", {}, /without a name, password/);
      await wrong("https://example.org/v1?key=secret", {}, /without a name, password, query/);
      await wrong("ftp://example.org", {}, /Expected the address of an endpoint/);
      env("secret\nsecret");
      await wrong("https://example.org/v1", { keyVariable: "SESSIONLAB_TEST_KEY" }, /printable ASCII/);
      env("");
      await wrong("https://example.org/v1", { keyVariable: "SESSIONLAB_TEST_KEY" }, /Expected a key in the environment variable SESSIONLAB_TEST_KEY, found none/);
      await wrong("https://example.org/v1", { model: "" }, /Expected the name of a model/);
      await wrong("https://example.org/v1", { cut: true, dimension: undefined }, /Expected the dimension/);
      await wrong("https://example.org/v1", { bach: 3 } as object, /did you mean "batch"/);
    } finally {
      env(key);
    }
  });
});

describe("an encoder behind HTTP that is killed", () => {
  const folder = suiteFolder();

  it("goes on where it was: no text is sent twice but those that were under way", async () => {
    const server = await serveEmbeddings();
    const titles = Array.from({ length: 20 }, (_, n) => `title ${n}`);
    const script = join(folder(), "encode.ts");
    writeFileSync(script, `
      const { itemVectors, openEndpointEncoder } = require(${JSON.stringify(join(__dirname, "../../src/index"))});
      const titles = ${JSON.stringify(titles)};
      void (async () => {
        const encoder = await openEndpointEncoder(${JSON.stringify(server.address)}, { model: "m", dimension: ${width}, batch: 3 });
        const items = { ids: titles, trained: titles.length, fields: { title: titles.map((title) => [title]) } };
        const { data } = await itemVectors(items, encoder, { template: "title", normalise: "none", cache: ${JSON.stringify(join(folder(), "cache"))} });
        console.log(JSON.stringify(Array.from(data)));
        encoder.dispose();
      })();`);
    const run = () => spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      server.faults.push("none", "none", "none", "hold");
      const first = run();
      const closed = once(first, "close");
      while (server.asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
      first.kill("SIGKILL");
      await closed;
      const second = run();
      let output = "";
      second.stdout.on("data", (piece: Buffer) => (output += piece.toString()));
      assert.deepEqual(await once(second, "close"), [0, null]);
      assert.deepEqual(server.asked.flat(), [...titles.slice(0, 12), ...titles.slice(9)]);
      assert.deepEqual(JSON.parse(output), titles.flatMap(vectorOf));
    } finally {
      await server.close();
    }
  });
});
