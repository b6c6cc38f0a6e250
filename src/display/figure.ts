/**
 * A dot plot with intervals, twice: as a plotly figure (JupyterLab, VS Code, the interactive page) and as a static
 * SVG (GitHub, print, readers without scripts). plotly.js draws only in a browser, so the SVG is drawn here.
 */
import type { Layout, PlotData } from "plotly.js";
import { ConfigError } from "../core/errors";
import { escapeHtml } from "./formats";

/** A value with the ends of its interval. */
export interface IntervalPoint {
  readonly label: string;
  readonly mean: number;
  readonly low?: number;
  readonly high?: number;
  /** Measured by others: drawn hollow. */
  readonly reference?: boolean;
  /** A word or two where it must not be taken as it stands: drawn red. */
  readonly warning?: string;
}

/** Values side by side on one axis, one line for each, the first on top. */
export interface IntervalPlot {
  readonly title: string;
  /** What the axis measures: "NDCG@10". */
  readonly axis: string;
  /** What the intervals are, in one line. */
  readonly caption: string;
  readonly points: readonly IntervalPoint[];
}

/** A plotly figure: what `application/vnd.plotly.v1+json` carries. */
export interface Figure {
  readonly data: readonly Partial<PlotData>[];
  readonly layout: Partial<Layout>;
}

