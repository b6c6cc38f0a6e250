/**
 * Pictures of data and of training: how values are distributed, how popular items are, how a split lies in time, how
 * a loss falls. Values are counted here, so that a figure of a hundred million of them is as small as one of a hundred.
 */
import type { Layout, PlotData } from "plotly.js";
import { ConfigError } from "../core/errors";
import { sessionCount, type Cases, type Sessions, type Split } from "../data/types";
import type { FitReport } from "../models/recommender";
import type { Figure } from "./figure";
import { formatNumber } from "./panel";

const colours = ["#2f6fbd", "#c2571a", "#2b8a4b", "#8a4fbf"] as const;
const mostPoints = 200;

/** Words of a figure. */
export interface FigureWords {
  readonly title: string;
  /** What is along the horizontal axis. */
  readonly axis: string;
  /** What is counted. Default "count" */
  readonly count?: string;
}

/** What all of these pictures have in common. */
function layoutOf({ title, axis, count = "count" }: FigureWords): Partial<Layout> {
  const line = { gridcolor: "#e3e7ec", zeroline: false, automargin: true } as const;
  return {
    title: { text: title, font: { size: 15 } },
    xaxis: { ...line, title: { text: axis } },
    yaxis: { ...line, title: { text: count }, rangemode: "tozero" },
    width: 700,
    height: 360,
    margin: { t: 50, r: 20, b: 50, l: 60 },
    legend: { orientation: "h", x: 0, y: 1.1 },
    bargap: 0.04,
  };
}

/**
 * How values are distributed: bars of equal width, or on a logarithmic scale of equal ratio. Values that are not
 * finite, and on a logarithmic scale those of 0 or less, are left out and counted in the title.
 * @param options bins: how many bars at most, default 40; log: whether the axis is logarithmic; logCount: whether the
 *   counts' is, where small hills stand beside large ones
 * @throws ConfigError if no value is left
 * @example
 * import { histogramFigure } from "sessionlab";
 * const { data } = histogramFigure([1, 1, 2, 5], { title: "Lengths", axis: "items" });
 * assert.deepEqual([data[0]!.x, data[0]!.y], [[1, 2, 3, 4, 5], [2, 1, 0, 0, 1]]);
 */
export function histogramFigure(values: ArrayLike<number>, words: FigureWords, options: { readonly bins?: number; readonly log?: boolean; readonly logCount?: boolean } = {}): Figure {
  const { bins = 40, log = false, logCount = false } = options;
  let [low, high, used, whole] = [Infinity, -Infinity, 0, true];
  const usable = (value: number): boolean => Number.isFinite(value) && (!log || value > 0);
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!usable(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    used++;
    whole &&= Number.isInteger(value);
  }
  if (used === 0) throw new ConfigError(`Expected values for the histogram "${words.title}", found none that are finite${log ? " and above 0" : ""}`);
  const scale = log ? Math.log10 : (value: number) => value;
  // Whole numbers get bars of whole width, each over its numbers.
  const step = whole && !log ? Math.max(1, Math.ceil((high - low + 1) / bins)) : (scale(high) - scale(low)) / bins;
  const start = whole && !log ? low - 0.5 : scale(low);
  const count = whole && !log ? Math.ceil((high - low + 1) / step) : bins;
  const counts = new Array<number>(step === 0 ? 1 : count).fill(0);
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (usable(value)) counts[step === 0 ? 0 : Math.min(counts.length - 1, Math.floor((scale(value) - start) / step))]!++;
  }
  const middle = (bar: number): number => (step === 0 ? low : whole && !log ? low + bar * step + (step - 1) / 2 : start + (bar + 0.5) * step);
  const x = counts.map((_, bar) => (log ? Number((10 ** middle(bar)).toPrecision(6)) : middle(bar)));
  const left = values.length - used;
  const layout = layoutOf({ ...words, title: left === 0 ? words.title : `${words.title} (${formatNumber(left)} left out)` });
  // A bar's width is in the units of the axis, which a logarithmic one stretches.
  const width = log ? counts.map((_, bar) => 10 ** (start + (bar + 1) * step) - 10 ** (start + bar * step)) : undefined;
  const trace: Partial<PlotData> = { type: "bar", x, y: counts, width, marker: { color: colours[0] }, hovertemplate: "%{x}: %{y}<extra></extra>" };
  const scaleOf = (on: boolean): Partial<Layout["xaxis"]> => (on ? { type: "log" } : {});
  return { data: [trace], layout: { ...layout, xaxis: { ...layout.xaxis, ...scaleOf(log) }, yaxis: { ...layout.yaxis, ...scaleOf(logCount) } } };
}

