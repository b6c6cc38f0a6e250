/**
 * How well labels are found: F1 of a classification (scikit-learn's f1_score), and of a clustering against classes the
 * normalised mutual information (arithmetic mean, as normalized_mutual_info_score) and the adjusted Rand index.
 * Labels are whole numbers of 0 or more. tests hold all four to scikit-learn's values.
 */
import { ConfigError } from "../core/errors";

/**
 * F1 over all cases (micro; with one label a case it is the accuracy) and as the mean of the classes' (macro).
 * A class that is neither a label nor predicted counts in neither.
 * @throws ConfigError for lists of different lengths, or none at all
 * @example
 * import { f1 } from "sessionlab";
 * assert.deepEqual(f1(Int32Array.of(0, 0, 1, 1), Int32Array.of(0, 1, 1, 1)), { micro: 0.75, macro: (2 / 3 + 4 / 5) / 2 });
 */
export function f1(truth: Int32Array, predicted: Int32Array): { readonly micro: number; readonly macro: number } {
  const { table, rows, columns } = contingency(truth, predicted);
  const classes = Math.max(rows.length, columns.length);
  let [right, sum, counted] = [0, 0, 0];
  for (let c = 0; c < classes; c++) {
    const both = c < rows.length && c < columns.length ? table[c * columns.length + c]! : 0;
    const all = (rows[c] ?? 0) + (columns[c] ?? 0);
    right += both;
    if (all === 0) continue;
    sum += (2 * both) / all;
    counted++;
  }
  return { micro: right / truth.length, macro: sum / counted };
}

/**
 * Normalised mutual information: I(U, V) over the mean of both entropies, in [0, 1]; 1 when both are of one part.
 * @throws ConfigError as `f1`
 * @example
 * import { normalisedMutualInformation } from "sessionlab";
 * assert.ok(Math.abs(normalisedMutualInformation(Int32Array.of(0, 0, 1, 1), Int32Array.of(1, 1, 0, 0)) - 1) < 1e-12);
 */
export function normalisedMutualInformation(truth: Int32Array, found: Int32Array): number {
  const { table, rows, columns } = contingency(truth, found);
  const n = truth.length;
  const entropy = (sizes: Float64Array): number => -sizes.reduce((sum, size) => (size === 0 ? sum : sum + (size / n) * Math.log(size / n)), 0);
  const mean = (entropy(rows) + entropy(columns)) / 2;
  if (mean === 0) return 1;
  let shared = 0;
  table.forEach((cell, at) => {
    if (cell > 0) shared += (cell / n) * Math.log((cell * n) / (rows[Math.floor(at / columns.length)]! * columns[at % columns.length]!));
  });
  return Math.max(0, shared / mean);
}

/**
 * The Rand index over pairs of cases, adjusted for chance: 0 for a random clustering, 1 for the same parts.
 * @throws ConfigError as `f1`
 * @example
 * import { adjustedRandIndex } from "sessionlab";
 * assert.equal(adjustedRandIndex(Int32Array.of(0, 0, 1, 1), Int32Array.of(1, 1, 0, 0)), 1);
 */
export function adjustedRandIndex(truth: Int32Array, found: Int32Array): number {
  const { table, rows, columns } = contingency(truth, found);
  const pairs = (sizes: Float64Array): number => sizes.reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
  const all = (truth.length * (truth.length - 1)) / 2;
  const [together, a, b] = [pairs(table), pairs(rows), pairs(columns)];
  const expected = (a * b) / Math.max(1, all);
  const most = (a + b) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}

/** How often each label meets each other. */
function contingency(truth: Int32Array, found: Int32Array) {
  if (truth.length === 0 || truth.length !== found.length) throw new ConfigError(`Expected two labels for each of one case or more, found ${truth.length} and ${found.length}`);
  const [height, width] = [truth, found].map((labels) => labels.reduce((most, label) => Math.max(most, label), 0) + 1) as [number, number];
  const [table, rows, columns] = [new Float64Array(height * width), new Float64Array(height), new Float64Array(width)];
  truth.forEach((label, i) => {
    table[label * width + found[i]!]!++;
    rows[label]!++;
    columns[found[i]!]!++;
  });
  return { table, rows, columns };
}
