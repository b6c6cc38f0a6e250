/**
 * What a notebook shows of a value: a bundle of representations by MIME type, of which each front end takes the best
 * that it knows. A value with a method under `Symbol.for("Jupyter.display")` (the protocol of Deno's kernel) says so
 * itself; for the library's own plain values, and for frames, tensors, graphs and figures, the renderers do.
 */

/** Representations of one value by MIME type: text as strings, JSON types as values, images as SVG text or base64. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** The key of the method by which a value shows itself. */
export const displayMethod = Symbol.for("Jupyter.display");

/** Knows how to show some values. `render` is asynchronous where a picture has to be drawn. */
export interface Renderer {
  matches(value: object): boolean;
  render(value: object): MimeBundle | Promise<MimeBundle>;
}

/** In the order that they are asked. */
const renderers: readonly Renderer[] = [];

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
  if (typeof own === "function") return own.call(value) as MimeBundle | Promise<MimeBundle>;
  return renderers.find((renderer) => renderer.matches(value))?.render(value);
}
