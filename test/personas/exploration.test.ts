import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { toBundle } from "../../src/display/mime";
import { personaMapFigure } from "../../src/display/persona-explorer";
import { graphFrom } from "../../src/kg/graph";
import { explorePersonas } from "../../src/personas/exploration";
import { movedBy } from "../../src/personas/explain";
import { learnPersonas, type Personas } from "../../src/personas/personas";
import { initBackend } from "../../src/tensor/backend";
import { evilTitle } from "../display/values";
import { close } from "../tensor/helpers";

// Its types would bring the whole DOM into this project.
const { JSDOM } = require("jsdom") as { readonly JSDOM: new (html: string, options?: object) => { readonly window: { readonly document: Part; readonly Event: new (name: string, options: object) => object } } };

/** What is used here of an element of the page. */
interface Part {
  readonly textContent: string;
  value: string;
  checked: boolean;
  readonly disabled: boolean;
  querySelector(selector: string): Part | null;
  querySelectorAll(selector: string): ArrayLike<Part>;
  getAttribute(name: string): string | null;
  hasAttribute(name: string): boolean;
  dispatchEvent(event: object): boolean;
}

const origin = { source: "demo", rule: "by hand", version: "1" };
const users = 24;

/** Users of two tastes, three items each; the first item has a name that is no name. */
async function shop(variant: "gcn" | "gat"): Promise<Personas> {
  const pairs = Array.from({ length: users }, (_, user) => [0, 1, 2].map((n) => [user, (user % 2) * 5 + ((user + n) % 5)] as const)).flat();
  const edges = (name: string, from: string, to: string, of: readonly (readonly [number, number])[]) => ({ name, from, to, source: Int32Array.from(of, ([a]) => a), target: Int32Array.from(of, ([, b]) => b), origin });
  const nodes = [
    { type: "user", ids: Array.from({ length: users }, (_, n) => `u${n}`) },
    { type: "item", ids: Array.from({ length: 10 }, (_, n) => `i${n}`), labels: Array.from({ length: 10 }, (_, n) => (n === 0 ? evilTitle : `Title ${n}`)) },
    { type: "genre", ids: ["war", "drama"], labels: ["War", "Drama"] },
  ];
  const graph = graphFrom(nodes, [edges("chose", "user", "item", pairs), edges("genre", "item", "genre", Array.from({ length: 10 }, (_, n) => [n, Math.floor(n / 5)]))]);
  const vectors = { shape: [10, 4] as const, data: new Rng("items").normals(40) };
  return learnPersonas(graph, vectors, { groups: 2, hdgi: { variant, dimension: 8, heads: 2, epochs: 20, rate: 0.02 } }, { rng: new Rng(1) });
}

