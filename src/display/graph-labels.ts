/** Where the labels of a network go: beside their node on the side where they cover the least of what is there already. */
import { textWidth } from "./static-geometry";

/** A node with its label, anywhere on the plane. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

/** plotly's names of the sides, in the order that they are tried. */
export type LabelSide = "top center" | "bottom center" | "middle right" | "middle left";

type Rectangle = readonly [left: number, top: number, right: number, bottom: number];

const fontSize = 12;
/** Beside what the points are spread over there is so much room for labels, in pixels. */
const margin = 50;
/** From the middle of a node to its label. */
const gap = 10;

/** The rectangle of a label on one side of a point, in pixels. */
function rectangle(x: number, y: number, width: number, side: LabelSide): Rectangle {
  const half = fontSize / 2;
  if (side === "top center") return [x - width / 2, y - gap - fontSize, x + width / 2, y - gap];
  if (side === "bottom center") return [x - width / 2, y + gap, x + width / 2, y + gap + fontSize];
  return side === "middle right" ? [x + gap, y - half, x + gap + width, y + half] : [x - gap - width, y - half, x - gap, y + half];
}

function overlap([a, b, c, d]: Rectangle, [e, f, g, h]: Rectangle): number {
  return Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, h) - Math.max(b, f));
}

/**
 * A side for each label, node by node in the order given; of sides that cover as much, the first.
 * @param width of the picture in pixels, over which the points are spread
 * @param edges pairs of points: where a line, or its arrow, meets a node, no label should be
 */
export function labelSides(points: readonly Labelled[], width: number, height: number, edges: readonly (readonly [from: Labelled, to: Labelled])[] = []): LabelSide[] {
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const scale = (values: readonly number[], size: number) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value: number): number => (high === low ? 0.5 : (value - low) / (high - low)) * size;
  };
  const [toX, toY] = [scale(xs, width), scale(ys, height)];
  const nodes = points.map(({ x, y }): Rectangle => [toX(x) - 8, height - toY(y) - 8, toX(x) + 8, height - toY(y) + 8]);
  const ends = edges.flatMap(([from, to]) => [[from, to], [to, from]] as const).map(([near, far]): Rectangle => {
    const [x, y, dx, dy] = [toX(near.x), height - toY(near.y), toX(far.x) - toX(near.x), toY(near.y) - toY(far.y)];
    const share = (gap + fontSize / 2) / Math.max(Math.hypot(dx, dy), 1);
    return [x + share * dx - 5, y + share * dy - 5, x + share * dx + 5, y + share * dy + 5];
  });
  const taken: Rectangle[] = [...nodes, ...ends];
  return points.map(({ x, y, label }, at) => {
    let best: { readonly side: LabelSide; readonly place: Rectangle; readonly covered: number } | undefined;
    for (const side of ["top center", "bottom center", "middle right", "middle left"] as const) {
      const place = rectangle(toX(x), height - toY(y), textWidth(label, fontSize), side);
      // What hangs over the margin is as bad as what is covered.
      const outside = Math.max(0, -place[0] - margin) + Math.max(0, place[2] - width - margin);
      const covered = taken.reduce((sum, other) => (other === nodes[at] ? sum : sum + overlap(place, other)), outside * fontSize);
      if (best === undefined || covered < best.covered) best = { side, place, covered };
    }
    taken.push(best!.place);
    return best!.side;
  });
}
