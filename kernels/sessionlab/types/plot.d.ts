/** A figure of plotly: a value, shown when it is the cell's result or given to `display`. */
interface PlotFigure {
  readonly data: readonly import("plotly.js").Data[];
  readonly layout: Partial<import("plotly.js").Layout>;
  readonly config: Partial<import("plotly.js").Config>;
}

/** A figure from traces and a layout: `plot({ x: [1, 2], y: [3, 5], type: "bar" }, { title: { text: "Bars" } })`. */
declare function plot(
  data: import("plotly.js").Data | readonly import("plotly.js").Data[],
  layout?: Partial<import("plotly.js").Layout>,
  config?: Partial<import("plotly.js").Config>,
): PlotFigure;
