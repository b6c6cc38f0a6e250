/** What something weighs that lies some steps back: the shapes that session-rec's neighbourhood and rule models share. */

/** The names of the shapes. */
export const shapes = ["same", "linear", "div", "log", "quadratic"] as const;
export type Shape = (typeof shapes)[number];

/** By steps back, from 1; never below 0. */
export const stepWeight: Readonly<Record<Shape, (step: number) => number>> = {
  same: () => 1,
  linear: (step) => Math.max(0, 1 - 0.1 * step),
  div: (step) => 1 / step,
  log: (step) => 1 / Math.log10(step + 1.7),
  quadratic: (step) => 1 / step ** 2,
};
