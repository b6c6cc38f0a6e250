/** Official files by way of HTTP: mirrors in their order, and what is said when none answers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "../../src/core/errors";
import type { CatalogEntry } from "../../src/data/catalog";
import { loadEntry } from "../../src/data/datasets";
import { obtainFiles } from "../../src/data/set-files";
import { freshFolder } from "../scratch";
import { sha256 } from "./fixtures";

describe("files with mirrors", () => {
  const root = freshFolder();
  let server: Server | undefined;

  afterEach(() => new Promise<void>((done) => (server === undefined ? done() : server.close(() => done()))));

  async function serve(answer: RequestListener): Promise<CatalogEntry> {
    server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const files = [{ role: "events", path: "ratings_Toys.csv.gz", urls: [`${host}/a/ratings_Toys.csv.gz`, `${host}/b/ratings_Toys.csv.gz`, `${host}/c/ratings_Toys.csv.gz`] }];
    const source = { kind: "files", origin: "https://example.org/toys", recipe: ["ask for toys there"], files } as const;
    return { name: "toys", title: "Toys", licence: "", homepage: "", citation: "", format: "amazon-2014", sources: [source] };
  }

  it("goes from a mirror that refuses to the next one, and asks no further than it must", async () => {
    const asked: string[] = [];
    const entry = await serve((request, response) => {
      asked.push(request.url!);
      if (request.url!.startsWith("/b/")) response.end(gzipSync("u,i,5.0,1400000000\nu,j,4.0,1400000000\n"));
      else response.writeHead(403).end();
    });
    const events = await loadEntry(entry, { root: root() });
    assert.deepEqual([events.itemIds, asked], [["i", "j"], ["/a/ratings_Toys.csv.gz", "/b/ratings_Toys.csv.gz"]]);
    assert.ok(existsSync(join(root(), "downloads", "ratings_Toys.csv.gz")));
    assert.deepEqual(await loadEntry(entry, { root: root() }), events);
    assert.equal(asked.length, 2);
  });

  it("names every mirror with its answer, and the way by hand, when none has it", async () => {
    const entry = await serve((request, response) => response.writeHead(request.url!.startsWith("/a/") ? 403 : 404).end());
    await assert.rejects(loadEntry(entry, { root: root() }), (error: Error) => {
      assert.match(error.message, /Expected ratings_Toys\.csv\.gz of Toys in .*\/a\/ratings_Toys\.csv\.gz, found HTTP status 403.*\/b\/.*404.*\/c\/.*404.*its source is https:\/\/example\.org\/toys: ask for toys there; then name the folder: --from DIR/s);
      return error instanceof DataError;
    });
    assert.equal(existsSync(join(root(), "prepared", "toys")), false);
  });
});

describe("files with checksums", () => {
  const root = freshFolder();

  it("are taken as they are, packed again or unpacked, and refused where their text is another or breaks off", async () => {
    const text = "prefix a\nb c\na c\n".repeat(50);
    const cases = "a\tb\nc a\tb\n";
    const packed = gzipSync(text);
    const files = [
      { role: "train", path: "deep/train.txt.gz", sha256: sha256(packed), unpacked: sha256(text) },
      { role: "test", path: "deep/test.txt", sha256: sha256(cases) },
    ];
    const source = { kind: "files", origin: "https://example.org/t", recipe: ["make it"], files } as const;
    const entry: CatalogEntry = { name: "t", title: "T", licence: "", homepage: "", citation: "", form: "benchmark", sources: [source] };
    const read = (name: string, content: Buffer | string): Promise<Readonly<Record<string, string>>> => {
      rmSync(root(), { recursive: true });
      mkdirSync(root());
      writeFileSync(join(root(), "test.txt"), cases);
      writeFileSync(join(root(), name), content);
      return obtainFiles(entry, source, { from: root() });
    };
    const stored = gzipSync(text, { level: 0 });
    for (const [name, content] of [["train.txt.gz", packed], ["train.txt.gz", stored], ["train.txt", text]] as const) {
      assert.deepEqual(await read(name, content), { train: join(root(), name), test: join(root(), "test.txt") });
    }
    for (const [name, content] of [["train.txt.gz", gzipSync(`${text}x`)], ["train.txt.gz", packed.subarray(0, -9)], ["train.txt", text.slice(1)]] as const) {
      await assert.rejects(read(name, content), (error: Error) => error instanceof DataError && /train\.txt(\.gz)?: Expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}; it is another version of T: its source is https:\/\/example\.org\/t: make it/.test(error.message));
    }
    await assert.rejects(read("test.txt", "a\tc\n"), DataError);
  });
});
