/**
 * What cells have without an import: the library and its companions, loaded when first touched, displays, the user's
 * answers, comms, and the signal that an interrupt fires. Their types are in types/.
 */
import { createRequire, syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import timers from "node:timers/promises";
import type { Comms } from "./comm";
import type { Displays } from "./display";
import type { Input } from "./input";
import { root } from "./program";
import type { Runner } from "./running";

const fromRoot = createRequire(join(root, "package.json"));

/** A getter that a cell may replace by a value of its own. */
function lazy(name: string, get: () => unknown): void {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    enumerable: true,
    get,
    set: (value: unknown) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true }),
  });
}

interface Library {
  readonly tf: unknown;
  initBackend(): Promise<unknown>;
  notebookProgress(display: unknown): { end(): void };
}
const library = (): Library => fromRoot("sessionlab") as Library;

export function installGlobals(runner: Runner, displays: Displays, comms: Comms, input: Input): void {
  lazy("lab", library);
  lazy("tf", () => library().tf);
  lazy("dfd", () => fromRoot("danfojs-node") as unknown);
  lazy("signal", () => runner.cell?.signal);
  const display = Object.assign((value: unknown, options: { readonly id?: string } = {}) => displays.show(value, options.id), {
    update: (value: unknown, id: string) => displays.update(value, id),
    html: (text: string) => displays.showBundle({ "text/html": text }),
    markdown: (text: string) => displays.showBundle({ "text/markdown": text }),
    latex: (text: string) => displays.showBundle({ "text/latex": text }),
    svg: (text: string) => displays.showBundle({ "image/svg+xml": text }),
    image: (bytes: Uint8Array, type = "image/png") => displays.showBundle({ [type]: bytes }),
    json: (value: unknown) => displays.showBundle({ "application/json": value }),
    bundle: (bundle: Readonly<Record<string, unknown>>) => displays.showBundle(bundle),
    clear: ({ wait = false }: { readonly wait?: boolean } = {}) => displays.clear(wait),
  });
  const plot = (data: readonly object[] | object, layout: object = {}, config: object = {}) => ({ data: Array.isArray(data) ? (data as readonly object[]) : [data], layout, config });
  const prompt = (question = "", options: { readonly password?: boolean } = {}) => input.prompt(question, options);
  const places = { __dirname: process.cwd(), __filename: join(process.cwd(), "notebook.ts") };
  for (const [name, value] of Object.entries({ display, plot, prompt, comms, ...places })) lazy(name, () => value);
  lazy("progress", () => runner.cell && (runner.cell.progress ??= library().notebookProgress(display)));
  interruptTimers(runner);
}

/**
 * The promises of node:timers/promises, by which trainings let other work in, fail when their cell is interrupted, as if
 * they had been given its signal. Whoever gives a signal keeps it.
 */
function interruptTimers(runner: Runner): void {
  const { setTimeout: later, setImmediate: soon } = timers;
  type Options = { readonly signal?: AbortSignal; readonly ref?: boolean } | undefined;
  const withSignal = (options: Options) => ({ ...options, signal: options?.signal ?? runner.cell?.signal });
  Object.assign(timers, {
    setTimeout: (delay?: number, value?: unknown, options?: Options) => later(delay, value, withSignal(options)),
    setImmediate: (value?: unknown, options?: Options) => soon(value, withSignal(options)),
  });
  syncBuiltinESMExports();
}

/** Tensors run on the best backend from the first cell that names tfjs or danfo. */
export async function startBackend(source: string): Promise<void> {
  if (/\b(tf|dfd)\b/.test(source)) await library().initBackend();
}
