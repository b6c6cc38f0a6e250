/**
 * A choice among candidates, or of none: McFadden (1974), the conditional logit, with an outside option.
 *   P(c) = exp(w.x_c) / (1 + sum_k exp(w.x_k)); P(none) = 1 / (1 + sum_k exp(w.x_k))
 * Weights maximise the likelihood of the right choices with an L2 penalty from a prior, by Newton's method: the problem is concave.
 * The probability is the link's confidence.
 */

/** One title: the numbers of its candidates, and which is right. */
export interface Choice {
  /** [C] of [F] */
  readonly candidates: readonly Float64Array[];
  /** Position of the right one, or -1. */
  readonly right: number;
}

/** The chance of each candidate; what is missing from 1 is the chance of none. @returns [C] */
export function chances(candidates: readonly Float64Array[], weights: Float64Array): Float64Array {
  const scores = candidates.map((x) => {
    let score = 0;
    for (let f = 0; f < x.length; f++) score += x[f]! * weights[f]!;
    return score;
  });
  const top = Math.max(0, ...scores);
  const total = Math.exp(-top) + scores.reduce((sum, score) => sum + Math.exp(score - top), 0);
  return Float64Array.from(scores, (score) => Math.exp(score - top) / total);
}

/**
 * The weights of the greatest likelihood; the same choices give the same bits.
 * @param prior [F] where weights stay that the choices teach nothing about
 * @param penalty of the squared distance from there, in choices
 */
export function fitWeights(choices: readonly Choice[], prior: Float64Array, penalty = 1): Float64Array {
  const width = prior.length;
  const weights = Float64Array.from(prior);
  const sparse = choices.map(({ candidates, right }) => ({ candidates, right, places: candidates.map((x) => Array.from(x.keys()).filter((f) => x[f] !== 0)) }));
  for (let iteration = 0; iteration < 50; iteration++) {
    const gradient = weights.map((weight, f) => penalty * (prior[f]! - weight));
    const curvature = Array.from({ length: width }, (_, f) => Float64Array.from({ length: width }, (__, g) => (f === g ? penalty : 0)));
    for (const { candidates, right, places } of sparse) {
      const chance = chances(candidates, weights);
      const mean = new Float64Array(width);
      for (const [c, x] of candidates.entries()) {
        const p = chance[c]!;
        for (const f of places[c]!) {
          gradient[f]! += ((c === right ? 1 : 0) - p) * x[f]!;
          mean[f]! += p * x[f]!;
          for (const g of places[c]!) curvature[f]![g]! += p * x[f]! * x[g]!;
        }
      }
      for (let f = 0; f < width; f++) if (mean[f] !== 0) for (let g = 0; g < width; g++) curvature[f]![g]! -= mean[f]! * mean[g]!;
    }
    const step = solve(curvature, gradient);
    const longest = Math.max(...step.map(Math.abs));
    const share = Math.min(1, 2 / longest); // far from the top the parabola overshoots
    for (let f = 0; f < width; f++) weights[f]! += share * step[f]!;
    if (longest < 1e-6) break;
  }
  return weights;
}

/** x of A x = b for a positive definite A, by Cholesky's factors. */
function solve(a: readonly Float64Array[], b: Float64Array): Float64Array {
  const n = b.length;
  const l = a.map((row) => Float64Array.from(row));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = l[i]![j]!;
      for (let k = 0; k < j; k++) sum -= l[i]![k]! * l[j]![k]!;
      l[i]![j] = i === j ? Math.sqrt(sum) : sum / l[j]![j]!;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i]![k]! * x[k]!;
    x[i]! /= l[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k]![i]! * x[k]!;
    x[i]! /= l[i]![i]!;
  }
  return x;
}
