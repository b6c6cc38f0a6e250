/**
 * The process that draws: plotly.js in jsdom, without a browser. A program of its own because it holds 200 MB and takes
 * a second or two to start; static-figure.ts starts it, asks it and ends it. The same figure gives the same bytes.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { StaticCanvas } from "./static-canvas";
import { boxOf, pageBoxOf, type Box, type SvgElement } from "./static-geometry";
import type { DrawAnswer, DrawRequest } from "./static-figure";

/** The part of jsdom's window that is used; its types would bring the whole DOM into this project. */
interface Window {
  readonly Plotly: { toImage(figure: object, options: object): Promise<string> };
  readonly SVGElement: { readonly prototype: object };
  readonly HTMLCanvasElement: { readonly prototype: object };
  readonly Math: { random: () => number };
  readonly URL: object;
  eval(code: string): unknown;
}

interface Jsdom {
  readonly JSDOM: new (html: string, options: object) => { readonly window: Window };
  readonly VirtualConsole: new () => object;
}

/** A picture larger than this, in characters, is turned into pixels. */
const largestSvg = 150_000;
const zoom = 1.5;

let window: Window | undefined;

function load(): Window {
  const { JSDOM, VirtualConsole } = require("jsdom") as Jsdom;
  const made = new JSDOM("<!doctype html><body></body>", { runScripts: "outside-only", virtualConsole: new VirtualConsole() }).window;
  const rectangle = ({ left, top, right, bottom }: Box) => ({ x: left, y: top, left, top, right, bottom, width: right - left, height: bottom - top });
  Object.assign(made.SVGElement.prototype, {
    getBBox(this: SvgElement) {
      return rectangle(boxOf(this));
    },
    getBoundingClientRect(this: SvgElement) {
      return rectangle(pageBoxOf(this));
    },
    getComputedTextLength(this: SvgElement) {
      return rectangle(boxOf(this)).width;
    },
    getScreenCTM: () => identity,
    getTotalLength: () => 0,
    getPointAtLength: () => ({ x: 0, y: 0 }),
  });
  const canvases = new WeakMap<object, StaticCanvas>();
  const canvasOf = (element: { readonly width: number; readonly height: number }): StaticCanvas => {
    const known = canvases.get(element) ?? new StaticCanvas(() => element);
    canvases.set(element, known);
    return known;
  };
  Object.assign(made.HTMLCanvasElement.prototype, {
    getContext(this: { readonly width: number; readonly height: number }, kind: string) {
      return kind === "2d" ? canvasOf(this) : null;
    },
    toDataURL(this: { readonly width: number; readonly height: number }) {
      return canvasOf(this).toDataURL();
    },
  });
  Object.assign(made.URL, { createObjectURL: () => "" });
  made.eval(readFileSync(require.resolve("plotly.js/dist/plotly.min.js"), "utf8"));
  return made;
}

const identity = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0, inverse: () => identity };

/**
 * plotly names its clip paths by random numbers. Two pictures in one page must not share names, and one picture must
 * always have the same: the numbers follow from the figure.
 */
function seeded(text: string): () => number {
  let state = createHash("sha256").update(text).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function draw({ figure, width, height }: DrawRequest): Promise<DrawAnswer> {
  window ??= load();
  window.Math.random = seeded(JSON.stringify([figure, width, height]));
  const drawn = await window.Plotly.toImage({ ...figure, config: { staticPlot: true } }, { format: "svg", width, height, imageDataOnly: true });
  const svg = drawn.replace(/url\('(#[^']*)'\)/g, "url($1)"); // resvg and others know no quotes there: a colour bar would be black
  return svg.length <= largestSvg ? { svg } : { png: pixels(svg) };
}

/** The picture as PNG, base64; the fonts are those of the package, whatever the machine has. */
function pixels(svg: string): string {
  const { Resvg } = require("@resvg/resvg-js") as typeof import("@resvg/resvg-js");
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => require.resolve(`dejavu-fonts-ttf/ttf/${name}`));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" };
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value: zoom } }).render().asPng().toString("base64");
}

process.on("SIGINT", () => {}); // the parent's interrupt reaches the whole group, and is not meant here
process.on("disconnect", () => process.exit());
process.on("message", (request: DrawRequest) => {
  draw(request).then(
    (answer) => process.send!({ id: request.id, ...answer }),
    (error: unknown) => process.send!({ id: request.id, error: error instanceof Error ? error.message : String(error) }),
  );
});