describe("personas/exploration", () => {
  let personas: Personas;
  before(async () => {
    await initBackend();
    personas = await shop("gcn");
  });
  after(() => personas.dispose());

  it("every state is the forward pass without those meta-paths", async () => {
    const asked: string[] = [];
    const { nodes, paths, map } = await explorePersonas(personas, {
      nodes: ["u3"], most: 2,
      candidates: (node, off, vector) => {
        asked.push(`${node} ${off.length} ${vector.length}`);
        return [{ id: "i1", title: "Title 1", score: vector[0]! }];
      },
    });
    assert.deepEqual(asked, ["u3 0 8", "u3 1 8", "u3 1 8"]);
    const [whole, ...off] = nodes[0]!.states;
    assert.deepEqual([whole!.off, whole!.moved, whole!.nearest], [[], 0, personas.nearest("u3", 2)]);
    assert.deepEqual(off.map((state) => state.off), paths.map((path) => [path]));
    for (const state of off) {
      const without = personas.without(state.off);
      close([state.moved], [movedBy(personas.vectors, without)[3]!], 1e-6);
      close([state.candidates![0]!.score], [without.data[24]!], 1e-6);
      close([Object.values(state.weights).reduce((a, b) => a + b, 0)], [1], 1e-5);
      assert.equal(state.weights[state.off[0]!], undefined);
    }
    close([map.x[3]!, map.y[3]!], whole!.place, 1e-5);
    const spread = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
    assert.ok(spread(map.x) >= spread(map.y)); // the first direction is the one of most variance
  });

  it("takes of each group the clearest and the least clear member, and refuses what is none", async () => {
    const { nodes } = await explorePersonas(personas, { paths: [] });
    assert.deepEqual(nodes.map(({ states }) => states.length), nodes.map(() => 1));
    assert.ok(nodes.length <= 4 && new Set(nodes.map(({ view }) => view.persona)).size === 2);
    await assert.rejects(explorePersonas(personas, { nodes: ["u99"] }), /Expected a user of the graph, found "u99"/);
    await assert.rejects(explorePersonas(personas, { paths: ["user-itm-user"] }), /did you mean "user-item-user"/);
  });

  it("the explorer works in a page: a user is chosen, a meta-path switched off, a list moves; without scripts tables stand there", async () => {
    const list = (off: readonly string[]): { id: string; title: string; score: number }[] => (off.length === 0 ? ["One", "Two"] : ["Two", "Three"]).map((title, at) => ({ id: title, title, score: 1 - at / 4 }));
    const exploration = await explorePersonas(personas, { nodes: ["u0", "u1"], candidates: (_, off) => list(off) });
    const bundle = (await toBundle(exploration)) as Readonly<Record<string, string>>;
    assert.deepEqual(Object.keys(bundle), ["text/html", "text/plain"]);
    assert.match(bundle["text/plain"]!, /^user u0: /);
    const html = bundle["text/html"]!;
    const still = new JSDOM(html).window.document; // nothing runs
    assert.equal(still.querySelectorAll("[data-part=still] table").length, 4);
    assert.ok(still.querySelector("[data-part=controls]")!.hasAttribute("hidden"));
    const { window } = new JSDOM(`<body>${html}${html}</body>`, { runScripts: "dangerously" }); // shown twice
    const page = window.document;
    const roots = Array.from(page.querySelectorAll("[data-explorer]"));
    assert.ok(roots.every((root) => root.querySelectorAll("select option").length === 2 && root.querySelector("[data-part=still]") === null));
    const [root] = roots as [Part];
    assert.ok(root.querySelector("[data-part=history]")!.textContent.includes(evilTitle) && page.querySelectorAll("script").length === 2 * roots.length, "titles are text");
    const part = (name: string): string => root.querySelector(`[data-part=${name}]`)!.textContent;
    const marks = (): string[] => Array.from(root.querySelectorAll("[data-part=marks] circle"), (circle) => circle.getAttribute("cx")!);
    const change = (element: Part): void => void element.dispatchEvent(new window.Event("change", { bubbles: true }));
    const select = root.querySelector("select")!;
    select.value = "1";
    change(select);
    assert.match(part("history"), /Title 6/);
    assert.equal(marks()[0], marks()[1]);
    assert.doesNotMatch(part("tables"), /off|new/);
    const boxes = Array.from(root.querySelectorAll("input"));
    boxes[0]!.checked = false;
    change(boxes[0]!);
    assert.match(part("head"), /the vector moved by \d/);
    assert.match(part("tables"), /itemoff/);
    assert.match(part("tables"), /Two1↑ 1Three0\.75new/);
    assert.ok(boxes[1]!.disabled, "one meta-path must stay");
    assert.ok(Number(marks()[1]) >= 0 && exploration.nodes[1]!.states[1]!.moved > 0);
  });

  it("the map as a figure has a trace a group, and shows where a node goes", async () => {
    const exploration = await explorePersonas(personas, { nodes: ["u0"] });
    assert.deepEqual(personaMapFigure(exploration).data.map(({ x }) => (x as number[]).length).reduce((a, b) => a + b), users);
    const { data } = personaMapFigure(exploration, "u0");
    assert.deepEqual(data.slice(2).map(({ name }) => name!.replace(/ \(.*/, "")), ["without item", "without item – genre – item", "user u0"]);
    assert.throws(() => personaMapFigure(exploration, "u1"), /Expected a user that was explored \(u0\), found "u1"/);
  });

  for (const variant of ["gcn", "gat"] as const) {
    it(`an edge that is off moves the node's vector, by a forward pass: ${variant}`, async () => {
      const own = variant === "gcn" ? personas : await shop(variant);
      const off = own.withoutEdge("user-item-user", "u0", "i0");
      const moved = movedBy(own.vectors, off);
      assert.ok(moved[0]! > 1e-4, String(moved[0]));
      assert.ok(moved[1]! < moved[0]!, "who is of another taste moves less"); // beta, a mean over nodes, moves all a little
      assert.throws(() => own.withoutEdge("user-item-user", "u0", "i9"), /Expected edges of user-item-user, found 0 - 9, which is none/);
      assert.throws(() => own.withoutEdge("user-item-user", "u0", "i99"), /Expected a node of type item, found "i99"/);
      assert.ok(movedBy(own.vectors, own.withoutEdge("user-item-genre-item-user", "u0", "war"))[0]! > 1e-4);
      if (variant === "gat") own.dispose();
    });
  }
});
