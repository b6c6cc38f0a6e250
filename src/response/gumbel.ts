/**
 * The Gumbel-max choice and its noise, forwards and backwards (Oberst and Sontag, ICML 2019; Maddison, Tarlow and Minka,
 * NeurIPS 2014), and the Bernoulli choice with logistic noise for slates on which several items may be clicked.
 *   choice:      k = argmax_i (log p_i + g_i),  g_i iid Gumbel(0, 1),  sum_i p_i = 1
 *   given k:     top ~ Gumbel(0, 1), since logsumexp(log p) = 0;  g_k = top - log p_k
 *                g_i = -log(exp(-(G_i + log p_i)) + exp(-top)) - log p_i,  G_i ~ Gumbel(0, 1): truncated below top
 *   p_i = 0:     g_i ~ Gumbel(0, 1): what cannot win says nothing
 *   clicks:      y = 1[a + l > 0],  l logistic;  given y, l = log u - log(1 - u), u even in (s(-a), 1) or (0, s(-a))
 * Symbols: N choices among W alternatives, s the logistic function.
 * Departs: log p is normalised here, whatever is given; unnormalised logits would shift top by their logsumexp.
 */
import { DataError } from "../core/errors";
import { softplus } from "./softplus";

/** A number in (0, 1) for a row and a column: `keyedUniform` with a key, or a generator. */
export type UniformAt = (row: number, column: number) => number;

/** How far the probabilities of a choice may add up from 1. */
const tolerance = 1e-6;

/**
 * Logits as log probabilities: of each row, less its logsumexp. -Infinity is a probability of 0.
 * @param logits [N, W]
 * @returns [N, W]
 * @throws DataError for a logit that is NaN or +Infinity, or a row without any probability
 * @example
 * import { logSoftmax } from "sessionlab";
 * assert.deepEqual(Array.from(logSoftmax([5, 5], 2), (value) => Math.exp(value).toFixed(6)), ["0.500000", "0.500000"]);
 */
export function logSoftmax(logits: ArrayLike<number>, width: number): Float64Array {
  const out = new Float64Array(logits.length);
  for (let from = 0; from < out.length; from += width) {
    let most = -Infinity;
    for (let i = from; i < from + width; i++) {
      const logit = logits[i]!;
      if (!(logit < Infinity)) throw new DataError(`Expected logits below infinity, found ${logit} in row ${from / width}, column ${i - from}`);
      if (logit > most) most = logit;
    }
    if (most === -Infinity) throw new DataError(`Expected a choice with some probability, found none in row ${from / width}`);
    let sum = 0;
    for (let i = from; i < from + width; i++) sum += Math.exp(logits[i]! - most);
    const normaliser = most + Math.log(sum);
    for (let i = from; i < from + width; i++) out[i] = logits[i]! - normaliser;
  }
  return out;
}

/**
 * What is chosen: argmax of log p + g in each row; of equals the first.
 * @param logProbabilities [N, W]
 * @param noise [N, W]
 * @returns [N] columns
 * @example
 * import { gumbelChoice } from "sessionlab";
 * assert.deepEqual([...gumbelChoice(Float64Array.of(-0.1, -2.35), Float64Array.of(0, 3), 2)], [1]);
 */
export function gumbelChoice(logProbabilities: Float64Array, noise: Float64Array, width: number): Int32Array {
  const chosen = new Int32Array(noise.length / width);
  for (let row = 0; row < chosen.length; row++) {
    const from = row * width;
    let best = -Infinity;
    for (let i = 0; i < width; i++) {
      const value = logProbabilities[from + i]! + noise[from + i]!;
      if (value > best) {
        best = value;
        chosen[row] = i;
      }
    }
  }
  return chosen;
}

/**
 * Abduction: a draw of the noise given what was chosen. With it the same probabilities give the same choice.
 * @param logProbabilities [N, W], each row adding up to 1
 * @param chosen [N] columns
 * @returns [N, W]
 * @throws DataError for probabilities that are none, or a choice that had none
 * @example
 * import { gumbelChoice, keyedUniform, logSoftmax, posteriorGumbel } from "sessionlab";
 * const logp = logSoftmax([0, 1, 2], 3);
 * const noise = posteriorGumbel(logp, Int32Array.of(0), 3, (row, column) => keyedUniform(1, row, 0, column));
 * assert.deepEqual([...gumbelChoice(logp, noise, 3)], [0]); // the unlikely one again
 */
