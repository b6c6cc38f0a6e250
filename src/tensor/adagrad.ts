/**
 * Adagrad (Duchi, Hazan and Singer, 2011) with the momentum of GRU4Rec (Hidasi and Karatzoglou, 2018; its official code):
 *   a = a + g^2;  s = rate g / sqrt(a + eps);  without momentum w = w - s;  with it u = momentum u - s, w = w + u.
 * The accumulator starts at eps, which puts it under the root. On native w, a and u are updated in place.
 * Given the rows of a table that a step touches, it updates these alone, as GRU4Rec's code does: without momentum that is
 * what Adagrad does anyway; with it, an untouched row's velocity waits.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import { attribute, hasKernels, kernel } from "./kernel";
import { checkGradients, disposeSlots, makeSlots, readSlots, writeSlots, type Optimiser, type OptimiserState, type RowGradient, type Slots } from "./optimiser";
import { placesOfRows, readRows, sumByRow, writeRows } from "./parameter-rows";
import type { Parameter, ParameterSet } from "./parameters";

/** Adagrad's options, as GRU4Rec's code has them. */
export const adagradDefaults = {
  /** Learning rate. */
  rate: 0.05,
  /** Share of the last update that is added to the next; 0 is plain Adagrad. */
  momentum: 0,
  epsilon: 1e-6,
};

/** Options of `Adagrad`. */
export type AdagradOptions = typeof adagradDefaults;

/**
 * The optimiser for one set of parameters.
 * @example
 * import { Adagrad, initBackend, ParameterSet, tf } from "sessionlab";
 * await initBackend();
 * const weights = new ParameterSet({ w: { shape: [1], data: Float32Array.of(1) } });
 * const adagrad = new Adagrad(weights, { rate: 0.1 });
 * adagrad.apply({ w: tf.tensor1d([5]) }); // the first step moves by the rate
 * adagrad.apply({ w: tf.tensor1d([5]) }); // the second by rate / sqrt(2)
 * assert.ok(Math.abs(weights.toHost()["w"]!.data[0]! - (0.9 - 0.1 / Math.SQRT2)) < 1e-5);
 * adagrad.dispose();
 * weights.dispose();
 */
export class Adagrad implements Optimiser {
  readonly byRow = true;
  readonly options: Readonly<AdagradOptions>;
  private steps = 0;
  private readonly slots: Slots<"accumulator" | "velocity">;

  constructor(private readonly weights: ParameterSet, options: Partial<AdagradOptions> = {}) {
    this.options = resolveOptions("Adagrad", adagradDefaults, options, { rate: rules.positive, momentum: rules.fraction, epsilon: rules.positive });
    const { epsilon, momentum } = this.options;
    const first = momentum > 0 ? { accumulator: epsilon, velocity: 0 } : { accumulator: epsilon };
    this.slots = makeSlots(weights, first as Record<"accumulator" | "velocity", number>);
  }

  /** One step. @param gradients by the names of the parameters: whole, or of rows; not disposed @param rateScale what the rate is multiplied by */
  apply(gradients: Readonly<Record<string, tf.Tensor | RowGradient>>, rateScale = 1): void {
    checkGradients("Adagrad", this.weights, gradients);
    this.steps++;
    tf.tidy(() => {
      const native = this.weights.byName.values().next().value?.handle !== undefined;
      const { momentum } = this.options;
      const rate = this.options.rate * rateScale;
      for (const [name, gradient] of Object.entries(gradients)) {
        const weight = this.weights.byName.get(name)!;
        const { accumulator, velocity } = this.slots.get(name)!;
        if (momentum > 0 && hasKernels()) fusedUpdate(weight, accumulator, velocity, gradient, rate, momentum);
        else if (!(gradient instanceof tf.Tensor)) (native ? rowUpdate : portableRowUpdate)(weight, accumulator, velocity, gradient, rate, momentum);
        else if (!native) portableUpdate(weight, accumulator, velocity, gradient, rate, momentum);
        else if (momentum > 0) momentumUpdate(weight, accumulator, velocity, gradient, rate, momentum);
        else plainUpdate(weight, accumulator, gradient, rate);
      }
    });
  }

  state(): OptimiserState {
    return { step: this.steps, tensors: readSlots(this.slots) };
  }

  restore(state: OptimiserState): void {
    writeSlots("Adagrad", this.slots, state.tensors);
    this.steps = state.step;
  }

  dispose(): void {
    disposeSlots(this.slots);
  }
}

function plainUpdate(weight: Parameter, accumulator: Parameter, gradient: tf.Tensor, rate: number): void {
  const attributes = [attribute.dtype("T", "float32"), attribute.bool("use_locking", false), attribute.bool("update_slots", true)];
  kernel("ResourceApplyAdagradV2", attributes, [weight.handle!, accumulator.handle!, tf.scalar(rate), tf.scalar(0), gradient], 0);
}

