/** What every optimiser does for the training loop, and the zero-filled tensors ("slots") that it keeps beside the weights. */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { parameter, readHost, writeHost, type HostTensor, type Parameter, type ParameterSet } from "./parameters";

/** An optimiser's state on the host, for checkpoints. */
export interface OptimiserState {
  readonly step: number;
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/** The gradient of a table that reaches some of its rows. */
export interface RowGradient {
  /** [N] in [-1, V); the gradients of repeated ids add up, those of padding (-1) are dropped. */
  readonly ids: Int32Array;
  /** [N, D] */
  readonly values: tf.Tensor2D;
}

/** What the training loop asks of an optimiser. */
export interface Optimiser {
  /** True where `apply` takes gradients of rows too. */
  readonly byRow?: boolean;
  /**
   * One step.
   * @param gradients by the names of the parameters, of their shapes; not disposed
   * @param rateScale what the learning rate is multiplied by in this step; 1 if not given
   * @throws ConfigError, before anything has changed, for a name or a shape that the parameters do not have
   */
  apply(gradients: Readonly<Record<string, tf.Tensor | RowGradient>>, rateScale?: number): void;
  /** What goes on from `restore` with the same bits. */
  state(): OptimiserState;
  restore(state: OptimiserState): void;
  dispose(): void;
}

/** Looks at the gradients before a step. @throws ConfigError for a name or a shape that the parameters do not have */
export function checkGradients(owner: string, weights: ParameterSet, gradients: Readonly<Record<string, tf.Tensor | RowGradient>>): void {
  for (const [name, gradient] of Object.entries(gradients)) {
    const weight = weights.byName.get(name);
    if (weight === undefined) throw new ConfigError(`Expected gradients of ${owner}'s parameters (${weights.names.join(", ")}), found one of "${name}"; leave it out`);
    const whole = gradient instanceof tf.Tensor;
    const shape = whole ? weight.shape : [gradient.ids.length, ...weight.shape.slice(1)];
    const found = whole ? gradient.shape : gradient.values.shape;
    if (found.length !== shape.length || found.some((side, axis) => side !== shape[axis])) {
      throw new ConfigError(`Expected a gradient of "${name}" of shape [${shape.join(", ")}], found [${found.join(", ")}]; give ${owner} the gradient of the parameter itself`);
    }
  }
}

/** The slots of each parameter, by their names. */
export type Slots<Name extends string> = ReadonlyMap<string, Readonly<Record<Name, Parameter>>>;

/** Makes the slots of every parameter, each filled with its first value. */
export function makeSlots<Name extends string>(weights: ParameterSet, first: Readonly<Record<Name, number>>): Slots<Name> {
  const fill = (shape: readonly number[], value: number): Parameter =>
    parameter({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) });
  const entries = Object.entries(first) as [Name, number][];
  return new Map(
    [...weights.byName].map(([name, { shape }]) => [name, Object.fromEntries(entries.map(([slot, value]) => [slot, fill(shape, value)])) as Record<Name, Parameter>]),
  );
}

/** The slots on the host, as "parameter/slot". */
export function readSlots(slots: Slots<string>): Record<string, HostTensor> {
  return Object.fromEntries([...slots].flatMap(([name, own]) => Object.entries(own).map(([slot, one]) => [`${name}/${slot}`, readHost(one)])));
}

/** Fills the slots from the host. @throws ConfigError when the state lacks one, or has it in another shape: it is another optimiser's */
export function writeSlots(owner: string, slots: Slots<string>, tensors: Readonly<Record<string, HostTensor>>): void {
  const all = [...slots].flatMap(([name, own]) => Object.entries(own).map(([slot, one]) => [`${name}/${slot}`, one] as const));
  for (const [key, { shape }] of all) {
    const found = tensors[key];
    if (found === undefined || found.shape.join() !== shape.join()) {
      const what = found === undefined ? JSON.stringify(Object.keys(tensors)) : `one of shape [${found.shape.join(", ")}]`;
      throw new ConfigError(`Expected a state of ${owner} with "${key}" of shape [${shape.join(", ")}], found ${what}; restore a state of the same optimiser and weights`);
    }
  }
  for (const [key, one] of all) writeHost(one, tensors[key]!);
}

/** Frees the slots. */
export function disposeSlots(slots: Slots<string>): void {
  for (const own of slots.values()) Object.values(own).forEach((one) => one.dispose());
}
