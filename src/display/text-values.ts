/** Tables of text vectors in a notebook and on a terminal: the recipe card. */
import type { RecipeCard, TextVectors } from "../text/item-vectors";
import type { Renderer } from "./mime";
import { clip, panelRenderer, percent, plural, type Panel } from "./panel";
import { has, list, number, object, text } from "./shapes";

/** What the card says, line by line: what, and how. */
function linesOf(card: RecipeCard): [what: string, how: string][] {
  const { encoder, revision, recipe, template, normalisation, control, seed, coverage, empty, missing, sha256 } = card;
  return [
    ["encoder", `${encoder}, ${revision}`],
    ...Object.entries(recipe).map(([what, value]): [string, string] => [what, String(value)]),
    ["template", ["own", "none"].includes(template.name) ? template.text : `${template.name}: ${template.text}`],
    ["coverage", Object.entries(coverage).map(([field, share]) => `${field} ${percent(share)}`).join(", ")],
    ["empty", empty === 0 ? "none" : `${plural(empty, "item")} with ${missing === "zero" ? "zeros" : "the training items' mean"}`],
    ["normalisation", normalisation],
    ["control", seed === undefined ? control : `${control}, seed "${seed}"`],
    ["sha256", sha256],
  ];
}

function headOf({ rows, trained, dimension }: RecipeCard): string[] {
  return [`${plural(rows, "item")}, ${plural(trained, "item")} of training`, plural(dimension, "dimension")];
}

/** The card as lines of a terminal. */
export function renderCard(card: RecipeCard): string[] {
  return [headOf(card).join(", "), ...linesOf(card).map(([what, how]) => `  ${what.padEnd(13)} ${how}`)];
}

function vectorsPanel({ card }: TextVectors): Panel {
  return { title: "Text vectors", facts: headOf(card), grids: [{ headers: ["", "how they were made"], rows: linesOf(card).map(([what, how]) => [what, clip(how)]) }] };
}

const card = (value: unknown): boolean => has(value, { encoder: text, revision: text, recipe: object, template: object, normalisation: text, control: text, coverage: object, rows: number, trained: number, dimension: number, sha256: text });

/** What `itemVectors` and `readVectors` return. */
export const textRenderers: readonly Renderer[] = [
  panelRenderer({ data: (value) => value instanceof Float32Array, shape: list, card }, vectorsPanel),
];
