/** Official files by way of HTTP: mirrors in their order, and what is said when none answers. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "../../src/core/errors";
import type { CatalogEntry } from "../../src/data/catalog";
import { loadEntry } from "../../src/data/datasets";
import { freshFolder } from "../scratch";

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