/** plotly reads a few tags in labels: a title with "<" is text. */
export function literal(label: string): string {
  return label.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

const [accent, red] = ["#2f6fbd", "#d93a30"];

function isWarned({ warning }: IntervalPoint): boolean {
  return warning !== undefined;
}

/**
 * The plot for plotly. Colours of text and grid are left to the page, which knows whether it is dark.
 * @throws ConfigError without points, or with a number that is not finite
 * @example
 * import { intervalFigure } from "sessionlab";
 * const plot = { title: "Demo", axis: "NDCG@10", caption: "made up", points: [{ label: "POP", mean: 0.02, low: 0.01, high: 0.03 }] };
 * assert.deepEqual(intervalFigure(plot).data[0]!.x, [0.02]);
 */
export function intervalFigure(plot: IntervalPlot): Figure {
  check(plot);
  const own = plot.points.filter((point) => point.reference !== true);
  const others = plot.points.filter((point) => point.reference === true);
  const markers = (points: readonly IntervalPoint[], symbol: string, arms: Partial<PlotData>): Partial<PlotData> => ({
    type: "scatter",
    mode: "markers",
    x: points.map((point) => point.mean),
    y: points.map((point) => point.label),
    marker: { size: 10, color: points.some(isWarned) ? points.map((point) => (isWarned(point) ? red : accent)) : accent, symbol },
    hovertemplate: "%{y}: %{x:.4f}<extra></extra>",
    ...arms,
  });
  const intervals: Partial<PlotData> = {
    error_x: {
      type: "data",
      symmetric: false,
      array: own.map((point) => (point.high ?? point.mean) - point.mean),
      arrayminus: own.map((point) => point.mean - (point.low ?? point.mean)),
      thickness: 2,
      width: 5,
      color: accent,
    },
  };
  const layout: Partial<Layout> = {
    title: { text: plot.title, font: { size: 16 } },
    xaxis: { title: { text: plot.axis }, rangemode: "tozero", zeroline: false },
    yaxis: { categoryorder: "array", categoryarray: plot.points.map((point) => point.label), autorange: "reversed", automargin: true, fixedrange: true },
    margin: { t: 48, r: 16, b: 48, l: 16 },
    height: 120 + 36 * plot.points.length,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
  };
  return { data: [markers(own, "circle", intervals), ...(others.length > 0 ? [markers(others, "circle-open", {})] : [])], layout };
}

/** The plot in words, for those who do not see it. */
export function describePlot(plot: IntervalPlot): string {
  const one = ({ label, mean, low, high, warning }: IntervalPoint) =>
    `${label} ${mean.toFixed(4)}${low === undefined || high === undefined ? "" : ` (${low.toFixed(4)} to ${high.toFixed(4)})`}${warning === undefined ? "" : `, ${warning}`}`;
  return `${plot.axis}: ${plot.points.map(one).join("; ")}. ${plot.caption}`;
}

const size = { width: 480, row: 34, top: 52, bottom: 58, right: 20, shortest: 220 } as const;

/**
 * The plot as one self-contained SVG: title and description inside, light and dark by the reader's preference.
 * @param id what the ids inside begin with, each once on a page; default the title's words
 * @throws ConfigError without points, or with a number that is not finite
 * @example
 * import { intervalSvg } from "sessionlab";
 * const plot = { title: "Demo", axis: "NDCG@10", caption: "made up", points: [{ label: "POP", mean: 0.02, low: 0.01, high: 0.03 }] };
 * assert.match(intervalSvg(plot), /<desc [^>]*>NDCG@10: POP 0\.0200 \(0\.0100 to 0\.0300\)/);
 */
export function intervalSvg(plot: IntervalPlot, id = plot.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")): string {
  check(plot);
  const left = 24 + 8 * Math.max(...plot.points.map((point) => point.label.length));
  const width = Math.max(size.width, left + size.shortest);
  const largest = Math.max(...plot.points.map((point) => point.high ?? point.mean), Number.MIN_VALUE);
  const ticks = ticksTo(largest);
  const end = Math.max(largest, ticks.at(-1)!);
  const x = (value: number) => Number((left + (value / end) * (width - left - size.right)).toFixed(2));
  const floor = size.top + size.row * plot.points.length;
  const height = floor + size.bottom;
  const grid = ticks.map((tick) => `<line class="grid" x1="${x(tick)}" y1="${size.top}" x2="${x(tick)}" y2="${floor}"/><text x="${x(tick)}" y="${floor + 18}" text-anchor="middle">${tickLabel(tick, ticks)}</text>`);
  const rows = plot.points.map((point, index) => {
    const y = size.top + size.row * (index + 0.5);
    const warned = isWarned(point) ? " warned" : "";
    const interval =
      point.low === undefined || point.high === undefined ? "" : `<line class="interval${warned}" x1="${x(point.low)}" y1="${y}" x2="${x(point.high)}" y2="${y}"/>`;
    const dot = `<circle class="${point.reference === true ? "hollow" : "dot"}${warned}" cx="${x(point.mean)}" cy="${y}" r="5"/>`;
    return `<text x="${left - 12}" y="${y + 5}" text-anchor="end">${escapeHtml(point.label)}</text>${interval}${dot}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-words">`,
    `<title id="${id}-title">${escapeHtml(plot.title)}</title>`,
    `<desc id="${id}-words">${escapeHtml(describePlot(plot))}</desc>`,
    "<style>",
    "svg{color:#1c2530;font:14px system-ui,sans-serif}text{fill:currentColor}.heading{font-weight:600;font-size:16px}",
    ".grid{stroke:currentColor;stroke-opacity:.18}.interval{stroke:#2f6fbd;stroke-width:2.5}.dot{fill:#2f6fbd}.hollow{fill:none;stroke:#2f6fbd;stroke-width:2}",
    "@media (prefers-color-scheme:dark){svg{color:#e4e9f0}.interval,.hollow{stroke:#7fb2f0}.dot{fill:#7fb2f0}}",
    ...(plot.points.some(isWarned) ? [".interval.warned{stroke:#b3261e}.dot.warned{fill:#b3261e}@media (prefers-color-scheme:dark){.interval.warned{stroke:#ff8a80}.dot.warned{fill:#ff8a80}}"] : []),
    "</style>",
    `<text class="heading" x="16" y="28">${escapeHtml(plot.title)}</text>`,
    ...grid,
    ...rows,
    `<text x="${(left + width - size.right) / 2}" y="${floor + 42}" text-anchor="middle">${escapeHtml(plot.axis)}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

/** Ticks from 0 in steps of 1, 2 or 5 times a power of ten: 3 to 6 of them. */
function ticksTo(largest: number): number[] {
  const rough = largest / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  return Array.from({ length: Math.floor(largest / stride + 1e-9) + 1 }, (_, index) => index * stride);
}

function tickLabel(tick: number, ticks: readonly number[]): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(ticks[1] ?? 1)));
  return tick.toFixed(decimals);
}

function check(plot: IntervalPlot): void {
  if (plot.points.length === 0) throw new ConfigError(`Expected points in the plot "${plot.title}", found none`);
  for (const { label, mean, low, high } of plot.points) {
    if (![mean, low ?? mean, high ?? mean].every(Number.isFinite)) {
      throw new ConfigError(`Expected finite numbers in the plot "${plot.title}", found ${mean} [${low}, ${high}] for ${label}`);
    }
  }
}
