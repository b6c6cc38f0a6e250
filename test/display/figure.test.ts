import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { intervalFigure, intervalSvg, type IntervalPlot } from "../../src/display/figure";
import { htmlPage, paragraph, plotBlock } from "../../src/display/page";

const plot: IntervalPlot = {
  title: "Models <1>",
  axis: "NDCG@10",
  caption: "95 % intervals",
  points: [
    { label: "POP", mean: 0.02, low: 0.01, high: 0.04 },
    { label: "RecBole", mean: 0.03, reference: true },
  ],
};

describe("figures", () => {
  it("gives plotly the values and the arms of the intervals", () => {
    const { data, layout } = intervalFigure(plot);
    const [own, other] = data as { x: number[]; y: string[]; error_x?: { array: number[]; arrayminus: number[] }; marker: { symbol: string } }[];
    assert.deepEqual([own!.x, own!.y, other!.x, other!.y], [[0.02], ["POP"], [0.03], ["RecBole"]]);
    assert.deepEqual([own!.error_x!.array, own!.error_x!.arrayminus], [[0.02], [0.01]]);
    assert.deepEqual([own!.marker.symbol, other!.marker.symbol, other!.error_x], ["circle", "circle-open", undefined]);
    assert.deepEqual(layout.yaxis!.categoryarray, ["POP", "RecBole"]);
    assert.equal(layout.height, 192);
    assert.deepEqual(JSON.parse(JSON.stringify(intervalFigure(plot))), { data, layout });
  });

  it("draws the same values to scale in the SVG", () => {
    const svg = intervalSvg(plot);
    const left = 24 + 8 * "RecBole".length;
    const at = (value: number) => Number((left + (value / 0.04) * (480 - left - 20)).toFixed(2));
    assert.ok(svg.includes(`<line class="interval" x1="${at(0.01)}" y1="69" x2="${at(0.04)}" y2="69"/>`), svg);
    assert.ok(svg.includes(`<circle class="dot" cx="${at(0.02)}" cy="69" r="5"/>`));
    assert.ok(svg.includes(`<circle class="hollow" cx="${at(0.03)}" cy="103" r="5"/>`));
    assert.deepEqual(Array.from(svg.matchAll(/text-anchor="middle">([\d.]+)</g), (match) => match[1]), ["0.00", "0.01", "0.02", "0.03", "0.04"]);
  });

  it("says in words what the SVG shows", () => {
    const svg = intervalSvg(plot);
    assert.ok(svg.includes(">Models &lt;1&gt;</title>"));
    assert.ok(svg.includes("NDCG@10: POP 0.0200 (0.0100 to 0.0400); RecBole 0.0300. 95 % intervals</desc>"));
  });

  it("refuses plots without points or with numbers that are not finite", () => {
    assert.throws(() => intervalSvg({ ...plot, points: [] }), ConfigError);
    assert.throws(() => intervalFigure({ ...plot, points: [{ label: "a", mean: NaN }] }), /found NaN .* for a/);
  });
});

describe("htmlPage", () => {
  const sections = [{ heading: "One & two", blocks: [paragraph("a < b"), plotBlock(plot)] }];

  it("loads nothing: no address outside is fetched, and its policy forbids it", () => {
    const page = htmlPage("T", ["lead"], sections, false);
    assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
    assert.ok(!/src\s*=\s*"|href\s*=\s*"[^#]/.test(page), "an element loads something");
    assert.ok(page.includes('<h2 id="one-two">One &amp; two</h2>') && page.includes("<p>a &lt; b</p>"));
  });

  it("has a table of contents of its parts, with an id for each heading, once", () => {
    const part = { heading: "One & two", blocks: [paragraph("again")] };
    const page = htmlPage("T", [], [{ ...sections[0]!, parts: [part, { heading: "main", blocks: [] }] }, part], false);
    const inside = (page.match(/<nav[^]*<\/nav>/) ?? [""])[0];
    assert.deepEqual([...inside.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]), ["one-two", "one-two-2", "main-2", "one-two-3"]);
    assert.deepEqual([...page.matchAll(/<h(\d) id="([^"]+)"/g)].map((match) => `${match[1]} ${match[2]}`), ["2 contents", "2 one-two", "3 one-two-2", "3 main-2", "2 one-two-3"]);
  });

  it("carries plotly and the figure, and the picture for readers without scripts", () => {
    const page = htmlPage("T", [], sections);
    assert.ok(page.includes("plotly.js (basic - minified)"));
    const figure = page.match(/<script type="application\/json">(.*)<\/script>/)![1]!;
    assert.deepEqual(JSON.parse(figure), JSON.parse(JSON.stringify(intervalFigure(plot))));
    assert.ok(page.includes('<div class="static"><svg'));
    assert.equal(page.match(/<script/g)!.length, page.match(/<\/script>/g)!.length);
  });
});
