import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { encodeSafetensors } from "../../src/core/safetensors";
import { quote, withDuckDB } from "../../src/data/store";
import { itemVectors } from "../../src/text/item-vectors";
import { openPrecomputed, type PrecomputedOptions } from "../../src/text/precomputed";
import type { ItemFields } from "../../src/text/template";
import { writeVectors } from "../../src/text/vector-files";
import { mutate } from "../mutate";
import { freshFolder } from "../scratch";

/** numpy 1.26.4: numpy.save of [[1.5, -2, 0.25], [6e-8, 65504, -0.0]] in these types and orders, by gzip and base64. */
const saved = {
  "<f2 Fortran": "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK5AMuBjtGBoYD/6sZTBgaAELxME6MAAAA",
  "<f8": "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYw+GEPoRkOQKgL9tqZSzS1pQvswNw/7x2g8g0AqXYtDLAAAAA=",
  ">f4": "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6XZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLvsDDAxAxGDXwMBg3HAz0r3+AQOQyQAAO7bL25gAAAA=",
  "<f4 Fortran": "H4sIAAAAAAACA5vsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK5AMuBoYD9pE3G4wZgAyGB/XuDAwNdkB2AwCzz5ejmAAAAA==",
};
const npyOf = (name: keyof typeof saved): Buffer => gunzipSync(Buffer.from(saved[name], "base64"));

