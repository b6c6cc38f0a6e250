/**
 * tfjs's tensors in a notebook: shape and type; the values where they are few, else their range. Reading a tensor
 * fetches it from the backend, so the very large ones are named only.
 */
import type { Renderer } from "./mime";
import { formatNumber, panelBundle, plural, type Panel, type PanelCell } from "./panel";
import { has, list, method, number, text } from "./shapes";

/** What is read of a tensor. */
interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly size: number;
  readonly isDisposed: boolean;
  dataSync(): ArrayLike<number | string>;
}

/** Tensors of more values are not fetched: 40 MB as float32. */
const mostFetched = 10_000_000;
/** A table of this many rows and columns is shown whole. */
const mostRows = 12;
const mostColumns = 12;
const firstValues = 6;

function tensorPanel(tensor: TensorLike): Panel {
  const { shape, dtype, size, isDisposed } = tensor;
  const facts = [`[${shape.join(", ")}]`, dtype];
  if (isDisposed) return { title: "Tensor", facts: [...facts, "disposed"] };
  if (size > mostFetched) return { title: "Tensor", facts: [...facts, plural(size, "value")], notes: ["Too large to be fetched for a look: slice it."] };
  const values = tensor.dataSync();
  const [rows, columns] = shape.length === 2 ? [shape[0]!, shape[1]!] : [1, size];
  if (shape.length <= 2 && rows <= mostRows && columns <= mostColumns) {
    const row = (r: number): PanelCell[] => Array.from({ length: columns }, (_, c) => cell(values[r * columns + c]!, dtype));
    const headers = Array.from({ length: columns }, (_, c) => (shape.length === 0 ? "value" : String(c)));
    return { title: "Tensor", facts, grids: size === 0 ? [] : [{ headers, rows: Array.from({ length: rows }, (_, r) => row(r)) }] };
  }
  const few = Math.min(firstValues, size);
  const first = Array.from({ length: few }, (_, at) => String(cell(values[at]!, dtype))).join(", ") + (few < size ? ", …" : "");
  if (dtype === "string") return { title: "Tensor", facts: [...facts, plural(size, "value")], grids: [{ headers: ["first values"], rows: [[first]] }] };
  const { lowest, mean, highest, notFinite } = rangeOf(values as ArrayLike<number>);
  return {
    title: "Tensor",
    facts: [...facts, plural(size, "value"), ...(notFinite === 0 ? [] : [`${formatNumber(notFinite)} not finite`])],
    grids: [{ headers: ["min", "mean", "max", "first values"], rows: [[shorten(lowest), shorten(mean), shorten(highest), first]] }],
  };
}

/** Five digits: what float32 holds for sure is seven. */
function shorten(value: number): number | string {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : String(value);
}

function cell(value: number | string, dtype: string): PanelCell {
  if (typeof value === "string") return value;
  return dtype === "bool" ? String(value !== 0) : shorten(value);
}

/** Over the finite values. */
function rangeOf(values: ArrayLike<number>): { lowest: number; mean: number; highest: number; notFinite: number } {
  let [lowest, sum, highest, notFinite] = [Infinity, 0, -Infinity, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(value)) {
      notFinite++;
      continue;
    }
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    sum += value;
  }
  const finite = values.length - notFinite;
  return finite === 0 ? { lowest: NaN, mean: NaN, highest: NaN, notFinite } : { lowest, mean: sum / finite, highest, notFinite };
}

/** Tensors and variables of tfjs. */
export const tensorRenderer: Renderer = {
  matches: (value) => has(value, { shape: list, dtype: text, size: number, dataSync: method, dataId: (one) => one !== undefined }),
  render: (value) => panelBundle(tensorPanel(value as TensorLike)),
};
