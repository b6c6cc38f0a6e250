/** Grids of numbers by colour. */
import assert from "node:assert/strict";
import { heatmapFigure, type HeatmapPanel } from "../../src/display/heatmap";
import { toBundle } from "../../src/display/mime";
import { endDrawing } from "../../src/display/static-figure";

const panel: HeatmapPanel = { title: "one", columns: ["Heat", "<i>Fargo</i>", "Heat"], rows: ["Markov", "POP"], values: [[0.5, null, -1], [2, 0, 1]] };
type Axis = { readonly ticktext: string[]; readonly tickvals: number[]; readonly domain: number[]; readonly showticklabels: boolean; readonly tickangle: number };

describe("heatmapFigure", () => {
  after(endDrawing);

  it("places rows and columns by number, so that two may have one name, and shows tags as they are", () => {
    const { data, layout } = heatmapFigure([panel], { title: "T" });
    const x = layout.xaxis as unknown as Axis;
    assert.deepEqual([data[0]!.x, x.tickvals, x.ticktext], [[0, 1, 2], [0, 1, 2], ["Heat", "&lt;i>Fargo&lt;/i>", "Heat"]]);
    assert.deepEqual(data[0]!.z, panel.values);
    assert.equal(x.tickangle, -35);
    assert.equal((layout.yaxis as unknown as { autorange: string }).autorange, "reversed");
  });

  it("has one scale for all grids: from 0 or the smallest to the largest, or as given", () => {
    const range = (...given: Parameters<typeof heatmapFigure>): unknown => heatmapFigure(...given).data.map(({ zmin, zmax }) => [zmin, zmax]);
    const higher = { ...panel, values: [[5, 5, 5], [5, 5, 9]] };
    assert.deepEqual(range([panel, higher], { title: "T" }), [[-1, 9], [-1, 9]]);
    assert.deepEqual(range([higher], { title: "T" }), [[0, 9]]);
    assert.deepEqual(range([higher], { title: "T", range: [4, 10] }), [[4, 10]]);
  });

  it("names the rows once where grids have the same, and shows one colour bar if it is asked for", () => {
    const labelled = (second: HeatmapPanel): boolean => (heatmapFigure([panel, second], { title: "T" }).layout.yaxis2 as unknown as Axis).showticklabels;
    assert.deepEqual([labelled(panel), labelled({ ...panel, rows: ["Markov", "SR"] })], [false, true]);
    const { data, layout } = heatmapFigure([panel, panel], { title: "T", colour: "weight" });
    assert.deepEqual(data.map((trace) => (trace as { showscale?: boolean }).showscale), [false, undefined]);
    assert.ok((layout.xaxis as unknown as Axis).domain[1]! < (layout.xaxis2 as unknown as Axis).domain[0]!);
  });

  it("refuses grids of another shape, and none", () => {
    assert.throws(() => heatmapFigure([], { title: "T" }), /Expected grids in "T", found none/);
    assert.throws(() => heatmapFigure([{ ...panel, rows: ["POP"] }], { title: "T" }), /Expected 1 rows of 3 cells in "T"/);
    assert.throws(() => heatmapFigure([{ ...panel, words: [["a"]] }], { title: "T" }), /found other values or words/);
  });

  it("has a picture whose cells, words and colour bar are drawn", async () => {
    const words = panel.values.map((row) => row.map((value) => (value === null ? "" : `v${value}`)));
    const svg = String((await toBundle(heatmapFigure([{ ...panel, words }], { title: "Seen", colour: "weight" })))!["image/svg+xml"]);
    assert.match(svg, /Seen/);
    assert.match(svg, /v0\.5/);
    assert.match(svg, /data:image\/png/); // the cells
    assert.match(svg, /fill: url\(#[^'")]+\)/); // the colour bar, by a name that every reader of SVG finds
    assert.doesNotMatch(svg, /url\('/);
  });
});
