/**
 * Logistic regression as scikit-learn defines it (LogisticRegression, penalty "l2"): the w, b that minimise
 *   1/2 |w|^2 + C sum_n -log p(y_n | x_n),   p = softmax(W x + b); with two classes, w and b of the second one alone,
 * the intercepts b without penalty. Convex: solved to convergence by L-BFGS (Liu and Nocedal, 1989) in 64 bits, from zero,
 * so there is no random number in it. Features may be standardised by the mean and sd of the training rows first.
 * Symbols: N rows, F features, K classes.
 */
import { ConfigError, NumericError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";

/** A dense matrix on the host. */
export interface HostMatrix {
  readonly shape: readonly [number, number];
  readonly data: Float32Array;
}

/** Options of `logisticRegression`; C and tolerance as scikit-learn has them. */
export const logisticDefaults = {
  /** The inverse of the penalty's strength. */
  C: 1,
  /** Whether features get mean 0 and sd 1 over the training rows; a constant one is only centred. */
  standardise: false,
  /** It has converged when no entry of the mean loss's gradient is larger. */
  tolerance: 1e-6,
  /** It is an error to need more. */
  iterations: 5000,
};

/** Options of `logisticRegression`. */
export type LogisticOptions = typeof logisticDefaults;

/** A fitted regression. */
export interface LogisticRegression {
  /** [classes, F], of the features as they were given to the solver. */
  readonly weights: Float64Array;
  /** [classes] */
  readonly intercepts: Float64Array;
  readonly iterations: number;
  /** The largest entry of the gradient where it stopped. */
  readonly gradient: number;
  /** The most probable class of each row. @param rows default all */
  predict(features: HostMatrix, rows?: ArrayLike<number>): Int32Array;
}

/**
 * Fits the regression.
 * @param features [N, F]
 * @param labels [N] in [0, classes); read at `rows` only
 * @param rows the training rows
 * @throws ConfigError for a label out of range or fewer than two classes; NumericError when it has not converged
 * @example
 * import { logisticRegression } from "sessionlab";
 * const features = { shape: [4, 1] as const, data: Float32Array.of(-2, -1, 1, 2) };
 * const model = logisticRegression(features, Int32Array.of(0, 0, 1, 1), [0, 1, 2, 3]);
 * assert.deepEqual(Array.from(model.predict(features)), [0, 0, 1, 1]);
 */
export function logisticRegression(features: HostMatrix, labels: Int32Array, rows: ArrayLike<number>, given: Partial<LogisticOptions> = {}): LogisticRegression {
  const options = resolveOptions("logisticRegression", logisticDefaults, given, { C: rules.positive, tolerance: rules.positive, iterations: rules.positiveInteger });
  const [, width] = features.shape;
  const own = Int32Array.from(rows);
  const classes = own.reduce((most, row) => Math.max(most, labels[row]! + 1), 0);
  if (classes < 2) throw new ConfigError(`Expected training rows of two classes or more, found ${classes}`);
  const bad = own.find((row) => !(labels[row]! >= 0) || row >= features.shape[0]);
  if (bad !== undefined) throw new ConfigError(`Expected a label of 0 or more and features for each training row, found ${labels[bad]} at row ${bad}`);
  const scaling = options.standardise ? scalingOf(features, own) : undefined;
  const cells = own.length === 0 ? [] : Array.from(own, (row) => cellsOf(features, row, scaling));
  const { x, iterations, gradient } = minimise(objective(cells, Int32Array.from(own, (row) => labels[row]!), width, classes, options.C), classes * (width + 1), options);
  const weights = x.slice(0, classes * width);
  const intercepts = x.slice(classes * width);
  return {
    weights,
    intercepts,
    iterations,
    gradient,
    predict(other, at = Int32Array.from({ length: other.shape[0] }, (_, i) => i)) {
      const logits = new Float64Array(classes);
      return Int32Array.from(at, (row) => {
        scoreRow(cellsOf(other, row, scaling), weights, intercepts, width, logits);
        return logits.indexOf(Math.max(...logits));
      });
    },
  };
}

/** The entries of a row that are not 0. */
interface Cells {
  readonly index: Int32Array;
  readonly value: Float64Array;
}

interface Scaling {
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

function cellsOf({ shape: [, width], data }: HostMatrix, row: number, scaling: Scaling | undefined): Cells {
  const index: number[] = [];
  const value: number[] = [];
  for (let f = 0; f < width; f++) {
    const raw = data[row * width + f]!;
    const one = scaling === undefined ? raw : (raw - scaling.mean[f]!) / scaling.scale[f]!;
    if (one === 0) continue;
    index.push(f);
    value.push(one);
  }
  return { index: Int32Array.from(index), value: Float64Array.from(value) };
}

/** As StandardScaler: the sd over N, and 1 for a constant feature. */
function scalingOf({ shape: [, width], data }: HostMatrix, rows: Int32Array): Scaling {
  const [mean, scale] = [new Float64Array(width), new Float64Array(width)];
  for (const row of rows) for (let f = 0; f < width; f++) mean[f]! += data[row * width + f]! / rows.length;
  for (const row of rows) for (let f = 0; f < width; f++) scale[f]! += (data[row * width + f]! - mean[f]!) ** 2 / rows.length;
  return { mean, scale: scale.map((variance) => (variance < 1e-15 ? 1 : Math.sqrt(variance))) };
}

function scoreRow({ index, value }: Cells, weights: Float64Array, intercepts: ArrayLike<number>, width: number, logits: Float64Array): void {
  for (let k = 0; k < logits.length; k++) {
    let sum = intercepts[k]!;
    for (let c = 0; c < index.length; c++) sum += weights[k * width + index[c]!]! * value[c]!;
    logits[k] = sum;
  }
}

type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** The mean form, |w|^2 / (2 C N) + mean loss. With two classes the first one's weights stay 0. */
function objective(rows: readonly Cells[], labels: Int32Array, width: number, classes: number, C: number): Objective {
  const logits = new Float64Array(classes);
  const first = classes === 2 ? 1 : 0;
  const strength = 1 / (C * rows.length);
  return (x, gradient) => {
    gradient.fill(0);
    let loss = 0;
    const intercepts = x.subarray(classes * width);
    rows.forEach((cells, n) => {
      scoreRow(cells, x, intercepts, width, logits);
      const most = Math.max(...logits);
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
      const label = labels[n]!;
      loss += (most + Math.log(total) - logits[label]!) / rows.length;
      for (let k = first; k < classes; k++) {
        const pull = (Math.exp(logits[k]! - most) / total - (k === label ? 1 : 0)) / rows.length;
        gradient[classes * width + k]! += pull;
        for (let c = 0; c < cells.index.length; c++) gradient[k * width + cells.index[c]!]! += pull * cells.value[c]!;
      }
    });
    for (let i = first * width; i < classes * width; i++) {
      loss += (strength / 2) * x[i]! * x[i]!;
      gradient[i]! += strength * x[i]!;
    }
    return loss;
  };
}

const memory = 10;

/** L-BFGS with a line search by halves (Armijo); a step whose curvature is not positive is not remembered. */
function minimise(evaluate: Objective, size: number, { tolerance, iterations }: LogisticOptions): { readonly x: Float64Array; readonly iterations: number; readonly gradient: number } {
  let x = new Float64Array(size);
  let gradient = new Float64Array(size);
  let loss = evaluate(x, gradient);
  const steps: { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number }[] = [];
  for (let iteration = 0; ; iteration++) {
    const largest = gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    if (largest <= tolerance) return { x, iterations: iteration, gradient: largest };
    if (iteration === iterations) throw new NumericError(`Expected logistic regression to converge, found a gradient of ${largest} after ${iterations} iterations; standardise the features or lower C`, {});
    const direction = descent(gradient, steps);
    const slope = dot(direction, gradient);
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let next = { x, gradient, loss };
    for (let halvings = 0; ; halvings++, length /= 2) {
      const candidate = Float64Array.from(x, (value, i) => value + length * direction[i]!);
      const g = new Float64Array(size);
      next = { x: candidate, gradient: g, loss: evaluate(candidate, g) };
      if (next.loss <= loss + 1e-4 * length * slope) break;
      // At the edge of 64 bits the loss no longer falls: this is as converged as it gets.
      if (halvings === 40) return { x, iterations: iteration, gradient: largest };
    }
    const s = Float64Array.from(next.x, (value, i) => value - x[i]!);
    const y = Float64Array.from(next.gradient, (value, i) => value - gradient[i]!);
    const curvature = dot(s, y);
    if (curvature > 1e-14 * dot(y, y)) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > memory) steps.shift();
    ({ x, gradient, loss } = next);
  }
}

/** -H g by the two loops of L-BFGS. */
function descent(gradient: Float64Array, steps: readonly { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number }[]): Float64Array {
  const q = gradient.map((g) => -g);
  const shares = steps.map(() => 0);
  for (let i = steps.length - 1; i >= 0; i--) {
    const { s, y, rho } = steps[i]!;
    shares[i] = rho * dot(s, q);
    for (let j = 0; j < q.length; j++) q[j]! -= shares[i]! * y[j]!;
  }
  const last = steps.at(-1);
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let j = 0; j < q.length; j++) q[j]! *= scale;
  }
  steps.forEach(({ s, y, rho }, i) => {
    const share = shares[i]! - rho * dot(y, q);
    for (let j = 0; j < q.length; j++) q[j]! += share * s[j]!;
  });
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
