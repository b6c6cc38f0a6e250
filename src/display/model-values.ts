/** Recommenders, what they recommend, and how they were fitted and tuned, in a notebook. */
import type { FitReport, Recommendation, Recommender } from "../models/recommender";
import type { SearchReport } from "../models/search";
import type { TuneReport } from "../models/tune";
import type { TrainingPlan } from "../tensor/planner";
import type { Renderer } from "./mime";
import { ends, formatNumber, panelBundle, panelRenderer, percent, plural, type Panel, type PanelCell } from "./panel";
import { inWords } from "./result-values";
import { has, list, listOf, method, number, object, text } from "./shapes";

function recommenderPanel(model: Recommender): Panel {
  const fitted = has(model, { items: object }); // the getter throws before a fit
  const learnt = (model as { readonly learntNumbers?: unknown }).learntNumbers; // those of other libraries need not say
  const facts = fitted ? [`fitted on ${plural(model.items.trained, "item")}`, ...(typeof learnt === "number" ? [`${formatNumber(learnt)} learnt numbers`] : [])] : ["not fitted"];
  const options = Object.entries(model.options);
  return {
    title: model.name,
    facts: options.length === 0 ? [...facts, "no options"] : facts,
    grids: options.length === 0 ? [] : [{ headers: ["option", "value"], rows: options.map(([name, value]) => [name, typeof value === "number" ? value : typeof value === "string" ? value : JSON.stringify(value)]) }],
    notes: fitted ? [] : ["fit(split.train, split.valid, { rng }) comes first, or load(folder)."],
  };
}

function recommendationsPanel(given: readonly Recommendation[]): Panel {
  const { shown, gap } = ends(given.length, 30);
  const titled = given.some(({ title }) => title !== undefined && title !== "");
  const row = (at: number): PanelCell[] => {
    const { item, title, score } = given[at]!;
    return [at + 1, ...(titled ? [title === undefined || title === "" ? "-" : title] : []), item, Number(score.toPrecision(4))];
  };
  return { title: "Recommended next", facts: [plural(given.length, "item")], grids: [{ headers: ["rank", ...(titled ? ["title"] : []), "item", "score"], rows: shown.map(row), gap }] };
}

function fitPanel({ epochs, bestEpoch, history = [], seconds }: FitReport): Panel {
  const { shown, gap } = ends(history.length, 12);
  const names = [...new Set(history.flatMap((row) => Object.keys(row)))];
  return {
    title: "Fit",
    facts: [`${formatNumber(Number(seconds.toPrecision(2)))} s`, ...(epochs === undefined ? [] : [plural(epochs, "epoch")]), ...(bestEpoch === undefined ? [] : [`the weights of epoch ${bestEpoch} were kept`])],
    grids: history.length === 0 ? [] : [{ headers: names, rows: shown.map((at) => names.map((name) => history[at]![name])), gap }],
  };
}

function tunePanel({ metric, options, value, trials }: TuneReport): Panel {
  const { shown, gap } = ends(trials.length, 20);
  return {
    title: `Tuned on validation ${metric}`,
    facts: [plural(trials.length, "setting"), `best ${value.toFixed(4)}: ${settingOf(options)}`],
    grids: [
      {
        headers: ["setting", metric, "seconds", ""],
        rows: shown.map((at) => {
          const { options: tried, metrics, seconds } = trials[at]!;
          return [settingOf(tried), metrics[metric]?.toFixed(4), seconds.toFixed(1), metrics[metric] === value ? "best" : ""];
        }),
        gap,
      },
    ],
  };
}

function searchPanel({ metric, options, value, settings, trials }: SearchReport): Panel {
  const { shown, gap } = ends(trials.length, 40);
  const row = (at: number): PanelCell[] => {
    const { round, setting, options: tried, share, epochs, metrics, seconds, kept, failure } = trials[at]!;
    return [round, setting, settingOf(tried), percent(share), epochs, metrics[metric]?.toFixed(4), seconds.toFixed(1), failure === undefined ? (kept ? "kept" : "") : "broke off"];
  };
  return {
    title: `Searched on validation ${metric}`,
    facts: [`${plural(settings, "setting")} in ${plural(trials.at(-1)?.round ?? 0, "round")}`, `best ${value.toFixed(4)}: ${settingOf(options)}`],
    grids: [{ headers: ["round", "number", "setting", "of train", "epochs", metric, "seconds", ""], rows: shown.map(row), gap }],
  };
}

function planPanel({ name, tensors, peakBytes, limitBytes, epochs, steps, secondsAStep, secondsAnEpoch, minutes }: TrainingPlan): Panel {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
  const { total, ...parts } = tensors;
  return {
    title: `Plan of a training of ${name}`,
    facts: [`${minutes.toPrecision(3)} minutes at most`, `${gigabytes(peakBytes)} of ${gigabytes(limitBytes)}`],
    grids: [
      { headers: ["time", ""], rows: [["epochs, at most", epochs], ["steps an epoch", steps], ["seconds a step", Number(secondsAStep.toPrecision(3))], ["seconds an epoch, with validation", Number(secondsAnEpoch.toPrecision(3))]] },
      { headers: ["tensors of a step, by estimate", "MB"], rows: [...Object.entries(parts), ["all", total] as const].map(([part, bytes]) => [part, Number((bytes / 1e6).toPrecision(3))]) },
    ],
    notes: ["Measured on a short run of real steps; early stop may end it sooner."],
  };
}

/** A setting of a grid in words. */
function settingOf(options: Readonly<Record<string, unknown>>): string {
  return Object.keys(options).length === 0 ? "the defaults" : inWords(options);
}

/** The values of src/models. */
export const modelRenderers: readonly Renderer[] = [
  panelRenderer({ name: text, options: object, fit: method, score: method, recommend: method }, recommenderPanel),
  { matches: (value) => listOf(value, { item: text, score: number }), render: (value) => panelBundle(recommendationsPanel(value as Recommendation[])) },
  panelRenderer({ metric: text, options: object, value: number, settings: number, trials: list, rows: list }, searchPanel),
  panelRenderer({ metric: text, options: object, value: number, trials: list }, tunePanel),
  panelRenderer({ name: text, tensors: object, peakBytes: number, limitBytes: number, secondsAnEpoch: number, minutes: number }, planPanel),
  panelRenderer({ seconds: number, epochs: number, bestEpoch: number, history: list }, fitPanel),
];
