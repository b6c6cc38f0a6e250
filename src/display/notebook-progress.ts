/**
 * Progress in a notebook: one bar a task, updated in place by its display id, with rate, time left, metrics and a small
 * chart of each metric that moves. A task that is done becomes one line, so that a saved notebook holds no bars; what
 * takes less than half a second is not shown at all.
 */
import { formatSeconds } from "../core/duration";
import type { Progress, ProgressReport } from "../core/progress";
import { escapeHtml } from "./formats";
import { displayMethod, type MimeBundle } from "./mime";
import { clip } from "./panel";
import { metricWords, progressWords } from "./progress-words";

/** How a notebook shows a value and changes it: the kernel's `display`. */
export interface NotebookDisplay {
  (value: unknown, options: { readonly id?: string }): { readonly id: string };
  update(value: unknown, id: string): void;
}

/** Progress of a cell: itself a `Progress`, to be handed to whatever takes long. */
export interface NotebookProgress extends Progress {
  /** Ends the cell: what is still open becomes one line. */
  end(): void;
}

/** Milliseconds before a task is shown, and between two drawings. */
const patience = 500;
const every = 200;
const mostPoints = 160;
const mostCharts = 2;

/** A task of this cell, which may run several times under one name. */
interface Task {
  id?: string;
  since: number;
  /** Of the runs that ended before this one. */
  earlierMs: number;
  runs: number;
  drawn: number;
  open: boolean;
  last: ProgressReport;
  /** The latest of each metric, and all of them over `done`, thinned. */
  metrics: Record<string, number>;
  curves: Map<string, Curve>;
}

/**
 * Progress for the cells of a notebook.
 * @param display shows and updates; the kernel binds its own, and cells have the result as `progress`
 * @param now milliseconds that only grow; a test gives its own
 * @example
 * import { notebookProgress } from "sessionlab";
 * const shown: unknown[] = [];
 * const display = Object.assign((value: unknown) => (shown.push(value), { id: "1" }), { update: (value: unknown) => shown.push(value) });
 * let clock = 0;
 * const progress = notebookProgress(display, () => clock);
 * for (const done of [0, 1, 2]) {
 *   progress({ task: "train", done, total: 2, unit: "epoch", metrics: { loss: 6 - done } });
 *   clock += 1000;
 * }
 * assert.equal(shown.length, 2); // a bar, and the line that it became
 */
export function notebookProgress(display: NotebookDisplay, now: () => number = () => performance.now()): NotebookProgress {
  const tasks = new Map<string, Task>();
  const draw = (task: Task, bundle: MimeBundle): void => {
    const value = { [displayMethod]: () => bundle };
    if (task.id === undefined) task.id = display(value, {}).id;
    else display.update(value, task.id);
    task.drawn = now();
  };
  const close = (task: Task): void => {
    if (!task.open) return;
    task.open = false;
    task.earlierMs += now() - task.since;
    if (task.id !== undefined || task.earlierMs >= patience) draw(task, lineBundle(task));
  };
  const progress = (report: ProgressReport): void => {
    let task = tasks.get(report.task);
    const whole = report.total !== undefined && report.done >= report.total;
    // A training says once more that it is done when the last validation is over: that is no second run.
    const more = task !== undefined && !task.open && whole && report.done === task.last.done;
    if (task === undefined || (!task.open && !more)) {
      const [earlierMs, runs, id] = task === undefined ? [0, 0, undefined] : [task.earlierMs, task.runs, task.id];
      task = { id, since: now(), earlierMs, runs: runs + 1, drawn: -Infinity, open: true, last: report, metrics: {}, curves: new Map() };
      tasks.set(report.task, task);
    }
    task.last = report;
    for (const [name, value] of Object.entries(report.metrics ?? {})) {
      task.metrics[name] = value;
      const curve = task.curves.get(name) ?? new Curve();
      task.curves.set(name, curve);
      curve.add(report.done, value);
    }
    if (more && task.id !== undefined) draw(task, lineBundle(task));
    else if (whole) close(task);
    if (whole) return;
    if (now() - task.since >= patience && now() - task.drawn >= every) draw(task, barBundle(task));
  };
  return Object.assign(progress, {
    end() {
      for (const task of tasks.values()) close(task);
      tasks.clear();
    },
  });
}

/** A metric over time: neighbours are averaged when there are many. */
class Curve {
  /** [x, mean, how many] */
  private points: [x: number, mean: number, count: number][] = [];
  private perPoint = 1;

