/** Figures and graphs: the bundle, and the picture that plotly draws without a browser. */
import assert from "node:assert/strict";
import type { Figure } from "../../src/display/figure";
import { figureBundle, plotlyMime } from "../../src/display/figure-bundle";
import { labelSides } from "../../src/display/graph-labels";
import { graphFigure } from "../../src/display/graphs";
import { toBundle } from "../../src/display/mime";
import { StaticCanvas } from "../../src/display/static-canvas";
import { endDrawing } from "../../src/display/static-figure";
import { boxOf, pageBoxOf, textWidth, type SvgElement } from "../../src/display/static-geometry";
import { textOf } from "./values";

const line: Figure = { data: [{ type: "scatter", x: [1, 2, 3], y: [3, 1, 2], name: "a" }], layout: { title: { text: "Loss" } } };

/** An SVG element of the fields that are read. */
function element(tagName: string, attributes: Readonly<Record<string, string>>, inside: string | readonly SvgElement[] = ""): SvgElement {
  const children = typeof inside === "string" ? [] : inside;
  const made = { tagName, textContent: typeof inside === "string" ? inside : "", children, parentElement: null, style: { fontSize: attributes["size"] ?? "", fontWeight: "", display: "" }, getAttribute: (name: string) => attributes[name] ?? null };
  for (const child of children) (child as { parentElement: SvgElement | null }).parentElement = made;
  return made;
}

describe("the size of SVG text", () => {
  it("follows letters, font size and anchor", () => {
    assert.equal(textWidth("", 10), 0);
    assert.ok(Math.abs(textWidth("ii", 10) * 4 - textWidth("mmm", 10) * (4 * 0.444) / (3 * 0.833)) < 1e-9);
    const [start, middle, end] = ["start", "middle", "end"].map((anchor) => boxOf(element("text", { x: "100", y: "50", size: "10px", "text-anchor": anchor }, "word")));
    const width = textWidth("word", 10);
    assert.deepEqual([start!.left, middle!.left, end!.left].map((left) => Number(left.toFixed(9))), [100, 100 - width / 2, 100 - width].map((left) => Number(left.toFixed(9))));
    assert.ok(start!.top < 50 && start!.bottom > 50);
  });

  it("is moved by translations, rotations and groups", () => {
    const rectangle = element("rect", { x: "0", y: "0", width: "10", height: "2", transform: "translate(5,6) rotate(90)" });
    const group = element("g", { transform: "scale(2)" }, [rectangle]);
    const round = (box: object): object => Object.fromEntries(Object.entries(box).map(([side, value]) => [side, Math.round(value as number)]));
    assert.deepEqual(round(boxOf(group)), { left: 3, top: 6, right: 5, bottom: 16 });
    assert.deepEqual(round(pageBoxOf(group)), { left: 6, top: 12, right: 10, bottom: 32 });
    assert.deepEqual(boxOf(element("g", {}, [])), { left: 0, top: 0, right: 0, bottom: 0 });
  });
});

describe("the canvas of heatmaps", () => {
  it("holds rectangles and blocks of pixels", () => {
    const canvas = new StaticCanvas(() => ({ width: 2, height: 1 }));
    const { PNG } = require("pngjs") as typeof import("pngjs");
    const pixels = () => [...PNG.sync.read(Buffer.from(canvas.toDataURL().split(",")[1]!, "base64")).data];
    canvas.fillStyle = "rgba(10, 20, 30, 1)";
    canvas.fillRect(1, 0, 5, 5);
    assert.deepEqual(pixels(), [0, 0, 0, 0, 10, 20, 30, 255]);
    const block = canvas.createImageData(1, 1);
    block.data.set([1, 2, 3, 4]);
    canvas.putImageData(block, 0, 0);
    assert.deepEqual(pixels(), [1, 2, 3, 4, 10, 20, 30, 255]);
  });
});

