/**
 * A report as one HTML file: it loads nothing (its own policy forbids it), reads well on a phone and in the dark,
 * and shows every plot without scripts; with scripts, the plots become interactive through plotly.js, which is inside.
 */
import { readFileSync } from "node:fs";
import { describePlot, intervalFigure, intervalSvg, type IntervalPlot } from "./figure";
import { escapeHtml } from "./formats";

/** A part of the page: a heading and blocks of HTML, made by `renderTable`, `plotBlock` and `paragraph`. */
export interface PageSection {
  readonly heading: string;
  readonly blocks: readonly string[];
}

/**
 * A paragraph of plain text.
 * @example
 * import { paragraph } from "sessionlab";
 * assert.equal(paragraph("p < .05"), "<p>p &lt; .05</p>");
 */
export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

/**
 * A plot with its caption: the static picture, and the figure that plotly puts in its place.
 * @example
 * import { plotBlock } from "sessionlab";
 * const block = plotBlock({ title: "Demo", axis: "NDCG@10", caption: "made up", points: [{ label: "POP", mean: 0.02 }] });
 * assert.match(block, /<figcaption>made up<\/figcaption>/);
 */
export function plotBlock(plot: IntervalPlot): string {
  const figure = JSON.stringify(intervalFigure(plot)).replaceAll("<", "\\u003c");
  return [
    "<figure>",
    `<div class="static">${intervalSvg(plot).trim()}</div>`,
    `<div class="interactive" role="img" aria-label="${escapeHtml(`${plot.title}. ${describePlot(plot)}`)}" hidden></div>`,
    `<script type="application/json">${figure}</script>`,
    `<figcaption>${escapeHtml(plot.caption)}</figcaption>`,
    "</figure>",
  ].join("\n");
}

/**
 * The whole page.
 * @param interactive whether plotly.js is put in (1.1 MB). Default true
 * @example
 * import { htmlPage, paragraph } from "sessionlab";
 * const page = htmlPage("Demo", ["What it shows."], [{ heading: "Part", blocks: [paragraph("Text.")] }], false);
 * assert.ok(page.startsWith("<!doctype html>") && page.includes("<h2>Part</h2>\n<p>Text.</p>"));
 */
export function htmlPage(title: string, lead: readonly string[], sections: readonly PageSection[], interactive = true): string {
  const body = sections.map((section) => `<section>\n<h2>${escapeHtml(section.heading)}</h2>\n${section.blocks.join("\n")}\n</section>`);
  const scripts = interactive ? [`<script>${plotly()}</script>`, `<script>${upgrade}</script>`] : [];
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:">`,
    `<title>${escapeHtml(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<h1>${escapeHtml(title)}</h1>`,
    ...lead.map(paragraph),
    ...body,
    "</main>",
    ...scripts,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function plotly(): string {
  return readFileSync(require.resolve("plotly.js/dist/plotly-basic.min.js"), "utf8").replaceAll("</script", "<\\/script");
}

const style = `
:root{--text:#1c2530;--soft:#56616f;--line:#d5dbe3;--ground:#fff;--warning:#b3261e}
@media (prefers-color-scheme:dark){:root{--text:#e4e9f0;--soft:#a3adba;--line:#3a4451;--ground:#14181d;--warning:#ff8a80}}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2.5rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;font-weight:600;padding-bottom:.4rem}
th,td{padding:.3rem .7rem;text-align:left;white-space:nowrap;border-bottom:1px solid var(--line)}
thead th{border-bottom:2px solid var(--soft)}
tbody th{font-weight:400}
.number{text-align:right}
.warning{color:var(--warning);font-weight:600}
.note,figcaption{color:var(--soft);font-size:.85rem;margin:.4rem 0}
.note code{overflow-wrap:anywhere}
figure{margin:1.5rem 0;max-width:44rem}
figure svg{width:100%;height:auto}
pre{overflow-x:auto}
`;

/** Runs in the page: draws each figure with plotly in the page's own colours, and again when these change. */
const upgrade = `
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const draw = () => {
    const css = getComputedStyle(document.documentElement);
    const text = css.getPropertyValue("--text").trim(), line = css.getPropertyValue("--line").trim();
    for (const figure of document.querySelectorAll("figure")) {
      const source = figure.querySelector('script[type="application/json"]');
      if (source === null) continue;
      const target = figure.querySelector(".interactive");
      const { data, layout } = JSON.parse(source.textContent);
      const axis = { gridcolor: line, linecolor: line };
      const look = { ...layout, font: { color: text }, xaxis: { ...layout.xaxis, ...axis }, yaxis: { ...layout.yaxis, ...axis } };
      target.hidden = false;
      Plotly.react(target, data, look, { responsive: true, displayModeBar: false });
      figure.querySelector(".static").hidden = true;
    }
  };
  draw();
  dark.addEventListener("change", draw);
})();
`;