function momentumUpdate(weight: Parameter, accumulator: Parameter, velocity: Parameter, gradient: tf.Tensor, rate: number, momentum: number): void {
  kernel("AssignAddVariableOp", [attribute.dtype("dtype", "float32")], [accumulator.handle!, gradient.square()], 0);
  const scaled = gradient.div(accumulator.read().sqrt());
  const attributes = [attribute.dtype("T", "float32"), attribute.bool("use_locking", false), attribute.bool("use_nesterov", false)];
  kernel("ResourceApplyKerasMomentum", attributes, [weight.handle!, velocity.handle!, tf.scalar(rate), scaled, tf.scalar(momentum)], 0);
}

function rowUpdate(weight: Parameter, accumulator: Parameter, velocity: Parameter, given: RowGradient, rate: number, momentum: number): void {
  const { ids, gradient } = sumByRow(given);
  if (ids.length === 0) return;
  const indices = tf.tensor1d(ids, "int32");
  const types = [attribute.dtype("T", "float32"), attribute.dtype("Tindices", "int32"), attribute.bool("use_locking", false)];
  if (momentum === 0) {
    const inputs = [weight.handle!, accumulator.handle!, tf.scalar(rate), tf.scalar(0), gradient, indices];
    kernel("ResourceSparseApplyAdagradV2", [...types, attribute.bool("update_slots", true)], inputs, 0);
    return;
  }
  kernel("ResourceScatterAdd", [attribute.dtype("dtype", "float32"), attribute.dtype("Tindices", "int32")], [accumulator.handle!, indices, gradient.square()], 0);
  const scaled = gradient.div(readRows(accumulator, ids).sqrt());
  const inputs = [weight.handle!, velocity.handle!, tf.scalar(rate), scaled, indices, tf.scalar(momentum)];
  kernel("ResourceSparseApplyKerasMomentum", [...types, attribute.bool("use_nesterov", false)], inputs, 0);
}

/**
 * One walk, where TensorFlow's kernels take eight over rows and five over a whole table. The slots are written where they
 * lie: nobody but the optimiser reads them, and never through a tensor that outlives a call.
 */
function fusedUpdate(weight: Parameter, accumulator: Parameter, velocity: Parameter, gradient: tf.Tensor | RowGradient, rate: number, momentum: number): void {
  const whole = gradient instanceof tf.Tensor;
  const columns = weight.shape.at(-1) ?? 1;
  const values = whole ? gradient.reshape([-1, columns]) : gradient.values; // [N, D]
  const { ids, places } = whole ? everyRow(values.shape[0]!) : placesOfRows(gradient.ids);
  if (ids.length === 0) return;
  const indices = tf.tensor1d(ids, "int32");
  const attributes = [attribute.float("rate", rate), attribute.float("momentum", momentum)];
  const inputs = [values, tf.tensor1d(places, "int32"), indices, accumulator.read(), velocity.read()];
  const [updates] = kernel("SessionlabAdagradRows", attributes, inputs) as [tf.Tensor2D];
  const dtype = attribute.dtype("dtype", "float32");
  if (whole) kernel("AssignAddVariableOp", [dtype], [weight.handle!, updates.reshape([...weight.shape])], 0);
  else kernel("ResourceScatterAdd", [dtype, attribute.dtype("Tindices", "int32")], [weight.handle!, indices, updates], 0);
}

function everyRow(rows: number): ReturnType<typeof placesOfRows> {
  const ids = Int32Array.from({ length: rows }, (_, row) => row);
  return { ids, places: ids };
}

/** The plain twin of the kernels for rows. */
function portableRowUpdate(weight: Parameter, accumulator: Parameter, velocity: Parameter, given: RowGradient, rate: number, momentum: number): void {
  const { ids, gradient } = sumByRow(given);
  if (ids.length === 0) return;
  const indices = tf.tensor1d(ids, "int32");
  const squares = readRows(accumulator, ids).add(gradient.square()) as tf.Tensor2D; // [U, D]
  writeRows(accumulator, indices, squares);
  const size = gradient.mul(rate).div(squares.sqrt());
  if (momentum === 0) return writeRows(weight, indices, readRows(weight, ids).sub(size));
  const moved = readRows(velocity, ids).mul(momentum).sub(size) as tf.Tensor2D;
  writeRows(velocity, indices, moved);
  writeRows(weight, indices, readRows(weight, ids).add(moved));
}

/** The plain twin of the kernels. */
function portableUpdate(weight: Parameter, accumulator: Parameter, velocity: Parameter, gradient: tf.Tensor, rate: number, momentum: number): void {
  accumulator.assign(accumulator.read().add(gradient.square()));
  const size = gradient.mul(rate).div(accumulator.read().sqrt());
  if (momentum === 0) return weight.assign(weight.read().sub(size));
  velocity.assign(velocity.read().mul(momentum).sub(size));
  weight.assign(weight.read().add(velocity.read()));
}
