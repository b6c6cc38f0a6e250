/**
 * Numbers in a grid, by colour: sessions by films, films by films. Grids of one kind stand side by side on one scale.
 * Rows and columns are told apart by their place, so that two may have one name.
 */
import type { Layout, PlotData } from "plotly.js";
import { ConfigError } from "../core/errors";
import { literal, type Figure } from "./figure";

/** One grid of R rows and C columns. */
export interface HeatmapPanel {
  /** What stands under it. */
  readonly title?: string;
  /** [C] */
  readonly columns: readonly string[];
  /** [R] */
  readonly rows: readonly string[];
  /** R x C; null leaves a cell empty. */
  readonly values: readonly (readonly (number | null)[])[];
  /** R x C: what is written into the cells. */
  readonly words?: readonly (readonly string[])[];
}

/** What a heatmap says, and its scale. */
export interface HeatmapWords {
  readonly title: string;
  /** What the colour measures; without it there is no scale beside the picture. */
  readonly colour?: string;
  /** The values of the lightest and the darkest colour; by default 0, or the smallest value below it, and the largest. */
  readonly range?: readonly [low: number, high: number];
  /** Left of the rows. */
  readonly axis?: string;
}

const width = 760;
const [light, dark] = ["#eef3fa", "#2f6fbd"];
/** From here on column names are slanted. */
const longName = 5;

/**
 * Grids side by side; row names stand at the first alone where all have the same.
 * @param panels of the same kind of numbers
 * @throws ConfigError without panels, for a grid that is not R x C, or for words that are not
 * @example
 * import { heatmapFigure } from "sessionlab";
 * const { data } = heatmapFigure([{ columns: ["Heat", "Fargo"], rows: ["Markov"], values: [[0.5, null]] }], { title: "What follows" });
 * assert.deepEqual([data[0]!.z, data[0]!.zmax], [[[0.5, null]], 0.5]);
 */
export function heatmapFigure(panels: readonly HeatmapPanel[], { title, colour, range, axis }: HeatmapWords): Figure {
  if (panels.length === 0) throw new ConfigError(`Expected grids in "${title}", found none`);
  for (const { columns, rows, values, words } of panels) {
    const fits = (grid: readonly (readonly unknown[])[]): boolean => grid.length === rows.length && grid.every((row) => row.length === columns.length);
    if (!fits(values) || !fits(words ?? values)) throw new ConfigError(`Expected ${rows.length} rows of ${columns.length} cells in "${title}", found other values or words`);
  }
  const numbers = panels.flatMap(({ values }) => values.flat()).filter((value): value is number => value !== null && Number.isFinite(value));
  const [low, high] = range ?? [numbers.reduce((least, value) => Math.min(least, value), 0), numbers.reduce((most, value) => Math.max(most, value), -Infinity)];
  const sharedRows = panels.every(({ rows }) => rows.length === panels[0]!.rows.length && rows.every((name, r) => name === panels[0]!.rows[r]));
  const gap = panels.length === 1 ? 0 : sharedRows ? 0.03 : 0.06;
  const each = (1 - gap * (panels.length - 1)) / panels.length;
  const suffix = (at: number): string => (at === 0 ? "" : String(at + 1));
  const axes = panels.flatMap((panel, at) => {
    const start = at * (each + gap);
    const slanted = panel.columns.some((name) => name.length >= longName);
    const x = { ...ticks(panel.columns), domain: [start, start + each], anchor: `y${suffix(at)}`, tickangle: slanted ? -35 : 0, title: panel.title === undefined ? undefined : { text: panel.title } };
    const y = { ...ticks(panel.rows), anchor: `x${suffix(at)}`, autorange: "reversed", showticklabels: at === 0 || !sharedRows, title: at === 0 && axis !== undefined ? { text: axis } : undefined };
    return [[`xaxis${suffix(at)}`, x], [`yaxis${suffix(at)}`, y]] as const;
  });
  const most = (count: (panel: HeatmapPanel) => number): number => panels.reduce((largest, panel) => Math.max(largest, count(panel)), 0);
  return {
    data: panels.map((panel, at) => trace(panel, suffix(at), [low, high], at === panels.length - 1 ? colour : undefined)),
    layout: {
      title: { text: title, font: { size: 16 } },
      ...(Object.fromEntries(axes) as Partial<Layout>),
      width,
      height: 130 + 26 * most(({ rows }) => rows.length) + 4 * most(({ columns }) => Math.max(...columns.map((name) => name.length))) + (panels.some((panel) => panel.title !== undefined) ? 24 : 0),
      margin: { t: 50, r: 20, b: 30, l: 30 },
    },
  };
}

function ticks(names: readonly string[]): object {
  return { tickvals: names.map((_, at) => at), ticktext: names.map(literal), automargin: true, showgrid: false, zeroline: false };
}

function trace({ columns, rows, values, words }: HeatmapPanel, suffix: string, [low, high]: readonly [number, number], colour: string | undefined): Partial<PlotData> {
  const written = words === undefined ? {} : { text: words.map((row) => row.map(literal)), texttemplate: "%{text}" };
  const hover = rows.map((row) => columns.map((column) => `${literal(row)}, ${literal(column)}`));
  const scale = colour === undefined ? { showscale: false } : { colorbar: { title: { text: literal(colour), side: "right" }, thickness: 12 } };
  return {
    type: "heatmap",
    x: columns.map((_, at) => at),
    y: rows.map((_, at) => at),
    z: values,
    ...{ zmin: low, zmax: high, colorscale: [[0, light], [1, dark]], xgap: 2, ygap: 2, hoverongaps: false },
    ...{ xaxis: `x${suffix}`, yaxis: `y${suffix}`, customdata: hover, hovertemplate: "%{customdata}: %{z:.4g}<extra></extra>" },
    ...written,
    ...scale,
  } as unknown as Partial<PlotData>; // plotly's types know one row of words
}