export function posteriorGumbel(logProbabilities: Float64Array, chosen: Int32Array, width: number, uniform: UniformAt): Float64Array {
  checkProbabilities(logProbabilities, width);
  const noise = new Float64Array(logProbabilities.length);
  for (let row = 0; row < chosen.length; row++) {
    const [from, k] = [row * width, chosen[row]!];
    const own = logProbabilities[from + k];
    if (own === undefined || k < 0 || k >= width || own === -Infinity) throw new DataError(`Expected a choice that has a probability, found column ${k} in row ${row}; the model says that it cannot happen`);
    const top = gumbel(uniform(row, k));
    for (let i = 0; i < width; i++) {
      const logp = logProbabilities[from + i]!;
      if (i === k) noise[from + i] = top - own;
      else {
        const fresh = gumbel(uniform(row, i));
        noise[from + i] = logp === -Infinity ? fresh : -logAddExp(-(fresh + logp), -top) - logp;
      }
    }
  }
  return noise;
}

/**
 * Which items of a slate are clicked: a + l > 0.
 * @param logits [N, K] a, the log odds of a click
 * @param noise [N, K]
 * @returns [N, K] 0 or 1
 * @example
 * import { logisticClicks } from "sessionlab";
 * assert.deepEqual([...logisticClicks(Float64Array.of(1, -1), Float64Array.of(-0.5, 0.5))], [1, 0]);
 */
export function logisticClicks(logits: Float64Array, noise: Float64Array): Uint8Array {
  return Uint8Array.from(logits, (logit, at) => (logit + noise[at]! > 0 ? 1 : 0));
}

/**
 * Abduction of logistic noise: a draw given which items were clicked. Infinite logits must agree with the clicks.
 * @param logits [N, K]
 * @param clicked [N, K] 0 or 1
 * @returns [N, K]
 * @throws DataError for a logit that is NaN, or a click that had no probability
 * @example
 * import { logisticClicks, posteriorLogistic } from "sessionlab";
 * const noise = posteriorLogistic(Float64Array.of(-3, 3), Uint8Array.of(1, 0), 2, () => 0.3);
 * assert.deepEqual([...logisticClicks(Float64Array.of(-3, 3), noise)], [1, 0]);
 */
export function posteriorLogistic(logits: Float64Array, clicked: Uint8Array, width: number, uniform: UniformAt): Float64Array {
  return logits.map((logit, at) => {
    const row = Math.floor(at / width);
    if (Number.isNaN(logit)) throw new DataError(`Expected log odds, found NaN in row ${row}, column ${at - row * width}`);
    const yes = clicked[at] === 1;
    if (logit === (yes ? -Infinity : Infinity)) throw new DataError(`Expected clicks that have a probability, found one that has none in row ${row}, column ${at - row * width}`);
    // l > -a is a truncated logistic by its upper tail t, mirrored where it was not clicked; in logs, so that no end rounds away.
    const logTail = -softplus(yes ? -logit : logit) + Math.log(uniform(row, at - row * width));
    const above = Math.log1p(-Math.exp(logTail)) - logTail;
    return yes ? above : -above;
  });
}

/** Throws where the rows of log probabilities are none. @throws DataError naming the row */
export function checkProbabilities(logProbabilities: Float64Array, width: number): void {
  if (width < 1 || logProbabilities.length % width !== 0) throw new DataError(`Expected rows of ${width} probabilities, found ${logProbabilities.length} in all`);
  for (let from = 0; from < logProbabilities.length; from += width) {
    let sum = 0;
    for (let i = from; i < from + width; i++) sum += Math.exp(logProbabilities[i]!);
    if (!(Math.abs(sum - 1) <= tolerance)) throw new DataError(`Expected probabilities that add up to 1, found ${sum} in row ${from / width}; normalise them with logSoftmax`);
  }
}

function gumbel(u: number): number {
  return -Math.log(-Math.log(u));
}

/** log(exp(a) + exp(b)). */
function logAddExp(a: number, b: number): number {
  const most = a > b ? a : b;
  return most === -Infinity ? most : most + Math.log1p(Math.exp((a > b ? b : a) - most));
}