/**
 * How long sessions are.
 * @example
 * import { lengthFigure } from "sessionlab";
 * const { data } = lengthFigure({ offsets: Uint32Array.of(0, 2, 4, 7), item: new Int32Array(7) });
 * assert.deepEqual([data[0]!.x, data[0]!.y], [[2, 3], [2, 1]]);
 */
export function lengthFigure(sessions: Sessions, title = "How long sessions are"): Figure {
  const lengths = Uint32Array.from({ length: sessionCount(sessions) }, (_, s) => sessions.offsets[s + 1]! - sessions.offsets[s]!);
  return histogramFigure(lengths, { title, axis: "items in a session", count: "sessions" });
}

/**
 * The long tail: how many events each item has, from the most popular on, both axes logarithmic; the title says how
 * much the most popular fifth holds.
 * @param counts [V] events by item, such as `trainingCounts(split.train)`
 * @throws ConfigError without events
 * @example
 * import { popularityFigure } from "sessionlab";
 * const { data, layout } = popularityFigure([1, 6, 1, 1, 1]);
 * assert.deepEqual([data[0]!.x, data[0]!.y], [[1, 2, 3, 4, 5], [6, 1, 1, 1, 1]]);
 * assert.equal((layout.title as { text: string }).text, "Item popularity: 20 % of the items have 60 % of the events");
 */
export function popularityFigure(counts: ArrayLike<number>, title = "Item popularity"): Figure {
  const sorted = Float64Array.from(counts).sort().reverse();
  const total = sorted.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) throw new ConfigError("Expected events to draw the popularity of items, found none");
  const fifth = sorted.subarray(0, Math.max(1, Math.round(sorted.length / 5)));
  const share = fifth.reduce((sum, count) => sum + count, 0) / total;
  const ranks = logSpaced(sorted.length);
  const layout = layoutOf({ title: `${title}: ${Math.round((100 * fifth.length) / sorted.length)} % of the items have ${Math.round(100 * share)} % of the events`, axis: "rank of the item", count: "events" });
  const trace: Partial<PlotData> = { type: "scatter", mode: "lines", x: ranks, y: ranks.map((rank) => sorted[rank - 1]!), line: { color: colours[0], width: 2 }, hovertemplate: "rank %{x}: %{y} events<extra></extra>" };
  return { data: [trace], layout: { ...layout, xaxis: { ...layout.xaxis, type: "log" }, yaxis: { ...layout.yaxis, type: "log" } } };
}

/** 1..n, thinned to equal ratios where there are many. */
function logSpaced(count: number): number[] {
  if (count <= mostPoints) return Array.from({ length: count }, (_, at) => at + 1);
  return [...new Set(Array.from({ length: mostPoints }, (_, at) => Math.round(count ** (at / (mostPoints - 1)))))];
}

/**
 * Where a split lies in time: the events of training, and the targets of each set of cases, each as shares of its own
 * number. Where colours lie over each other, training knows what comes after the targets.
 * @throws ConfigError if the data have no times
 * @example
 * import { eventsFrom, sessionsFrom, splitByTime, splitFigure } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "u", "u"], item: ["a", "b", "c", "a"], time: [1, 2, 3, 4] });
 * assert.deepEqual(splitFigure(splitByTime(sessionsFrom(events), { at: [3, 4] })).data.map(({ name }) => name), ["train", "valid", "test"]);
 */
