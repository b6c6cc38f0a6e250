/** A table as text for a terminal, Markdown, LaTeX (booktabs) and HTML: the same cells, the same notes. */
import { layTable, type LaidCell, type LaidTable, type Table } from "./table";

/** What a table can be rendered as. */
export type TableFormat = "text" | "markdown" | "latex" | "html";

/** All of them. */
export const tableFormats: readonly TableFormat[] = ["text", "markdown", "latex", "html"];

/**
 * Renders a table, with its protocol, notes and result ids under it.
 * @throws ConfigError if the protocol or the result ids are missing
 * @example
 * import { renderTable } from "sessionlab";
 * const table = {
 *   title: "Demo", protocol: "two toy models, one toy session", results: ["demo-1"],
 *   columns: [
 *     { header: "model", cell: (row: { name: string; hit: number }) => row.name },
 *     { header: "HR@10", cell: (row: { name: string; hit: number }) => row.hit, digits: 2, best: "high" as const },
 *   ],
 *   rows: [{ name: "POP", hit: 0.1 }, { name: "SASRec", hit: 0.25 }],
 * };
 * assert.match(renderTable(table, "markdown"), /\| SASRec \| \*\*0\.25\*\* \|/);
 */
export function renderTable<Row>(table: Table<Row>, format: TableFormat): string {
  const laid = layTable(table);
  return { text: toText, markdown: toMarkdown, latex: toLatex, html: toHtml }[format](laid);
}

/** The MIME type by which a notebook's output says which results its tables are made of: JSON that no front end shows. */
export const resultsMime = "application/vnd.sessionlab.results+json";

/** The hidden part of a bundle whose HTML holds tables with ids; nothing without. */
export function resultsInHtml(html: string): Readonly<Record<string, unknown>> {
  const ids = [...new Set(Array.from(html.matchAll(/<code>([\w.{},-]+@[0-9a-f]{8})<\/code>/g), (match) => match[1]!))];
  return ids.length === 0 ? {} : { [resultsMime]: { results: ids } };
}

/** HTML whose warnings are red without a style sheet of ours: a red that can be read on white and on black. */
export function styled(html: string): string {
  return html.replaceAll(' class="warning"', ' style="color:#d93a30;font-weight:600"');
}

/** A table as HTML for a notebook, which has no style sheet of ours: of class "dataframe", as front ends style it; words are left, where theirs would be right. */
export function notebookTable<Row>(table: Table<Row>): string {
  const html = renderTable(table, "html").replace("<table>", '<table border="1" class="dataframe">').replaceAll(' class="number"', ' style="text-align:right"');
  return styled(html.replaceAll(/<(td|th scope="(?:row|col)")(?: class="words")?>/g, '<$1 style="text-align:left">'));
}

/** A cell's warning as it follows the number. */
function warned({ warning }: LaidCell): string {
  return warning === undefined ? "" : ` ${warning}`;
}

/** Aligned columns; "*" after the best of a column. */
function toText(table: LaidTable): string {
  const columns = table.headers.map((header, c) => {
    const cells = table.rows.map((row) => row[c]!);
    const signs = cells.map((cell) => (cell.best ? "*" : "") + cell.mark + warned(cell));
    const signWidth = Math.max(...signs.map((sign) => sign.length), 0);
    const texts = cells.map((cell, r) => (table.numeric[c]! ? cell.text + signs[r]!.padEnd(signWidth) : cell.text));
    const width = Math.max(header.length, ...texts.map((text) => text.length));
    const align = (text: string) => (table.numeric[c]! ? text.padStart(width) : text.padEnd(width));
    return [align(header), "-".repeat(width), ...texts.map(align)];
  });
  const lines = Array.from({ length: table.rows.length + 2 }, (_, line) => columns.map((column) => column[line]!).join("  ").trimEnd());
  const anyBest = table.rows.some((row) => row.some((cell) => cell.best));
  const legend = anyBest ? ["* best of its column"] : [];
  return [table.title, "", ...lines, "", ...legend, ...table.notes, `Protocol: ${table.protocol}`, `Results: ${table.results.join(", ")}`, ""].join("\n");
}