  add(x: number, value: number): void {
    if (!Number.isFinite(value)) return;
    const last = this.points.at(-1);
    if (last !== undefined && last[2] < this.perPoint) {
      last[1] += (value - last[1]) / (last[2] + 1);
      last[2] += 1;
      last[0] = x;
      return;
    }
    this.points.push([x, value, 1]);
    if (this.points.length > mostPoints) {
      this.points = Array.from({ length: Math.ceil(this.points.length / 2) }, (_, at) => merged(this.points[2 * at]!, this.points[2 * at + 1]));
      this.perPoint *= 2;
    }
  }

  get values(): readonly (readonly [x: number, y: number])[] {
    return this.points.map(([x, y]) => [x, y]);
  }
}

function merged(a: [number, number, number], b: [number, number, number] | undefined): [number, number, number] {
  if (b === undefined) return a;
  const count = a[2] + b[2];
  return [b[0], (a[1] * a[2] + b[1] * b[2]) / count, count];
}

function barBundle({ last, metrics, curves }: Task): MimeBundle {
  const words = progressWords({ ...last, metrics });
  const percent = words.share === undefined ? undefined : Math.floor(100 * words.share);
  const bar = percent === undefined
    ? ""
    : `<span style="display:inline-block;width:160px;height:10px;background:#8884;border-radius:5px;overflow:hidden;vertical-align:middle"><span style="display:block;width:${percent}%;height:100%;background:#2f6fbd"></span></span> ${percent} %`;
  const parts = [words.count, words.rate, words.left, ...words.metrics].filter((part): part is string => part !== undefined);
  const charts = [...curves].filter(([, curve]) => curve.values.length > 1).slice(0, mostCharts).map(([name, curve]) => chart(name, curve.values, last.total));
  const html = [`<div><strong>${escapeHtml(clip(last.task, 80))}</strong> ${bar} ${parts.map(escapeHtml).join(" · ")}</div>`, ...(charts.length > 0 ? [`<div>${charts.join(" ")}</div>`] : [])];
  return { "text/html": html.join("\n"), "text/plain": [clip(last.task, 80), ...(percent === undefined ? [] : [`${percent} %`]), ...parts].join("  ") };
}

/** What is left of a task: "✓ train SASRec · 16/16 epoch · 12 s · loss 5.1". */
function lineBundle({ last, metrics, runs, earlierMs }: Task): MimeBundle {
  const whole = last.total === undefined || last.done >= last.total;
  const { count } = progressWords(last);
  const parts = [...(runs > 1 ? [`${runs} times`] : [count]), formatSeconds(earlierMs / 1000), ...metricWords(metrics)];
  const mark = whole ? "✓" : "■";
  const name = clip(last.task, 80);
  return { "text/html": `<div>${mark} <strong>${escapeHtml(name)}</strong> ${parts.map(escapeHtml).join(" · ")}</div>`, "text/plain": `${mark} ${[name, ...parts].join("  ")}` };
}

const size = { width: 260, height: 64, left: 4, top: 14, bottom: 4 } as const;

/** One metric as a line, with its first and last value. */
function chart(name: string, points: readonly (readonly [x: number, y: number])[], total: number | undefined): string {
  const ys = points.map(([, y]) => y);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const [from, to] = [points[0]![0], Math.max(total ?? 0, points.at(-1)![0])];
  const part = (value: number, start: number, end: number): number => (end === start ? 0.5 : (value - start) / (end - start));
  const x = (value: number): string => (size.left + part(value, from, to) * (size.width - 2 * size.left)).toFixed(1);
  const y = (value: number): string => (size.top + part(value, high, low) * (size.height - size.top - size.bottom)).toFixed(1);
  const words = `${clip(name, 20)}: ${Number(ys[0]!.toPrecision(4))} to ${Number(ys.at(-1)!.toPrecision(4))}`;
  return [
    `<svg width="${size.width}" height="${size.height}" role="img" aria-label="${escapeHtml(words)}">`,
    `<text x="${size.left}" y="10" font-size="11" fill="currentColor">${escapeHtml(words)}</text>`,
    `<polyline fill="none" stroke="#2f6fbd" stroke-width="1.5" points="${points.map(([px, py]) => `${x(px)},${y(py)}`).join(" ")}"/>`,
    "</svg>",
  ].join("");
}