export function splitFigure(split: Split, title = `${split.name} in time`): Figure {
  const { train, valid, test, confirm } = split;
  if (train.time === undefined) throw new ConfigError(`Expected times to draw ${split.name}, found none`);
  const parts: readonly (readonly [name: string, times: Float64Array])[] = [
    ["train", train.time],
    ...[valid, test, confirm].flatMap((cases) => (cases === undefined ? [] : [[cases.role, targetTimes(cases)] as const])),
  ];
  let [from, to] = [Infinity, -Infinity];
  for (const [, times] of parts) {
    for (const time of times) {
      from = Math.min(from, time);
      to = Math.max(to, time);
    }
  }
  const bins = 60;
  const step = to === from ? 1 : (to - from) / bins;
  const data = parts.map(([name, times], at): Partial<PlotData> => {
    const counts = new Array<number>(bins).fill(0);
    for (const time of times) counts[Math.min(bins - 1, Math.floor((time - from) / step))]!++;
    const x = counts.map((_, bin) => new Date(1000 * (from + (bin + 0.5) * step)).toISOString().slice(0, 19));
    const y = counts.map((count) => Number(((100 * count) / Math.max(1, times.length)).toFixed(3)));
    return { type: "scatter", mode: "lines", name, x, y, line: { color: colours[at], width: 1.5, shape: "hvh" }, fill: "tozeroy", fillcolor: `${colours[at]}40`, hovertemplate: "%{x}: %{y:.1f} %<extra>%{fullData.name}</extra>" };
  });
  return { data, layout: layoutOf({ title, axis: "", count: "% of the part's events" }) };
}

function targetTimes({ sessions, session, end }: Cases): Float64Array {
  return Float64Array.from(session, (s, c) => sessions.time?.[sessions.offsets[s]! + end[c]!] ?? NaN).filter(Number.isFinite);
}

/**
 * How a training went: the loss by epoch, the validation metric on an axis of its own, and the epoch that was kept.
 * @param report what `fit` returned
 * @throws ConfigError for a model without epochs
 * @example
 * import { lossFigure } from "sessionlab";
 * const history = [{ epoch: 1, loss: 6, "NDCG@10": 0.02 }, { epoch: 2, loss: 5, "NDCG@10": 0.04 }];
 * assert.deepEqual(lossFigure({ seconds: 1, epochs: 2, bestEpoch: 2, history }).data.map(({ name }) => name), ["loss", "NDCG@10"]);
 */
export function lossFigure({ history = [], bestEpoch }: FitReport, title = "Training"): Figure {
  const names = Object.keys(history[0] ?? {}).filter((name) => name !== "epoch").slice(0, 2);
  if (names.length === 0) throw new ConfigError("Expected the history of a model with epochs, found none; models that count have no loss to show");
  const epochs = history.map((row, at) => row["epoch"] ?? at + 1);
  const data = names.map((name, at): Partial<PlotData> => ({
    type: "scatter", mode: "lines+markers", name, x: epochs, y: history.map((row) => Number(row[name]!.toPrecision(6))), line: { color: colours[at] }, marker: { size: 5 }, yaxis: at === 0 ? "y" : "y2",
  }));
  const layout = layoutOf({ title: bestEpoch === undefined ? title : `${title}: the weights of epoch ${bestEpoch} were kept`, axis: "epoch", count: names[0]! });
  const second: Partial<Layout> = names[1] === undefined ? {} : { yaxis2: { title: { text: names[1] }, overlaying: "y", side: "right", tickmode: "auto", showgrid: false, automargin: true } };
  return { data, layout: { ...layout, ...second, yaxis: { ...layout.yaxis, rangemode: "normal" } } };
}
