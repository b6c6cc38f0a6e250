/**
 * A plotly figure in a notebook: the figure itself for front ends that have plotly, a picture for those that have not
 * (GitHub, nbviewer, nbconvert), and a line of text. No text/html: nbconvert would prefer it to the picture.
 */
import { types } from "node:util";
import type { Figure } from "./figure";
import type { MimeBundle, Renderer } from "./mime";
import { clip, plural } from "./panel";
import { has, list, object } from "./shapes";
import { staticImage } from "./static-figure";

/** The MIME type that JupyterLab (with PyPI's plotly) and VS Code draw. */
export const plotlyMime = "application/vnd.plotly.v1+json";

/** A figure of more numbers is shown as a picture alone: a notebook keeps what it shows. */
const mostNumbers = 200_000;
/** One of more is not drawn at all. */
const mostDrawn = 5_000_000;

/**
 * The bundle of a figure.
 * @param words what the picture shows, for those who do not see it; by default its title and traces
 */
export async function figureBundle(figure: Figure, words: string = describeFigure(figure)): Promise<MimeBundle> {
  const numbers = countNumbers(figure.data);
  if (numbers > mostDrawn) return { "text/plain": `${words}\nNot drawn: ${plural(numbers, "number")}. Count or sample them first, as histogramFigure does.` };
  const plain = plainFigure(figure);
  const image = await staticImage(plain);
  const text = "missing" in image ? `${words}\nNo picture: ${image.missing}.` : words;
  return {
    ...(numbers > mostNumbers ? {} : { [plotlyMime]: plain }),
    ...("missing" in image ? {} : { [image.mime]: image.data }),
    "text/plain": text,
  };
}

/** "Loss by epoch (2 traces: scatter)". */
function describeFigure({ data, layout }: Figure): string {
  const given: unknown = layout.title;
  const title = typeof given === "string" ? given : has(given, { text: (one) => typeof one === "string" }) ? (given as { text: string }).text : "Figure";
  const kinds = [...new Set(data.map(({ type }) => type ?? "scatter"))];
  return `${clip(title.replace(/<[^>]*>/g, ""), 200)} (${plural(data.length, "trace")}: ${kinds.slice(0, 5).join(", ")})`;
}

/** Numbers and texts in arrays, at any depth. */
function countNumbers(value: unknown, depth = 0): number {
  if (types.isTypedArray(value)) return value.length;
  if (Array.isArray(value)) {
    const nested = value.length > 0 && typeof value[0] === "object" && value[0] !== null;
    return nested ? value.reduce((sum: number, one) => sum + countNumbers(one, depth + 1), 0) : value.length;
  }
  return typeof value === "object" && value !== null && depth < 6 ? Object.values(value).reduce((sum: number, one) => sum + countNumbers(one, depth + 1), 0) : 0;
}

/** The figure as JSON keeps it: typed arrays as arrays, numbers that are none as null. */
function plainFigure({ data, layout, config }: Figure & { readonly config?: unknown }): Figure {
  const text = JSON.stringify({ data, layout, config }, (_, value: unknown) => (types.isTypedArray(value) ? Array.from(value as Float64Array) : typeof value === "bigint" ? Number(value) : value));
  return JSON.parse(text) as Figure;
}

/** Anything with traces and a layout. */
export const figureRenderer: Renderer = {
  matches: (value) => has(value, { data: list, layout: object }) && (value as Figure).data.every((trace) => typeof trace === "object" && trace !== null),
  render: (value) => figureBundle(value as Figure),
};
