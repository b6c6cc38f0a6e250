/**
 * Adam (Kingma and Ba, 2015, the form at the end of its section 2) and AdamW (Loshchilov and Hutter, 2019):
 *   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  a_t = rate sqrt(1 - b2^t) / (1 - b1^t);
 *   w = w - a_t m / (sqrt(v) + eps), after w = w - rate decay w where decay is set (AdamW).
 * On native TensorFlow's kernel updates w, m and v of one tensor; on a CPU one of ours those of all tensors, with the same bits.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import { attribute, hasKernels, kernel } from "./kernel";
import { checkGradients, disposeSlots, makeSlots, readSlots, writeSlots, type Optimiser, type OptimiserState, type Slots } from "./optimiser";
import { addScaled } from "./ops/add-scaled";
import type { Parameter, ParameterSet } from "./parameters";

/** Adam's options, as the paper has them. */
export const adamDefaults = {
  /** Learning rate. */
  rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  /** Decoupled weight decay (AdamW) of tensors with two dimensions or more; 0 is Adam. */
  decay: 0,
  /** L2 penalty of every weight: l2 w is added to its gradient, as PyTorch's Adam does with weight_decay. */
  l2: 0,
};

/** Options of `Adam`. */
export type AdamOptions = typeof adamDefaults;

/**
 * The optimiser for one set of parameters.
 * @example
 * import { Adam, initBackend, ParameterSet, tf } from "sessionlab";
 * await initBackend();
 * const weights = new ParameterSet({ w: { shape: [1], data: Float32Array.of(1) } });
 * const adam = new Adam(weights, { rate: 0.1 });
 * adam.apply({ w: tf.tensor1d([5]) }); // the first step moves by the rate, whatever the gradient's size
 * assert.ok(Math.abs(weights.toHost()["w"]!.data[0]! - 0.9) < 1e-5);
 * adam.dispose();
 * weights.dispose();
 */
export class Adam implements Optimiser {
  readonly options: Readonly<AdamOptions>;
  private steps = 0;
  private readonly moments: Slots<"m" | "v">;
  /** Where the moments lie, for the kernel that writes them there. */
  private held: ReadonlyMap<string, { readonly m: tf.Tensor; readonly v: tf.Tensor }>;

  constructor(private readonly weights: ParameterSet, options: Partial<AdamOptions> = {}) {
    this.options = resolveOptions("Adam", adamDefaults, options, {
      rate: rules.positive,
      beta1: rules.fraction,
      beta2: rules.fraction,
      epsilon: rules.positive,
      decay: rules.notNegative,
      l2: rules.notNegative,
    });
    this.moments = makeSlots(weights, { m: 0, v: 0 });
    this.held = this.hold();
  }

  /** One step. @param gradients by the names of the parameters, of their shapes; not disposed @param rateScale what the rate is multiplied by */
  apply(gradients: Readonly<Record<string, tf.Tensor>>, rateScale = 1): void {
    checkGradients("Adam", this.weights, gradients);
    this.steps++;
    tf.tidy(() => {
      const { decay, l2 } = this.options;
      const rate = this.options.rate * rateScale;
      const penalised = Object.entries(gradients).map(([name, plain]): [string, tf.Tensor] => {
        const weight = this.weights.byName.get(name)!;
        const gradient = l2 === 0 ? plain : tf.tidy(() => addScaled(plain, weight.read(), l2)); // a live read would make the update copy
        if (decay > 0 && weight.shape.length >= 2) weight.assign(weight.read().mul(1 - rate * decay));
        return [name, gradient];
      });
      const options = { ...this.options, rate };
      if (hasKernels()) return this.applyToAll(penalised, options);
      const update = adamUpdate(this.weights, options, this.steps);
      for (const [name, gradient] of penalised) update(this.weights.byName.get(name)!, this.moments.get(name)!, gradient);
    });
  }

  /** In one call. Inside a tidy. */
  private applyToAll(gradients: readonly (readonly [string, tf.Tensor])[], { rate, beta1, beta2, epsilon }: AdamStep): void {
    const { fround, sqrt } = Math; // as TensorFlow's kernel reckons, in float32
    const step = fround(fround(fround(rate) * fround(sqrt(fround(1 - fround(beta2 ** this.steps))))) / fround(1 - fround(beta1 ** this.steps)));
    const weights = gradients.map(([name]) => this.weights.byName.get(name)!);
    const held = gradients.map(([name]) => this.held.get(name)!);
    const inputs = [tf.tensor1d([step, beta1, beta2, epsilon]), ...weights.map((one) => one.read()), ...held.map(({ m }) => m), ...held.map(({ v }) => v), ...gradients.map(([, one]) => one)];
    const next = kernel("SessionlabAdam", [attribute.int("N", gradients.length)], inputs, gradients.length);
    weights.forEach((one, at) => one.assign(next[at]!));
  }

  state(): OptimiserState {
    return { step: this.steps, tensors: readSlots(this.moments) };
  }

  restore(state: OptimiserState): void {
    writeSlots("Adam", this.moments, state.tensors);
    this.release();
    this.held = this.hold();
    this.steps = state.step;
  }

  dispose(): void {
    this.release();
    disposeSlots(this.moments);
  }

  private hold(): ReadonlyMap<string, { readonly m: tf.Tensor; readonly v: tf.Tensor }> {
    return new Map(hasKernels() ? [...this.moments].map(([name, { m, v }]) => [name, { m: tf.keep(m.read()), v: tf.keep(v.read()) }]) : []);
  }

  private release(): void {
    for (const { m, v } of this.held.values()) tf.dispose([m, v]);
  }
}

type AdamStep = Omit<AdamOptions, "decay" | "l2">;
type Update = (weight: Parameter, moments: { readonly m: Parameter; readonly v: Parameter }, gradient: tf.Tensor) => void;

/** What step `step` (from 1) does to one parameter and its moments. Inside a tidy. */
export function adamUpdate(weights: ParameterSet, options: AdamStep, step: number): Update {
  return weights.byName.values().next().value?.handle !== undefined ? nativeUpdate(options, step) : portableUpdate(options, step);
}

function nativeUpdate({ rate, beta1, beta2, epsilon }: AdamStep, step: number): Update {
  const scalars = [beta1 ** step, beta2 ** step, rate, beta1, beta2, epsilon].map((value) => tf.scalar(value));
  const attributes = [attribute.dtype("T", "float32"), attribute.bool("use_locking", false), attribute.bool("use_nesterov", false)];
  return (weight, { m, v }, gradient) => void kernel("ResourceApplyAdam", attributes, [weight.handle!, m.handle!, v.handle!, ...scalars, gradient], 0);
}

/** The plain twin of the kernel. */
function portableUpdate({ rate, beta1, beta2, epsilon }: AdamStep, step: number): Update {
  const size = stepSize({ rate, beta1, beta2 }, step);
  return (weight, { m, v }, gradient) => {
    m.assign(m.read().mul(beta1).add(gradient.mul(1 - beta1)));
    v.assign(v.read().mul(beta2).add(gradient.square().mul(1 - beta2)));
    weight.assign(weight.read().sub(m.read().mul(size).div(v.read().sqrt().add(epsilon))));
  };
}

/** a_t of step `step`: the learning rate, corrected for moments that started at zero. */
export function stepSize({ rate, beta1, beta2 }: Pick<AdamOptions, "rate" | "beta1" | "beta2">, step: number): number {
  return (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
}
