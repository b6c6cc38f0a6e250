/**
 * A plotly figure as a picture, for the places where no script runs: GitHub, nbviewer, print. Drawn by plotly itself in
 * a process beside this one (static-child.ts), which starts with the first figure, stays warm, and goes after five quiet minutes.
 */
import { fork, type ChildProcess } from "node:child_process";
import type { Figure } from "./figure";

/** What the child is asked. */
export interface DrawRequest {
  readonly id: number;
  readonly figure: { readonly data: readonly object[]; readonly layout: object };
  readonly width: number;
  readonly height: number;
}

/** What it answers: one of the three. */
export interface DrawAnswer {
  readonly svg?: string;
  /** base64 */
  readonly png?: string;
  readonly error?: string;
}

/** A picture, or why there is none. */
export type StaticImage = { readonly mime: "image/svg+xml" | "image/png"; readonly data: string } | { readonly missing: string };

const quietMinutes = 5;
const patienceSeconds = 60;

/** Kinds of traces that plotly draws with WebGL or from map tiles, which need a browser; some have a twin without. */
const twins: Readonly<Record<string, string>> = { scattergl: "scatter", heatmapgl: "heatmap", scatterpolargl: "scatterpolar" };
const browserOnly = /3d$|^(surface|isosurface|volume|cone|streamtube|splom|parcoords|pointcloud)$|^(scatter|density|choropleth)map(box)?$|geo$|^choropleth$/;

/** The process and those who wait for it. */
interface Artist {
  readonly child: ChildProcess;
  readonly waiting: Map<number, (answer: DrawAnswer) => void>;
  quiet?: NodeJS.Timeout;
}

let artist: Artist | undefined;
let requests = 0;

/**
 * Draws a figure.
 * @param figure plain JSON: no typed arrays
 * @returns SVG text; PNG as base64 where the SVG would be large; or why there is no picture
 */
export async function staticImage({ data, layout }: Figure): Promise<StaticImage> {
  const kinds = data.map(({ type }) => type ?? "scatter");
  const undrawn = kinds.find((kind) => browserOnly.test(kind) && twins[kind] === undefined);
  if (undrawn !== undefined) return { missing: `traces of type ${undrawn} are drawn by a browser only` };
  const { width = 700, height = 450, paper_bgcolor: paper, plot_bgcolor: plot, font } = layout;
  const answer = await ask({
    figure: {
      data: data.map((trace, at) => ({ ...trace, type: twins[kinds[at]!] ?? kinds[at]! })),
      // A picture lies on pages of any colour: it brings its own ground.
      layout: { ...layout, paper_bgcolor: opaque(paper), plot_bgcolor: opaque(plot), font: { family: "Helvetica, Arial, sans-serif", ...font } },
    },
    width,
    height,
  });
  if (answer.svg !== undefined) return { mime: "image/svg+xml", data: answer.svg };
  if (answer.png !== undefined) return { mime: "image/png", data: answer.png };
  return { missing: answer.error ?? "nothing was drawn" };
}

function opaque(colour: unknown): unknown {
  return colour === undefined || colour === "transparent" || (typeof colour === "string" && /^rgba\(.*,\s*0(\.0*)?\)$/.test(colour)) ? "#ffffff" : colour;
}

/** Ends the process that draws, if there is one: for programs that do not end by themselves. */
export function endDrawing(): void {
  if (artist === undefined) return;
  clearTimeout(artist.quiet);
  if (artist.child.connected) artist.child.disconnect();
  artist = undefined;
}

async function ask(request: Omit<DrawRequest, "id">): Promise<DrawAnswer> {
  const { child, waiting, quiet } = (artist ??= start());
  clearTimeout(quiet);
  const id = ++requests;
  hold(child, true);
  let patience: NodeJS.Timeout | undefined;
  const answer = await new Promise<DrawAnswer>((resolve) => {
    waiting.set(id, resolve);
    patience = setTimeout(() => {
      child.kill("SIGKILL"); // it goes on with the next figure in a new process
      resolve({ error: `the figure took longer than ${patienceSeconds} s to draw` });
    }, 1000 * patienceSeconds);
    child.send({ ...request, id }, (error) => (error === null ? undefined : resolve({ error: error.message })));
  });
  clearTimeout(patience);
  waiting.delete(id);
  if (waiting.size === 0) rest();
  return answer;
}

/** Nobody waits: the process may end, and the child is sent home after a while. */
function rest(): void {
  if (artist === undefined) return;
  hold(artist.child, false);
  artist.quiet = setTimeout(endDrawing, 60_000 * quietMinutes);
  artist.quiet.unref();
}

/** Whether this process stays alive for the child. */
function hold(child: ChildProcess, on: boolean): void {
  const channel = child.channel as { ref(): void; unref(): void } | null | undefined;
  if (on) {
    child.ref();
    channel?.ref();
  } else {
    child.unref();
    channel?.unref();
  }
}

function start(): Artist {
  const file = require.resolve("./static-child");
  // Run from sources, the child needs the same loader as its parent.
  const execArgv = file.endsWith(".ts") ? ["--require", require.resolve("tsx/cjs")] : [];
  const child = fork(file, [], { execArgv, stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const waiting: Artist["waiting"] = new Map();
  const made: Artist = { child, waiting };
  const gone = (why: string): void => {
    if (artist === made) artist = undefined;
    for (const answer of waiting.values()) answer({ error: why });
  };
  child.on("message", ({ id, ...answer }: DrawAnswer & { readonly id: number }) => waiting.get(id)?.(answer));
  child.on("error", (error) => gone(error.message));
  child.on("exit", (code, signal) => gone(`the process that draws ended (${signal ?? code})`));
  return made;
}