describe("openPrecomputed", () => {
  const folder = freshFolder();
  const write = (name: string, content: string | Uint8Array): string => {
    const file = join(folder(), name);
    writeFileSync(file, content);
    return file;
  };
  const rowsOf = async (file: string, options?: PrecomputedOptions): Promise<Record<string, number[]>> => {
    const vectors = await openPrecomputed(file, options);
    return Object.fromEntries(vectors.ids.map((id) => [id, Array.from(vectors.vectorOf(id)!)]));
  };
  const expected = { emma: [0.5, -1, 2e-3].map(Math.fround), "dune 2": [3, 0, 1] };

  it("reads text with tabs, commas or spaces, with and without a header, gzip or plain", async () => {
    for (const [name, text] of [
      ["tabs.tsv", "emma\t0.5\t-1\t2e-3\ndune 2\t3\t0\t1\n"],
      ["header.tsv", "item\tx\ty\tz\nemma\t.5\t-1.0\t+0.002\n\ndune 2\t3\t0\t1"],
      ["recbole.itememb", "iid:token\tiemb:float_seq\nemma\t0.5 -1 2e-3\ndune 2\t3 0 1\n"],
      ["commas.csv", "emma,0.5,-1,2e-3\r\ndune 2,3, 0, 1\r\n"],
    ] as const) {
      assert.deepEqual(await rowsOf(write(name, text)), expected, name);
      assert.deepEqual(await rowsOf(write(`${name}.gz`, gzipSync(text))), expected, name);
    }
    assert.deepEqual(await rowsOf(write("word2vec.txt", "2 3\nemma 0.5 -1 2e-3\ndune 3 0 1\n")), { emma: expected.emma, dune: [3, 0, 1] });
    assert.deepEqual(await rowsOf(write("glove.txt", "emma 0.5 -1 2e-3\ndune 3 0 1 \n")), { emma: expected.emma, dune: [3, 0, 1] });
    assert.deepEqual(await rowsOf(write("numbers.txt", "7 3\n8 4\n")), { 7: [3], 8: [4] }, "vectors of one number, by ids that are numbers");
  });

  it("reads numpy's files in its types and orders, beside their ids", async () => {
    const half = [5.960464477539063e-8, 65504, -0];
    for (const name of Object.keys(saved) as (keyof typeof saved)[]) {
      write("items.ids", "emma\ndune\n");
      const { emma, dune } = await rowsOf(write("items.npy", npyOf(name)));
      assert.deepEqual([emma, dune], [[1.5, -2, 0.25], name.startsWith("<f2") ? half : [Math.fround(6e-8), 65504, -0]], name);
    }
    const ids = write("names.txt", "a\nb\n");
    assert.deepEqual(Object.keys(await rowsOf(write("other.npy", npyOf("<f8")), { ids })), ["a", "b"]);
    await assert.rejects(openPrecomputed(join(folder(), "other.npy")), /Expected a file with the ids of the rows .*other\.ids/);
    write("other.ids", "a\nb\nc\n");
    await assert.rejects(openPrecomputed(join(folder(), "other.npy")), /other\.ids: Expected 2 ids, as many as .*other\.npy has rows, found 3/);
  });

  it("reads safetensors, its own with their ids and their card", async () => {
    const tensors = { embeddings: { dtype: "F64", shape: [2, 1], data: Float64Array.of(1, 2) }, step: { dtype: "I32", shape: [1], data: Int32Array.of(3) } } as const;
    write("others.ids", "a\nb");
    assert.deepEqual(await rowsOf(write("others.safetensors", encodeSafetensors(tensors))), { a: [1], b: [2] });
    const items: ItemFields = { ids: ["emma", "dune"], trained: 2, fields: {} };
    const table = await itemVectors(items, await openPrecomputed(write("t.tsv", "emma\t0.5\t-1\ndune\t3\t0\n")), { normalise: "none" });
    const own = join(folder(), "own.safetensors");
    writeVectors(own, table, items.ids);
    const again = await openPrecomputed(own);
    assert.deepEqual(await itemVectors(items, again, { normalise: "none" }).then(({ data }) => data), table.data);
    assert.deepEqual([again.id, again.recipe["made by"], again.recipe["precomputed"]], ["t.tsv", table.card.revision, "own.safetensors"]);
    await assert.rejects(openPrecomputed(write("two.safetensors", encodeSafetensors({ a: tensors.embeddings, b: tensors.embeddings }))), /Expected one matrix .*found a, b/);
  });

  it("reads Parquet, whichever its columns are, and says which it found", async () => {
    const parquet = async (name: string, select: string): Promise<string> => {
      const file = join(folder(), name);
      await withDuckDB((connection) => connection.run(`copy (${select}) to ${quote(file)} (format parquet)`));
      return file;
    };
    const lists = await parquet("lists.parquet", "select * from (values (7, [0.5, 1]), (8, [2, 3])) t(iid, v)");
    assert.deepEqual(await rowsOf(lists), { 7: [0.5, 1], 8: [2, 3] });
    const wide = await parquet("wide.parquet", "select 'x' || n as title, n as item_id, [n, 1]::float[] as a, [n, 2]::float[2] as b from range(3000) t(n)");
    const vectors = await openPrecomputed(wide, { vectorColumn: "b" });
    assert.deepEqual([vectors.ids.length, vectors.vectorOf("2999")], [3000, Float32Array.of(2999, 2)]);
    assert.deepEqual((await openPrecomputed(wide, { vectorColumn: "a", idColumn: "title" })).vectorOf("x7"), Float32Array.of(7, 1));
    await assert.rejects(openPrecomputed(wide), /Expected one column of vectors in .*found a, b among title, item_id, a, b/);
    await assert.rejects(openPrecomputed(wide, { vectorColumn: "c" }), /Expected vectorColumn to be a column of .*found "c"/);
    await assert.rejects(openPrecomputed(await parquet("none.parquet", "select 'a' as item, [1.5, null] as v")), /none\.parquet \(row 1, number 2\): Expected a finite float32, found NaN for "a"/);
    await assert.rejects(openPrecomputed(await parquet("empty.parquet", "select 'a' as item, null::float[] as v")), /\(row 1, vector\): Expected at least one number, found 0/);
  });

  for (const [what, text, says] of [
    ["another dimension", "a\t1\t2\nb\t1\n", /bad\.tsv:2 \(vector\): Expected 2 numbers, as the first row has, found 1 for "b"/],
    ["a NaN", "a\t1\t2\nb\t1\tnan\n", /bad\.tsv:2 \(number 2\): Expected a number, found "nan" for "b"/],
    ["an infinity of float32", "a\t1\t2\nb\t1e39\t2\n", /bad\.tsv:2 \(number 1\): Expected a finite float32, found 1e\+39 for "b"/],
    ["an id again", "a\t1\n\nb\t2\na\t3\n", /bad\.tsv:4 \(id\): Expected each id once, found "a" again, which line 1 has/],
    ["no id", "a\t1\n\t2\n", /bad\.tsv:2 \(id\): Expected an item's id, found none/],
    ["no rows", "item\tvector\n", /bad\.tsv: Expected vectors, found none/],
    ["fewer rows than word2vec's header has", "3 2\na 1 2\nb 1 2\n", /bad\.tsv:1: Expected 3 vectors of 2 numbers, as line 1 says, found 2 of 2/],
    ["other bytes", "\x80\x81\x82\n", /bad\.tsv/],
  ] as const) {
    it(`names file, line and place of ${what}`, async () => {
      await assert.rejects(openPrecomputed(write("bad.tsv", Buffer.from(text, "latin1"))), (error) => error instanceof DataError && says.test(error.message));
    });
  }

  it("names the row of a matrix", async () => {
    const bytes = npyOf("<f8");
    bytes.writeDoubleLE(NaN, bytes.length - 8);
    write("bad.ids", "a\nb\n");
    await assert.rejects(openPrecomputed(write("bad.npy", bytes)), /bad\.npy \(row 2, number 3\): Expected a finite float32, found NaN for "b"/);
    write("bad.ids", "a\na\n");
    await assert.rejects(openPrecomputed(write("bad.npy", npyOf("<f8"))), /bad\.npy \(row 2, id\): Expected each id once, found "a" again, which row 1 has/);
    await assert.rejects(openPrecomputed(write("bad.npy", npyOf("<f8").subarray(0, -1))), /Expected 48 bytes of numbers for the shape \(2, 3\), found 47/);
    await assert.rejects(openPrecomputed(join(folder(), "gone.npy")), /gone\.npy: Expected a file that can be read/);
  });

  it("answers damage with vectors or with an error of its own", async () => {
    const rng = new Rng("damage");
    const valid = { "m.npy": npyOf("<f4 Fortran"), "m.safetensors": Buffer.from(encodeSafetensors({ v: { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } })), "m.tsv": Buffer.from("a\t1\t2\nb\t3\t4\n") };
    write("m.ids", "a\nb\n");
    for (let round = 0; round < 60; round++) {
      for (const [name, bytes] of Object.entries(valid)) {
        const file = write(name, mutate(bytes, rng));
        try {
          const vectors = await openPrecomputed(file);
          for (const id of vectors.ids) assert.ok(vectors.vectorOf(id)!.every(Number.isFinite));
        } catch (error) {
          assert.ok(error instanceof DataError || error instanceof ConfigError, `${name}: ${String((error as Error).stack)}`);
        }
      }
    }
  });
});

describe("itemVectors of precomputed vectors", () => {
  const folder = freshFolder();
  const items: ItemFields = { ids: ["emma", "new", "dune", "late"], trained: 3, fields: {} };
  const open = (): ReturnType<typeof openPrecomputed> => {
    const file = join(folder(), "v.tsv");
    writeFileSync(file, "dune\t4\t0\nother\t9\t9\nemma\t2\t2\nlate\t1\t1\n");
    return openPrecomputed(file);
  };

  it("finds rows by id, says what is covered, and fills what is not by a named policy", async () => {
    const source = await open();
    const { data, card } = await itemVectors(items, source, { normalise: "none" });
    assert.deepEqual(Array.from(data), [2, 2, 3, 1, 4, 0, 1, 1], "the mean is of training items with a vector");
    const { sha256, textHash, revision, ...rest } = card;
    assert.deepEqual(rest, {
      encoder: "v.tsv", recipe: { precomputed: "v.tsv", format: "text", vectors: 4 }, template: { name: "none", text: "" }, normalisation: "none", control: "none",
      coverage: { vector: 0.75 }, empty: 1, missing: "mean", rows: 4, trained: 3, dimension: 2,
    });
    assert.match(`${sha256} ${textHash} ${revision}`, /^[0-9a-f]{64} [0-9a-f]{64} [0-9a-f]{16}$/);
    assert.deepEqual(Array.from((await itemVectors(items, source, { normalise: "centred", missing: "zero" })).data), [-1, 1, 0, 0, 1, -1, -2, 0]);
    await assert.rejects(itemVectors(items, source, { missing: "error" }), /Expected a vector of v\.tsv for each of 4 items, found 1 without, such as "new"/);
    await assert.rejects(itemVectors({ ids: ["x"], trained: 1, fields: {} }, source), /Expected training items with a text or a vector, found none of 1/);
  });

  it("has the controls that need no texts", async () => {
    const source = await open();
    const rows = ({ data }: { readonly data: Float32Array }): string[] => [0, 1, 2].map((n) => data.slice(2 * n, 2 * n + 2).join());
    const [plain, shuffled] = [await itemVectors(items, source, { normalise: "none" }), await itemVectors(items, source, { normalise: "none", control: "shuffled" })];
    assert.deepEqual(rows(shuffled).sort(), rows(plain).sort());
    assert.equal((await itemVectors(items, source, { control: "random" })).card.empty, 0);
    await assert.rejects(itemVectors(items, source, { control: "title-only" }), ConfigError);
  });
});
