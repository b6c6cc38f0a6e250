import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { loadGraph } from "../../src/kg/graph-files";
import { Laboratory, onlyLine } from "./sessionlab";

describe("sessionlab kg", () => {
  const lab = new Laboratory();
  before(() => lab.prepare());
  // The made-up ml-100k has no genres; its Freebase is looked for and not found where there is no network to ask.
  const build = (...rest: readonly string[]) => lab.call(["kg", "build", "--dataset", "ml-100k", "--out", lab.path("graph"), "--no-linked", ...rest]);

  it("explains each of its verbs with an example", async () => {
    for (const verb of ["build", "show"]) {
      const { code, stdout } = await lab.call(["kg", verb, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\n +\\$ sessionlab kg ${verb}`));
    }
  });

  it("builds a graph with a report, and shows it, a node of it and an edge", async () => {
    const built = await build("--format", "parquet,nt,graphml", "--set", "window=1");
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stdout, /^ml-100k: \d+ nodes and \d+ edges in .*graph, and as nt, graphml$/m);
    assert.match(built.stdout, /^user chose item +\d+ +100\.0 % +100\.0 %$/m);
    assert.ok(existsSync(lab.path("graph", "graph.nt")) && existsSync(lab.path("graph", "graph.graphml")));
    const report = onlyLine(await lab.call(["kg", "show", lab.path("graph"), "--json"])) as { hash: string; relations: { name: string; edges: number }[] };
    const graph = await loadGraph(lab.path("graph"));
    assert.deepEqual([report.hash, report.relations.map(({ name }) => name)], [graph.hash, ["chose", "near in sessions"]]);
    const { stdout } = await lab.call(["kg", "show", lab.path("graph"), "--node", "item:3", "--most", "2"]);
    assert.match(stdout, /^near in sessions -> +item:\d+ +Film \d+ +1$/m);
    assert.match(stdout, /^<- chose +\.\.\. \d+ more$/m);
    const why = await lab.call(["kg", "show", lab.path("graph"), "--node", "item:3", "--to", "item:4"]);
    assert.match(why.stdout, /^item:3 \(Film 3\) -- near in sessions -> item:4 \(Film 4\): events, at most 1 apart in a training session of ml-100k, 2 times or more; confidence 1, \d+ observed; version [0-9a-f]{12}$/m);
    const again = onlyLine(await build("--set", "window=1", "--json"));
    assert.equal(again["hash"], graph.hash);
    assert.equal(existsSync(lab.path("graph", "graph.nt")), false); // the folder is another one
  });

  it("cuts by source, and says what is wrong with a name, a format, a node", async () => {
    const cut = onlyLine(await build("--without", "events", "--json")) as { edges: number };
    assert.equal(cut.edges, 0);
    for (const [args, message] of [
      [["--without", "evnts"], /did you mean "events"/], [["--format", "rdf"], /did you mean "nt"|Expected a format/],
      [["--set", "windo=2"], /did you mean "window"/], [["--min-confidence", "2"], /a confidence in \[0, 1\]/],
    ] as const) {
      const { code, stderr } = await build(...args);
      assert.deepEqual([code, message.test(stderr)], [2, true], stderr);
    }
    const { code, stderr } = await lab.call(["kg", "show", lab.path("graph"), "--node", "item:none"]);
    assert.deepEqual([code, /found "none", which is none/.test(stderr)], [2, true], stderr);
    assert.equal((await lab.call(["kg", "show", lab.path("nowhere")])).code, 1);
  });
});
