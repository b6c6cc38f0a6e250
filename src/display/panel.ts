/**
 * A panel: what a notebook shows of a value that is no picture. A title, facts beside it and small tables under it,
 * once as HTML (of class "dataframe", which front ends style) and once as text. All of it is escaped and bounded here.
 */
import { escapeHtml } from "./formats";
import type { MimeBundle, Renderer } from "./mime";
import { has, type Check } from "./shapes";

/** What a cell may hold: numbers are aligned right and shortened, undefined is shown as "-". */
export type PanelCell = string | number | undefined;

/** A table of a panel. */
export interface Grid {
  readonly caption?: string;
  readonly headers: readonly string[];
  readonly rows: readonly (readonly PanelCell[])[];
  /** Rows that are left out after the first `after`: shown as one line. */
  readonly gap?: { readonly after: number; readonly rows: number };
}

/** A value as a notebook shows it. */
export interface Panel {
  readonly title: string;
  /** Short phrases after the title: "943 users". */
  readonly facts?: readonly string[];
  readonly grids?: readonly Grid[];
  readonly notes?: readonly string[];
}

/** The longest text of a cell, in characters: a session of five titles fits. */
const longestCell = 320;

/** Shortens a text to `longest` characters, and makes one line of it. */
export function clip(text: string, longest = longestCell): string {
  // Cut before the white space is looked at: a text may be of any length.
  const line = text.slice(0, 4 * longest).replace(/\s+/g, " ").trim();
  return line.length <= longest && text.length <= 4 * longest ? line : `${line.slice(0, longest - 1).trimEnd()}…`;
}

/** A number for people: integers whole, with commas from five digits on; others with five significant digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return Math.abs(value) < 10_000 || Math.abs(value) >= 1e15 ? String(value) : value.toLocaleString("en-US");
  return String(Number(value.toPrecision(5)));
}

/** "1 session", "2 sessions". */
export function plural(count: number, unit: string): string {
  return `${formatNumber(count)} ${unit}${count === 1 ? "" : unit.endsWith("s") ? "es" : "s"}`;
}

/** "4.2 %"; of nothing, "-". */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "-";
}

/** A UTC day: "1998-04-23". */
export function day(seconds: number): string {
  return Number.isFinite(seconds) && Math.abs(seconds) < 8.64e12 ? new Date(seconds * 1000).toISOString().slice(0, 10) : String(seconds);
}

/** The first and last rows of many: which ones are shown, and the gap between them. */
export function ends(count: number, most: number): { readonly shown: readonly number[]; readonly gap?: Grid["gap"] } {
  if (count <= most) return { shown: Array.from({ length: count }, (_, at) => at) };
  const half = Math.floor(most / 2);
  const shown = Array.from({ length: 2 * half }, (_, at) => (at < half ? at : count - 2 * half + at));
  return { shown, gap: { after: half, rows: count - 2 * half } };
}

/** The bundle of a panel: text/html and text/plain. */
export function panelBundle(panel: Panel): MimeBundle {
  return { "text/html": toHtml(panel), "text/plain": toText(panel) };
}

/** One kind of value: its shape and its panel. */
export function panelRenderer<T>(shape: Readonly<Record<string, Check>>, panel: (value: T) => Panel): Renderer {
  return { matches: (value) => has(value, shape), render: (value) => panelBundle(panel(value as T)) };
}

function cellText(cell: PanelCell): string {
  if (cell === undefined) return "-";
  return typeof cell === "number" ? formatNumber(cell) : clip(cell);
}

/** By column: whether it holds numbers, written out or not, and so is aligned right. */
function numericColumns({ headers, rows }: Grid): boolean[] {
  const isNumber = (cell: PanelCell): boolean => typeof cell === "number" || (cell !== undefined && /^[-+]?[\d.]+( %)?$/.test(cell));
  const isNone = (cell: PanelCell): boolean => cell === undefined || cell === "-" || cell === "…";
  return headers.map((_, c) => rows.some((row) => isNumber(row[c])) && rows.every((row) => isNumber(row[c]) || isNone(row[c])));
}

function gapText({ rows }: { readonly rows: number }): string {
  return `… ${formatNumber(rows)} more …`;
}

function toHtml({ title, facts = [], grids = [], notes = [] }: Panel): string {
  const lines = [`<div><strong>${escapeHtml(clip(title))}</strong>${facts.length > 0 ? ` <span>${facts.map((fact) => escapeHtml(clip(fact, 160))).join(" · ")}</span>` : ""}</div>`];
  for (const grid of grids) {
    const numeric = numericColumns(grid);
    // Short cells stay in one line: a date in three of them cannot be read.
    const align = (c: number, text: string): string => ` style="text-align:${numeric[c]! ? "right" : "left"}${text.length < 30 && /[ -]/.test(text) ? ";white-space:nowrap" : ""}"`;
    const cell = (tag: "td" | "th", text: string, c: number): string => `<${tag}${align(c, text)}>${escapeHtml(text)}</${tag}>`;
    const rows = grid.rows.map((row) => `<tr>${grid.headers.map((_, c) => cell("td", cellText(row[c]), c)).join("")}</tr>`);
    if (grid.gap !== undefined) rows.splice(grid.gap.after, 0, `<tr><td colspan="${grid.headers.length}" style="text-align:center">${gapText(grid.gap)}</td></tr>`);
    lines.push(
      '<table border="1" class="dataframe">',
      ...(grid.caption === undefined ? [] : [`<caption>${escapeHtml(clip(grid.caption))}</caption>`]),
      `<thead><tr>${grid.headers.map((header, c) => cell("th", clip(header, 40), c)).join("")}</tr></thead>`,
      "<tbody>",
      ...rows,
      "</tbody>",
      "</table>",
    );
  }
  lines.push(...notes.map((note) => `<div><small>${escapeHtml(clip(note, 400))}</small></div>`));
  return lines.join("\n");
}

function toText({ title, facts = [], grids = [], notes = [] }: Panel): string {
  const lines = [[clip(title), ...facts.map((fact) => clip(fact, 160))].join("  ")];
  for (const grid of grids) {
    const numeric = numericColumns(grid);
    const columns = grid.headers.map((given, c) => {
      const cells = [clip(given, 40), ...grid.rows.map((row) => cellText(row[c]))];
      const width = Math.max(...cells.map((cell) => cell.length));
      return cells.map((cell) => (numeric[c]! ? cell.padStart(width) : cell.padEnd(width)));
    });
    const rows = grid.rows.map((_, r) => columns.map((column) => column[r + 1]!).join("  ").trimEnd());
    if (grid.gap !== undefined) rows.splice(grid.gap.after, 0, gapText(grid.gap));
    lines.push("", ...(grid.caption === undefined ? [] : [clip(grid.caption)]), columns.map((column) => column[0]!).join("  ").trimEnd(), ...rows);
  }
  return [...lines, ...(notes.length > 0 ? ["", ...notes.map((note) => clip(note, 400))] : [])].join("\n");
}
