/**
 * A report as one HTML file: it loads nothing (its own policy forbids it), reads well on a phone, in the dark and on paper,
 * and shows every plot without scripts; with scripts, the plots become interactive through plotly.js, which is inside.
 * A table of contents leads to every heading.
 */
import { readFileSync } from "node:fs";
import { hashOfJson } from "../core/hash";
import { describePlot, intervalFigure, intervalSvg, type IntervalPlot } from "./figure";
import { escapeHtml } from "./formats";
import { pageStyle } from "./page-style";

/** A part of the page: a heading and blocks of HTML, made by `renderTable`, `plotBlock` and `paragraph`; parts of its own below them. */
export interface PageSection {
  readonly heading: string;
  readonly blocks: readonly string[];
  readonly parts?: readonly PageSection[];
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
    `<div class="scroll" tabindex="0" role="group" aria-label="${escapeHtml(`Plot: ${plot.title}`)}">`,
    `<div class="static">${intervalSvg(plot, hashOfJson(plot).slice(0, 8)).trim()}</div>`,
    `<div class="interactive" role="img" aria-label="${escapeHtml(`${plot.title}. ${describePlot(plot)}`)}" hidden></div>`,
    "</div>",
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
 * assert.ok(page.startsWith("<!doctype html>") && page.includes('<h2 id="part">Part</h2>\n<p>Text.</p>') && page.includes('<a href="#part">Part</a>'));
 */
export function htmlPage(title: string, lead: readonly string[], sections: readonly PageSection[], interactive = true): string {
  const named = withIds(sections, new Set(["main", "contents"]));
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
    `<style>${pageStyle}</style>`,
    "</head>",
    "<body>",
    '<a class="skip" href="#main">Skip to the content</a>',
    "<header>",
    `<h1>${escapeHtml(title)}</h1>`,
    ...lead.map(paragraph),
    "</header>",
    '<nav aria-labelledby="contents">',
    '<h2 id="contents">Contents</h2>',
    ...contents(named),
    "</nav>",
    '<main id="main" tabindex="-1">',
    ...named.flatMap((section) => sectionHtml(section, 2)),
    "</main>",
    ...scripts,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

type Named = Omit<PageSection, "parts"> & { readonly id: string; readonly parts: readonly Named[] };

/** Ids of headings, from their words: each once on the page. */
function withIds(sections: readonly PageSection[], taken: Set<string>): readonly Named[] {
  return sections.map(({ heading, blocks, parts = [] }) => {
    const words = heading.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    let id = words;
    for (let n = 2; taken.has(id); n++) id = `${words}-${n}`;
    taken.add(id);
    return { heading, blocks, id, parts: withIds(parts, taken) };
  });
}

function contents(sections: readonly Named[]): readonly string[] {
  return ["<ul>", ...sections.flatMap(({ id, heading, parts }) => [`<li><a href="#${id}">${escapeHtml(heading)}</a>`, ...(parts.length > 0 ? contents(parts) : []), "</li>"]), "</ul>"];
}

function sectionHtml({ id, heading, blocks, parts }: Named, level: number): readonly string[] {
  return ["<section>", `<h${level} id="${id}">${escapeHtml(heading)}</h${level}>`, ...blocks, ...parts.flatMap((part) => sectionHtml(part, level + 1)), "</section>"];
}

function plotly(): string {
  return readFileSync(require.resolve("plotly.js/dist/plotly-basic.min.js"), "utf8").replaceAll("</script", "<\\/script");
}

/** Runs in the page: draws each figure with plotly in the page's own colours, and again when these change; opens what a link leads to. */
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
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target !== null && target.tagName === "DETAILS") target.open = true;
  };
  unfold();
  addEventListener("hashchange", unfold);
})();
`;
