/** What the transformers share: the rule of their heads, and the first weights of their layers, as BERT has them: normal of standard deviation 0.02, zero biases, unit gains. */
import { rules, type Rule } from "../core/options";
import type { Rng } from "../core/rng";
import type { HostTensor } from "../tensor/parameters";

/** Adds weights by name, each drawn by a generator of its own name. */
export interface TransformerWeights {
  /** What was added, in its order. */
  readonly weights: Record<string, HostTensor>;
  normal(name: string, rows: number, columns: number): void;
  /** A linear layer: name/weight and name/bias. */
  dense(name: string, from: number, to: number): void;
  /** A layer norm: name/gain and name/bias. */
  norm(name: string, size: number): void;
}

/** An empty set to add to. */
export function transformerWeights(rng: Rng): TransformerWeights {
  const weights: Record<string, HostTensor> = {};
  const normal = (name: string, rows: number, columns: number): void => {
    weights[name] = { shape: [rows, columns], data: rng.child(name).normals(rows * columns).map((value) => 0.02 * value) };
  };
  const constant = (name: string, size: number, value: number): void => {
    weights[name] = { shape: [size], data: new Float32Array(size).fill(value) };
  };
  return {
    weights,
    normal,
    dense(name, from, to) {
      normal(`${name}/weight`, from, to);
      constant(`${name}/bias`, to, 0);
    },
    norm(name, size) {
      constant(`${name}/gain`, size, 1);
      constant(`${name}/bias`, size, 0);
    },
  };
}

/** A rule for a whole number of `heads` that divides the dimension. */
export function dividing(dimension: number): Rule {
  return (value) => (rules.positiveInteger(value) === undefined && dimension % (value as number) === 0 ? undefined : "a divisor of dimension");
}
