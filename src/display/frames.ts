/**
 * danfo's frames and series in a notebook: the first and last rows, every column that fits, the shape. They are told
 * by their shape, so that danfo, which takes a second to load, is loaded by nobody but its user.
 */
import type { Renderer } from "./mime";
import { clip, ends, panelBundle, plural, type Panel, type PanelCell } from "./panel";
import { has, list, object } from "./shapes";

/** What is read of a frame: rows of cells, or cells alone for a series. */
interface FrameLike {
  readonly $isSeries: boolean;
  readonly $data: readonly unknown[];
  readonly shape: readonly [number, number];
  readonly columns: readonly string[];
  readonly index: readonly (string | number)[];
  readonly dtypes: readonly string[];
}

const mostRows = 20;
const mostColumns = 16;

/** A cell as danfo holds it; numbers that are none are said, not dashed. */
function cell(value: unknown): PanelCell {
  if (value === undefined) return "undefined";
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return clip(value, 60);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  return clip(typeof value === "object" && value !== null ? JSON.stringify(value) ?? "" : String(value), 60);
}

function framePanel(frame: FrameLike): Panel {
  const { $isSeries: series, $data: data, columns, index, dtypes } = frame;
  const { shown, gap } = ends(data.length, mostRows);
  const wide = ends(columns.length, mostColumns);
  const headers = wide.shown.map((c) => clip(String(columns[c]), 40));
  const rows = shown.map((r) => {
    const row = series ? [data[r]] : (data[r] as readonly unknown[]);
    return [String(index[r] ?? r), ...wide.shown.map((c) => cell(row[c]))];
  });
  if (wide.gap !== undefined) {
    headers.splice(wide.gap.after, 0, "…");
    for (const row of rows) row.splice(wide.gap.after + 1, 0, "…");
  }
  return {
    title: series ? "Series" : "DataFrame",
    facts: [plural(data.length, "row"), ...(series ? [] : [plural(columns.length, "column")]), ...(series ? [`${dtypes[0]}`] : [])],
    grids: [{ headers: ["", ...headers], rows, gap }],
    notes: wide.gap === undefined ? [] : [`${plural(wide.gap.rows, "column")} in the middle are not shown.`],
  };
}

/** DataFrame and Series of danfojs. */
export const frameRenderer: Renderer = {
  matches: (value) => has(value, { $data: list, columns: list, index: list, dtypes: list, shape: list, $isSeries: (one) => typeof one === "boolean", print: (one) => typeof one === "function" }),
  render: (value) => panelBundle(framePanel(value as FrameLike)),
};

/** What groupby of danfo returns: columns and groups, nothing computed yet. */
export const groupsRenderer: Renderer = {
  matches: (value) => has(value, { colDict: object, keyToValue: object, keyCol: list, columnName: list }),
  render: (value) => {
    const { keyCol, colDict } = value as { keyCol: readonly string[]; colDict: object };
    return panelBundle({ title: "Groups", facts: [`by ${keyCol.join(", ")}`, plural(Object.keys(colDict).length, "group")], notes: ["count(), sum(), mean(), agg(...) make a frame of it."] });
  },
};
