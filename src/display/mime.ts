/**
 * What a notebook shows of a value: a bundle of representations by MIME type, of which each front end takes the best
 * that it knows. A value with a method under `Symbol.for("Jupyter.display")` (the protocol of Deno's kernel) says so
 * itself; for the library's own plain values, and for frames, tensors, graphs and figures, the renderers do.
 */

import { dataRenderers } from "./data-values";
import { errorRenderer } from "./errors";
import { figureRenderer } from "./figure-bundle";
import { frameRenderer, groupsRenderer } from "./frames";
import { graphRenderer } from "./graphs";
import { kgRenderers } from "./kg-values";
import { leakageRenderers } from "./leakage-values";
import { machineRenderers } from "./machine-values";
import { modelRenderers } from "./model-values";
import { explorerRenderer } from "./persona-explorer";
import { responseRenderers } from "./response-values";
import { resultRenderers } from "./result-values";
import { textRenderers } from "./text-values";
import { tensorRenderer } from "./tensors";

/** Representations of one value by MIME type: text as strings, JSON types as values, images as SVG text or base64. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** The key of the method by which a value shows itself. */
export const displayMethod = Symbol.for("Jupyter.display");

/** Knows how to show some values. `render` is asynchronous where a picture has to be drawn. */
export interface Renderer {
  matches(value: object): boolean;
  render(value: object): MimeBundle | Promise<MimeBundle>;
}

/** In the order that they are asked: what belongs to one library alone comes first. */
const renderers: readonly Renderer[] = [errorRenderer, frameRenderer, groupsRenderer, tensorRenderer, graphRenderer, figureRenderer, ...resultRenderers, ...leakageRenderers, ...kgRenderers, explorerRenderer, ...responseRenderers, ...modelRenderers, ...machineRenderers, ...textRenderers, ...dataRenderers];

/**
 * The bundle of a value; await it: figures and graphs are drawn in another process.
 * @returns undefined where there is nothing richer to show than text
 * @throws what a value's own method throws
 * @example
 * import { toBundle } from "sessionlab";
 * const shown = { [Symbol.for("Jupyter.display")]: () => ({ "text/markdown": "**x**" }) };
 * assert.deepEqual(await toBundle(shown), { "text/markdown": "**x**" });
 * assert.equal(toBundle(1), undefined);
 */
export function toBundle(value: unknown): MimeBundle | Promise<MimeBundle> | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const own = (value as Record<symbol, unknown>)[displayMethod];
  return typeof own === "function" ? (own.call(value) as MimeBundle | Promise<MimeBundle>) : rendered(value);
}

/** Renderers of values that belong to folders after this one. */
const later: Renderer[] = [];

/** Adds renderers; called where the library is put together. */
export function addRenderers(...added: readonly Renderer[]): void {
  later.push(...added);
}

function rendered(value: object): MimeBundle | Promise<MimeBundle> | undefined {
  return [...later, ...renderers].find((renderer) => renderer.matches(value))?.render(value);
}

/**
 * Gives the objects of some classes the method by which every kernel of that protocol shows them, Deno's too. Called
 * where the library is put together, so that the classes themselves know nothing of display.
 */
export function giveDisplay(classes: readonly { readonly prototype: object }[]): void {
  for (const { prototype } of classes) {
    Object.defineProperty(prototype, displayMethod, {
      configurable: true,
      writable: true,
      value(this: object) {
        return rendered(this) ?? {};
      },
    });
  }
}
