/** How values become output: `display()`, displays that can be updated, and the result of a cell. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { inspect, types } from "node:util";
import { root } from "./program";
import type { RunningCell } from "./running";
import { placesOf } from "./trace";

/** Representations of one value by MIME type. */
export type Bundle = Readonly<Record<string, unknown>>;

/** Publishes a message of a cell. */
export type Publish = (cell: RunningCell, type: string, content: object) => void;

/** What `display()` returns. */
export interface DisplayHandle {
  readonly id: string;
  /** Replaces what is shown, where it is shown. */
  update(value: unknown): void;
}

const displayMethod = Symbol.for("Jupyter.display");

/** Shows values in the cell that asks. */
export class Displays {
  readonly #publish: Publish;
  readonly #cell: () => RunningCell | undefined;

  constructor(publish: Publish, cell: () => RunningCell | undefined) {
    this.#publish = publish;
    this.#cell = cell;
  }

  /** @param id of a display to be updated later, also from other cells; default: a new one */
  show(value: unknown, id: string = randomUUID()): DisplayHandle {
    this.#send("display_data", value, id);
    return { id, update: (next) => this.#send("update_display_data", next, id) };
  }

  update(value: unknown, id: string): void {
    this.#send("update_display_data", value, id);
  }

  /** Shows representations as they are. */
  showBundle(data: Bundle): void {
    const cell = this.#cell();
    if (cell !== undefined) this.#publish(cell, "display_data", { data: checked(data), metadata: {}, transient: {} });
  }

  /** @param wait until the next output is there, so that nothing flickers */
  clear(wait: boolean): void {
    const cell = this.#cell();
    if (cell !== undefined) this.#publish(cell, "clear_output", { wait });
  }

  #send(type: string, value: unknown, id: string): void {
    const cell = this.#cell();
    if (cell === undefined) return;
    const transient = { display_id: id };
    const bundle = bundleOf(value);
    if (!(bundle instanceof Promise)) return this.#publish(cell, type, { data: bundle, metadata: {}, transient });
    // It holds its place until it is drawn.
    if (type === "display_data") this.#publish(cell, type, { data: { "text/plain": textOf(value) }, metadata: {}, transient });
    const drawn = bundle.then((data) => this.#publish(cell, "update_display_data", { data, metadata: {}, transient }));
    cell.pending.add(drawn);
    void drawn.finally(() => cell.pending.delete(drawn));
  }
}

/** What is shown of a value. A value whose own method fails is shown as text, with the reason. */
export function bundleOf(value: unknown): Bundle | Promise<Bundle> {
  try {
    const rich = richOf(value);
    if (rich instanceof Promise) return rich.then((data) => complete(data, value), (error: unknown) => fallback(value, error));
    return complete(rich, value);
  } catch (error) {
    return fallback(value, error);
  }
}

function richOf(value: unknown): Bundle | Promise<Bundle> | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const own = (value as Record<symbol, unknown>)[displayMethod];
  if (types.isNativeError(value) && (own === undefined || value instanceof compiled<ErrorClasses>("core", "errors").SessionLabError)) {
    return compiled<ErrorDisplay>("display", "errors").errorBundle(value, placesOf);
  }
  return typeof own === "function" ? (own.call(value) as Bundle | Promise<Bundle>) : compiled<Mime>("display", "mime").toBundle(value);
}

interface ErrorClasses {
  readonly SessionLabError: new () => Error;
}
interface ErrorDisplay {
  errorBundle(error: Error, placesOf: (error: Error) => readonly string[]): Bundle;
}
interface Mime {
  toBundle(value: unknown): Bundle | Promise<Bundle> | undefined;
}

/** A module of the compiled library. */
function compiled<T>(folder: string, module: string): T {
  return require(join(root, "dist", folder, `${module}.js`)) as T;
}

function complete(data: Bundle | undefined, value: unknown): Bundle {
  if (data === undefined) return { "text/plain": textOf(value) };
  return "text/plain" in data ? checked(data) : checked({ ...data, "text/plain": textOf(value) });
}

/** Bytes of images as base64, which Jupyter wants. */
function checked(data: Bundle): Bundle {
  if (typeof data !== "object" || data === null) throw new Error(`Expected representations by MIME type, found ${inspect(data)}; return an object such as { "text/html": "..." }`);
  return Object.fromEntries(Object.entries(data).map(([type, value]) => [type, value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value]));
}

function fallback(value: unknown, error: unknown): Bundle {
  process.stderr.write(`The value could not be shown: ${error instanceof Error ? error.message : String(error)}\n`);
  return { "text/plain": textOf(value) };
}

/** A value as text, as Node's own prompt prints it. */
export function textOf(value: unknown): string {
  try {
    return inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 100 });
  } catch (error) {
    return `[a value that cannot be printed: ${error instanceof Error ? error.message : String(error)}]`;
  }
}