describe("figures in a notebook", () => {
  after(endDrawing);

  it("are plotly's JSON, a picture and words, and no HTML", async () => {
    const bundle = (await toBundle(line))!;
    assert.deepEqual(Object.keys(bundle).sort(), [plotlyMime, "image/svg+xml", "text/plain"].sort());
    assert.deepEqual(bundle[plotlyMime], line);
    assert.equal(bundle["text/plain"], "Loss (1 trace: scatter)");
    const svg = textOf(bundle, "image/svg+xml");
    assert.match(svg, /^<svg [^>]*width="700" height="450"/);
    assert.match(svg, /<path class="js-line" [^>]*d="M\d/);
    assert.match(svg, />Loss<\/text>/);
    assert.ok(svg.includes("rgb(255, 255, 255)"), "the ground is not white");
  });

  it("are the same bytes each time, whatever was drawn before, in another process too; two figures share no ids", async () => {
    const other: Figure = { ...line, layout: { title: { text: "Other" } } };
    const first = textOf(await figureBundle(line), "image/svg+xml");
    const second = textOf(await figureBundle(other), "image/svg+xml");
    assert.equal(textOf(await figureBundle(line), "image/svg+xml"), first);
    endDrawing();
    assert.equal(textOf(await figureBundle(other), "image/svg+xml"), second);
    const ids = (svg: string): Set<string> => new Set([...svg.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!));
    assert.ok(ids(first).size > 0 && [...ids(first)].every((id) => !ids(second).has(id)));
  });

  it("draw what comes in typed arrays, numbers that are none left out", async () => {
    const bundle = await figureBundle({ data: [{ type: "bar", x: Int32Array.of(1, 2), y: Float64Array.of(3, NaN) }], layout: {} });
    assert.deepEqual((bundle[plotlyMime] as Figure).data[0], { type: "bar", x: [1, 2], y: [3, null] });
    assert.equal([...textOf(bundle, "image/svg+xml").matchAll(/<g class="point"><path [^>]*d="M\d+,\d+V/g)].length, 1);
  });

  it("leave no script of a title alive", async () => {
    const evil = '<script>alert(1)</script><a href="javascript:alert(1)">x</a><img src=x onerror=alert(1)>';
    const svg = textOf(await figureBundle({ data: [{ ...line.data[0]!, name: evil }, line.data[0]!], layout: { title: { text: evil } } }), "image/svg+xml");
    assert.ok(!/<script|<img|javascript:|<[^>]+ on\w+=/i.test(svg), svg);
  });

  it("draw heatmaps through pixels", async () => {
    const svg = textOf(await figureBundle({ data: [{ type: "heatmap", z: [[1, 2], [3, 4]] }], layout: {} }), "image/svg+xml");
    assert.match(svg, /<image [^>]*href="data:image\/png;base64,/);
  });

  it("are pixels where the SVG would be large, through WebGL's twin", async () => {
    const many = Array.from({ length: 3000 }, (_, at) => at);
    const bundle = await figureBundle({ data: [{ type: "scattergl", mode: "markers", x: many, y: many }], layout: {} });
    assert.equal((bundle[plotlyMime] as Figure).data[0]!.type, "scattergl");
    const png = Buffer.from(bundle["image/png"] as string, "base64");
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1050, 675]);
    assert.equal(bundle["image/svg+xml"], undefined);
  });

  it("say why there is no picture", async () => {
    const bundle = await figureBundle({ data: [{ type: "scatter3d", x: [1], y: [1], z: [1] }], layout: { title: { text: "Space" } } });
    assert.deepEqual(Object.keys(bundle), [plotlyMime, "text/plain"]);
    assert.equal(bundle["text/plain"], "Space (1 trace: scatter3d)\nNo picture: traces of type scatter3d are drawn by a browser only.");
  });

  it("go without their data where these are many, and are not drawn where they are too many", async () => {
    const numbers = new Float32Array(6_000_000);
    const bundle = await figureBundle({ data: [{ type: "histogram", x: numbers }], layout: {} });
    assert.deepEqual(Object.keys(bundle), ["text/plain"]);
    assert.match(textOf(bundle, "text/plain"), /Not drawn: 6,000,000 numbers\. Count or sample them first/);
    const fewer = await figureBundle({ data: [{ type: "histogram", x: numbers.subarray(0, 250_000) }], layout: {} });
    assert.deepEqual(Object.keys(fewer), ["image/svg+xml", "text/plain"]);
  });
});

describe("graphs in a notebook", () => {
  const { DirectedGraph } = require("graphology") as typeof import("graphology");
  after(endDrawing);

  function ring(size: number) {
    const graph = new DirectedGraph();
    for (let node = 0; node < size; node++) graph.mergeNode(`n${node}`, { kind: node % 2 === 0 ? "film" : "person", label: node === 0 ? "<b>Heat</b>" : undefined });
    for (let node = 0; node < size; node++) graph.mergeEdge(`n${node}`, `n${(node + 1) % size}`);
    return graph;
  }

  it("are networks with a picture", async () => {
    const bundle = (await toBundle(ring(6)))!;
    assert.deepEqual(Object.keys(bundle), [plotlyMime, "image/svg+xml", "text/plain"]);
    assert.equal(bundle["text/plain"], "Graph, directed: 6 nodes, 6 edges");
    const { data } = bundle[plotlyMime] as Figure;
    assert.deepEqual(data.map(({ name }) => name), [undefined, "film", "person"]);
    assert.equal((data[0]!.x as unknown[]).length, 18);
    assert.deepEqual(data[1]!.text, ["&lt;b>Heat&lt;/b>", "n2", "n4"]);
    assert.equal(data[1]!.cliponaxis, false, "labels may stand in the margin");
    assert.ok(textOf(bundle, "image/svg+xml").includes("&#60;b&#62;Heat"));
  });

  it("look the same each time, and their nodes lie apart", () => {
    assert.deepEqual(graphFigure(ring(9)), graphFigure(ring(9)));
    const [, film, person] = graphFigure(ring(9)).data;
    const places = new Set([film, person].flatMap((trace) => (trace!.x as number[]).map((x, at) => `${x} ${(trace!.y as number[])[at]}`)));
    assert.equal(places.size, 9);
  });

  it("put labels where they cover each other least", () => {
    const places = [{ x: 0, y: 0 }, { x: 0.1, y: 0 }, { x: 1, y: 1 }].map((point) => ({ ...point, label: "a label of some length" }));
    assert.deepEqual(labelSides(places, 600, 400), ["middle right", "top center", "middle left"]);
    assert.deepEqual(labelSides([{ x: 5, y: 5, label: "alone" }], 600, 400), ["top center"]);
    const [above, below] = [{ x: 0.5, y: 1, label: "above" }, { x: 0.5, y: 0, label: "below" }];
    assert.deepEqual(labelSides([above, below], 600, 400), ["top center", "top center"]);
    assert.deepEqual(labelSides([above, below], 600, 400, [[above, below]]), ["top center", "bottom center"]); // the line comes from above
  });

  it("show the nodes of highest degree of a large one", () => {
    const star = new DirectedGraph();
    for (let leaf = 0; leaf < 3000; leaf++) star.mergeEdge(leaf % 3 === 0 ? "hub" : "centre", `leaf ${leaf}`);
    const { data, layout } = graphFigure(star, { nodes: 5, edges: 2 });
    assert.equal((layout.title as { text: string }).text, "5 of 3002 nodes, 3000 edges: those of highest degree; 2 of the 3 edges between them");
    assert.deepEqual((data[1]!.text as string[]).slice(0, 2), ["centre", "hub"]);
  });

  it("have arrows where edges have a direction, and there are few", async () => {
    const pair = new DirectedGraph();
    pair.mergeEdge("from", "to");
    const [edges] = graphFigure(pair).data;
    assert.equal(edges!.mode, "lines+markers");
    assert.deepEqual([edges!.marker!.size, edges!.marker!.symbol], [[0, 9, 0], "arrow"]);
    const { UndirectedGraph } = require("graphology") as typeof import("graphology");
    const level = new UndirectedGraph();
    level.mergeEdge("one", "other");
    assert.equal(graphFigure(level).data[0]!.mode, "lines");
    assert.equal(graphFigure(ring(101)).data[0]!.mode, "lines");
    assert.equal(graphFigure(ring(100)).data[0]!.mode, "lines+markers");
  });

  it("may be empty", () => {
    assert.equal((graphFigure(new DirectedGraph()).layout.title as { text: string }).text, "0 nodes, 0 edges");
  });
});
