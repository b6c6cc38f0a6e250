/** Sections of a report: written once, shown as text, Markdown, LaTeX, on a page and in a notebook. */
import { intervalSvg, type IntervalPlot } from "../display/figure";
import { escapeHtml, notebookTable, renderTable, resultsInHtml, styled, type TableFormat } from "../display/formats";
import type { MimeBundle } from "../display/mime";
import { paragraph, plotBlock, type PageSection } from "../display/page";
import { sentenceList, sentenceText, type Sentence } from "../display/sentences";
import type { Table } from "../display/table";

/** Where a section is shown. */
export type Shown = TableFormat | "notebook";

/** A part of a section: its lines of text, or its blocks of HTML. */
export type Block = (shown: Shown) => readonly string[];

/** A heading and what stands under it, with sections of its own below. */
export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
  readonly parts?: readonly Section[];
}

/** A paragraph. */
export function prose(text: string): Block {
  return (shown) => (shown === "html" || shown === "notebook" ? [paragraph(text)] : [shown === "latex" ? `% ${text}` : text, ""]);
}

/** A table with its notes. */
export function tableBlock<Row>(table: Table<Row>): Block {
  return (shown) => [shown === "notebook" ? notebookTable(table) : renderTable(table, shown)];
}

/** Sentences, one a line. */
export function sentences(all: readonly Sentence[]): Block {
  return (shown) => {
    if (all.length === 0) return [];
    if (shown === "notebook") return [styled(sentenceList(all))];
    if (shown === "html") return [sentenceList(all)];
    return [...all.map((one) => `${shown === "latex" ? "%" : "-"} ${sentenceText(one)}`), ""];
  };
}

/** A plot: nothing in a text. In a notebook a picture by address: front ends take SVG elements out of a notebook that they do not trust, and leave their words. */
export function plot(of: IntervalPlot): Block {
  const width = of.points.some(({ label }) => label.length > 30) ? 640 : 480;
  const picture = (): string => `<img alt="${escapeHtml(`${of.title}. ${of.caption}`)}" width="${width}" src="data:image/svg+xml;base64,${Buffer.from(intervalSvg(of)).toString("base64")}">`;
  return (shown) => (shown === "html" ? [plotBlock(of)] : shown === "notebook" ? [picture()] : []);
}

/** Sections as one text. */
export function sectionsText(sections: readonly Section[], format: Exclude<TableFormat, "html">): string {
  const heading = (text: string): string => ({ text: `\n${text}\n${"=".repeat(text.length)}`, markdown: `## ${text}`, latex: `% ${text}` })[format];
  const lines = ({ heading: title, blocks, parts = [] }: Section): readonly string[] => [heading(title), "", ...blocks.flatMap((block) => block(format)), ...parts.flatMap(lines)];
  return sections.flatMap(lines).join("\n");
}

/** Sections of a page. */
export function pageSections(sections: readonly Section[]): readonly PageSection[] {
  return sections.map(({ heading, blocks, parts = [] }) => ({ heading, blocks: protocolOnce(blocks.flatMap((block) => block("html"))), parts: pageSections(parts) }));
}

/** Under the tables of one section, a protocol that is that of the table above is said once. */
function protocolOnce(blocks: readonly string[]): readonly string[] {
  let above: string | undefined;
  return blocks.map((block) => {
    const own = /<p class="note">Protocol: .*<\/p>/.exec(block)?.[0];
    const again = own !== undefined && own === above;
    above = own ?? above;
    return again ? block.replace(own, () => '<p class="note">Protocol: as above.</p>') : block;
  });
}

function allBlocks({ blocks, parts = [] }: Section): readonly Block[] {
  return [...blocks, ...parts.flatMap(allBlocks)];
}

/** Sections as a notebook shows them; a heading only where there are several. */
export function sectionsBundle(sections: readonly Section[]): MimeBundle {
  const html = sections.flatMap((section) => [...(sections.length > 1 ? [`<h3>${escapeHtml(section.heading)}</h3>`] : []), ...allBlocks(section).flatMap((block) => block("notebook"))]);
  const plain = sections.flatMap((section) => allBlocks(section).flatMap((block) => block("text")));
  return { ...resultsInHtml(html.join("\n")), "text/html": html.join("\n"), "text/plain": plain.join("\n").trim() };
}