function toMarkdown(table: LaidTable): string {
  const escape = (text: string) => text.replace(/[|<*]/g, "\\$&");
  const show = (cell: LaidCell) => (cell.best ? `**${escape(cell.text)}**` : escape(cell.text)) + cell.mark + warned(cell);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `**${escape(table.title)}**`,
    "",
    line(table.headers.map(escape)),
    line(table.numeric.map((numeric) => (numeric ? "---:" : "---"))),
    ...table.rows.map((row) => line(row.map(show))),
    "",
    ...[...table.notes, `Protocol: ${table.protocol}`, `Results: ${table.results.map((id) => `\`${id}\``).join(", ")}`].flatMap((note) => [note, ""]),
  ].join("\n");
}

/** Needs \usepackage{booktabs}, and \usepackage{xcolor} where a cell has a warning. */
function toLatex(table: LaidTable): string {
  const show = (cell: LaidCell) => {
    const text = escapeLatex(cell.text);
    const shown = (cell.best ? `\\textbf{${text}}` : text) + (cell.mark === "" ? "" : `$^{${escapeLatex(cell.mark).replaceAll("$", "")}}$`);
    return cell.warning === undefined ? shown : `\\textcolor{red}{${shown}${escapeLatex(warned(cell))}}`;
  };
  const line = (cells: readonly string[]) => `  ${cells.join(" & ")} \\\\`;
  const notes = [...table.notes, `Protocol: ${table.protocol}`, `Results: ${table.results.join(", ")}`].map(escapeLatex);
  return [
    "\\begin{table}",
    `\\caption{${escapeLatex(table.title)}}`,
    `\\begin{tabular}{${table.numeric.map((numeric) => (numeric ? "r" : "l")).join("")}}`,
    "  \\toprule",
    line(table.headers.map(escapeLatex)),
    "  \\midrule",
    ...table.rows.map((row) => line(row.map(show))),
    "  \\bottomrule",
    "\\end{tabular}",
    ...notes.map((note) => `\\par\\footnotesize ${note}`),
    "\\end{table}",
    "",
  ].join("\n");
}

/** A column with a longer text than the first breaks its lines; with one longer than the second it is wide, so that no row grows tall. */
const [longestUnbroken, longestNarrow] = [44, 150];

function toHtml(table: LaidTable): string {
  const longest = table.headers.map((_, c) => Math.max(0, ...table.rows.map((row) => row[c]!.text.length)));
  const wordy = (c: number) => (longest[c]! > longestNarrow ? ' class="words long"' : longest[c]! > longestUnbroken ? ' class="words"' : "");
  const kind = (c: number) => (table.numeric[c]! ? ' class="number"' : wordy(c));
  const show = (cell: LaidCell) => {
    const shown = (cell.best ? `<strong>${escapeHtml(cell.text)}</strong>` : escapeHtml(cell.text)) + (cell.mark === "" ? "" : `<sup>${escapeHtml(cell.mark)}</sup>`);
    return cell.warning === undefined ? shown : `<span class="warning">${shown}${escapeHtml(warned(cell))}</span>`;
  };
  const body = table.rows.map((row) => {
    const cells = row.map((cell, c) => (c === 0 ? `<th scope="row"${kind(c)}>${show(cell)}</th>` : `<td${kind(c)}>${show(cell)}</td>`));
    return `<tr>${cells.join("")}</tr>`;
  });
  return [
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(`Table: ${table.title}`)}">`,
    "<table>",
    `<caption>${escapeHtml(table.title)}</caption>`,
    `<thead><tr>${table.headers.map((header, c) => `<th scope="col"${kind(c)}>${escapeHtml(header)}</th>`).join("")}</tr></thead>`,
    "<tbody>",
    ...body,
    "</tbody>",
    "</table>",
    "</div>",
    ...table.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
    `<p class="note">Protocol: ${escapeHtml(table.protocol)}</p>`,
    `<details class="note"><summary>Results behind this table</summary>${table.results.map((id) => `<code>${escapeHtml(id)}</code>`).join(", ")}</details>`,
    "",
  ].join("\n");
}

/** Text that is safe inside HTML elements and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const latex: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%", "_": "\\_",
  "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "±": "$\\pm$", "†": "$\\dagger$", "‡": "$\\ddagger$", "≥": "$\\geq$", "≤": "$\\leq$",
};

function escapeLatex(text: string): string {
  return text.replace(/[\\{}$&#%_^~±†‡≥≤]/g, (sign) => latex[sign]!);
}
