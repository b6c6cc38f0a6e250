/**
 * How large SVG text would be if a browser laid it out: what plotly asks for and jsdom cannot know. Widths are those
 * of Helvetica (Arial and Liberation Sans have the same) and some room; a group is the union of its texts and rectangles.
 */

/** The part of an SVG element of jsdom that is read here. */
export interface SvgElement {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly children: Iterable<SvgElement>;
  readonly parentElement: SvgElement | null;
  readonly style?: { readonly fontSize: string; readonly fontWeight: string; readonly display: string };
  getAttribute(name: string): string | null;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** x' = a x + c y + e, y' = b x + d y + f. */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Thousandths of the font size, from the space to the tilde: Helvetica's metrics. */
const widths = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
  1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
  333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/** Readers without Helvetica have wider letters (Verdana, DejaVu Sans): room for those too. */
const spare = 1.14;

/** Parts of the font size: over and under the base line, and from line to line as plotly sets them. */
const ascent = 0.91;
const descent = 0.22;
const leading = 1.3;

/** The width of one line of text in pixels. */
export function textWidth(text: string, size: number, bold = false): number {
  let sum = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0)!;
    sum += widths[code - 32] ?? (code > 0x2e80 ? 1000 : 556);
  }
  return (sum / 1000) * size * spare * (bold ? 1.07 : 1);
}

/** The box of an element in its own coordinates: SVG's getBBox. */
export function boxOf(element: SvgElement): Box {
  return measure(element) ?? { left: 0, top: 0, right: 0, bottom: 0 };
}

/** The box of an element on the page: getBoundingClientRect. */
export function pageBoxOf(element: SvgElement): Box {
  let box = boxOf(element);
  for (let one: SvgElement | null = element; one !== null && one.tagName !== "svg"; one = one.parentElement) box = moved(box, one);
  return box;
}

function measure(element: SvgElement): Box | undefined {
  switch (element.tagName) {
    case "text":
      return textBox(element);
    case "rect":
    case "svg": {
      const [x, y] = [length(element, "x"), length(element, "y")];
      return { left: x, top: y, right: x + length(element, "width"), bottom: y + length(element, "height") };
    }
    case "g":
    case "a": {
      let union: Box | undefined;
      for (const child of element.children) {
        const inside = child.style?.display === "none" ? undefined : measure(child);
        if (inside === undefined) continue;
        const { left, top, right, bottom } = moved(inside, child);
        union = union === undefined
          ? { left, top, right, bottom }
          : { left: Math.min(union.left, left), top: Math.min(union.top, top), right: Math.max(union.right, right), bottom: Math.max(union.bottom, bottom) };
      }
      return union;
    }
    default:
      return undefined; // marks do not move the layout
  }
}

function textBox(element: SvgElement): Box | undefined {
  const size = fontSize(element);
  const lines = [...element.children].filter((child) => child.getAttribute("class")?.split(" ").includes("line") === true).map((line) => line.textContent ?? "");
  if (lines.length === 0) lines.push(element.textContent ?? "");
  const bold = /bold|[6-9]00/.test(inherited(element, (one) => one.style?.fontWeight) ?? "");
  const width = Math.max(...lines.map((line) => textWidth(line, size, bold)));
  if (width === 0) return undefined;
  const [x, y] = [length(element, "x"), length(element, "y")];
  const anchor = inherited(element, (one) => one.getAttribute("text-anchor") ?? undefined);
  const left = x - (anchor === "end" ? width : anchor === "middle" ? width / 2 : 0);
  return { left, top: y - ascent * size, right: left + width, bottom: y + (descent + leading * (lines.length - 1)) * size };
}

function fontSize(element: SvgElement): number {
  const found = Number.parseFloat(inherited(element, (one) => one.style?.fontSize) ?? "");
  return Number.isFinite(found) ? found : 12;
}

function inherited(element: SvgElement, read: (one: SvgElement) => string | undefined): string | undefined {
  for (let one: SvgElement | null = element; one !== null; one = one.parentElement) {
    const found = read(one);
    if (found !== undefined && found !== "") return found;
  }
  return undefined;
}

function length(element: SvgElement, name: string): number {
  const value = Number.parseFloat(element.getAttribute(name) ?? "");
  return Number.isFinite(value) ? value : 0;
}

/** A box after the element's own transform: the box around its four corners. */
function moved(box: Box, element: SvgElement): Box {
  const transform = element.getAttribute("transform");
  if (transform === null || transform === "") return box;
  const [a, b, c, d, e, f] = matrixOf(transform);
  const corners = [[box.left, box.top], [box.right, box.top], [box.left, box.bottom], [box.right, box.bottom]] as const;
  const xs = corners.map(([x, y]) => a * x + c * y + e);
  const ys = corners.map(([x, y]) => b * x + d * y + f);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function matrixOf(transform: string): Matrix {
  let matrix: Matrix = [1, 0, 0, 1, 0, 0];
  for (const [, name, given] of transform.matchAll(/(\w+)\s*\(([^)]*)\)/g)) {
    const numbers = given!.split(/[\s,]+/).filter((part) => part !== "").map(Number);
    matrix = times(matrix, step(name!, numbers));
  }
  return matrix;
}

function step(name: string, [p = 0, q, r, ...rest]: readonly number[]): Matrix {
  if (name === "translate") return [1, 0, 0, 1, p, q ?? 0];
  if (name === "scale") return [p, 0, 0, q ?? p, 0, 0];
  if (name === "matrix") return [p, q ?? 0, r ?? 0, rest[0] ?? 1, rest[1] ?? 0, rest[2] ?? 0];
  if (name !== "rotate") return [1, 0, 0, 1, 0, 0];
  const [sin, cos] = [Math.sin((p * Math.PI) / 180), Math.cos((p * Math.PI) / 180)];
  const [x, y] = [q ?? 0, r ?? 0];
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

function times([a, b, c, d, e, f]: Matrix, [g, h, i, j, k, l]: Matrix): Matrix {
  return [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];
}
