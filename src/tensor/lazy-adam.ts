/**
 * Adam on the rows of a table that a step touches (the lazy form of Kingma and Ba, 2015): a row without a gradient
 * keeps its weight and its moments, so that a step on native costs what its rows cost, whatever the catalogue.
 * Departs: from Adam, where untouched rows' moments decay and their weights drift on. With every row touched it is Adam.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import { adamUpdate, stepSize } from "./adam";
import { checkGradients, disposeSlots, makeSlots, readSlots, writeSlots, type Optimiser, type OptimiserState, type RowGradient, type Slots } from "./optimiser";
import { readRows, sumByRow, writeRows } from "./parameter-rows";
import type { Parameter, ParameterSet } from "./parameters";

/** Lazy Adam's options: Adam's, without decay, which would touch every row. */
export const lazyAdamDefaults = {
  /** Learning rate. */
  rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};

/** Options of `LazyAdam`. */
export type LazyAdamOptions = typeof lazyAdamDefaults;

/**
 * The optimiser for one set of parameters: rows where it is given rows, plain Adam where it is given a whole gradient.
 * @example
 * import { initBackend, LazyAdam, ParameterSet, tf } from "sessionlab";
 * await initBackend();
 * const weights = new ParameterSet({ items: { shape: [3, 1], data: Float32Array.of(1, 2, 3) } });
 * const lazy = new LazyAdam(weights, { rate: 0.1 });
 * lazy.apply({ items: { ids: Int32Array.of(1, 1), values: tf.tensor2d([[4], [1]]) } }); // the first step moves by the rate
 * const [first, second, third] = weights.toHost()["items"]!.data;
 * assert.ok(first === 1 && Math.abs(second! - 1.9) < 1e-5 && third === 3);
 * lazy.dispose();
 * weights.dispose();
 */
export class LazyAdam implements Optimiser {
  readonly byRow = true;
  readonly options: Readonly<LazyAdamOptions>;
  private steps = 0;
  private readonly slots: Slots<"m" | "v">;

  constructor(private readonly weights: ParameterSet, options: Partial<LazyAdamOptions> = {}) {
    const checks = { rate: rules.positive, beta1: rules.fraction, beta2: rules.fraction, epsilon: rules.positive };
    this.options = resolveOptions("LazyAdam", lazyAdamDefaults, options, checks);
    this.slots = makeSlots(weights, { m: 0, v: 0 });
  }

  /** One step. @param gradients by the names of the parameters: whole, or of rows; not disposed @param rateScale what the rate is multiplied by */
  apply(gradients: Readonly<Record<string, tf.Tensor | RowGradient>>, rateScale = 1): void {
    checkGradients("LazyAdam", this.weights, gradients);
    this.steps++;
    tf.tidy(() => {
      const options = { ...this.options, rate: this.options.rate * rateScale };
      const update = adamUpdate(this.weights, options, this.steps);
      for (const [name, gradient] of Object.entries(gradients)) {
        const weight = this.weights.byName.get(name)!;
        if (gradient instanceof tf.Tensor) update(weight, this.slots.get(name)!, gradient);
        else this.updateRows(weight, this.slots.get(name)!, gradient, options);
      }
    });
  }

  private updateRows(weight: Parameter, { m, v }: { readonly m: Parameter; readonly v: Parameter }, given: RowGradient, options: LazyAdamOptions): void {
    const { beta1, beta2, epsilon } = options;
    const { ids, gradient } = sumByRow(given);
    if (ids.length === 0) return;
    const indices = tf.tensor1d(ids, "int32");
    const first = readRows(m, ids).mul(beta1).add(gradient.mul(1 - beta1)) as tf.Tensor2D; // [U, D]
    const second = readRows(v, ids).mul(beta2).add(gradient.square().mul(1 - beta2)) as tf.Tensor2D;
    const change = first.mul(stepSize(options, this.steps)).div(second.sqrt().add(epsilon));
    writeRows(weight, indices, readRows(weight, ids).sub(change));
    writeRows(m, indices, first);
    writeRows(v, indices, second);
  }

  state(): OptimiserState {
    return { step: this.steps, tensors: readSlots(this.slots) };
  }

  restore(state: OptimiserState): void {
    writeSlots("LazyAdam", this.slots, state.tensors);
    this.steps = state.step;
  }

  dispose(): void {
    disposeSlots(this.slots);
  }
}
