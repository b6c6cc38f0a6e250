/**
 * Learnt tensors, by name. On the native backend each lives in a TensorFlow resource variable, which an optimiser
 * updates in place; elsewhere it is a kept tensor that is replaced. A read is copy-on-write: it keeps its value.
 */
import * as tf from "@tensorflow/tfjs";
import { attribute, isNative, kernel } from "./kernel";

/** One learnt tensor on the device. */
export interface Parameter {
  readonly shape: readonly number[];
  /** The value now; the caller disposes it (or a tidy does). On native no memory is copied. */
  read(): tf.Tensor;
  assign(value: tf.Tensor): void;
  dispose(): void;
  /** The resource of the native backend, for kernels that update in place. */
  readonly handle?: tf.Tensor;
}

/** A value on the host: what checkpoints and weights files hold. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

let created = 0;
const nameOf = (number: number): string => `parameter-${number}`; // one resource a name

/** Puts a value on the device, as a parameter. */
export function parameter(value: HostTensor): Parameter {
  return isNative() ? resourceParameter(value) : keptParameter(value);
}

function resourceParameter({ shape, data }: HostTensor): Parameter {
  const dtype = attribute.dtype("dtype", "float32");
  const handle = variable(nameOf(created++), shape);
  tf.keep(handle);
  const assign = (value: tf.Tensor): void => void kernel("AssignVariableOp", [dtype], [handle, value], 0);
  tf.tidy(() => assign(tf.tensor(data, shape as number[], "float32")));
  return {
    shape,
    handle,
    assign,
    read: () => kernel("ReadVariableOp", [dtype], [handle])[0]!,
    dispose() {
      kernel("DestroyResourceOp", [attribute.bool("ignore_lookup_error", true)], [handle], 0);
      handle.dispose();
    },
  };
}

/** The handle of a resource variable, which is there once a value is assigned. */
function variable(name: string, shape: readonly number[]): tf.Tensor {
  const attributes = [attribute.dtype("dtype", "float32"), attribute.shape("shape", shape), attribute.text("shared_name", name), attribute.text("container", "")];
  return kernel("VarHandleOp", attributes, [])[0]!;
}

/** How many of the resource variables made here TensorFlow still holds, by asking it for each; 0 on other backends. */
export function liveVariables(): number {
  if (!isNative()) return 0;
  return tf.tidy(() => {
    const numbers = Array.from({ length: created }, (_, number) => number);
    return numbers.filter((number) => kernel("VarIsInitializedOp", [], [variable(nameOf(number), [])])[0]!.dataSync()[0] === 1).length;
  });
}

function keptParameter({ shape, data }: HostTensor): Parameter {
  let held = tf.keep(tf.tensor(Float32Array.from(data), shape as number[], "float32"));
  return {
    shape,
    assign(value) {
      const next = tf.keep(value.clone());
      held.dispose();
      held = next;
    },
    read: () => held.clone(),
    dispose: () => held.dispose(),
  };
}

/**
 * The parameters of a model.
 * @example
 * import { initBackend, ParameterSet } from "sessionlab";
 * await initBackend();
 * const weights = new ParameterSet({ bias: { shape: [2], data: Float32Array.of(1, 2) } });
 * assert.deepEqual(Array.from(weights.toHost()["bias"]!.data), [1, 2]);
 * weights.dispose();
 */
export class ParameterSet {
  readonly byName: ReadonlyMap<string, Parameter>;

  constructor(values: Readonly<Record<string, HostTensor>>) {
    this.byName = new Map(Object.entries(values).map(([name, value]) => [name, parameter(value)]));
  }

  get names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** The values now, by name: the argument of a model's forward pass. */
  read(): Record<string, tf.Tensor> {
    return Object.fromEntries([...this.byName].map(([name, one]) => [name, one.read()]));
  }

  toHost(): Record<string, HostTensor> {
    return Object.fromEntries([...this.byName].map(([name, one]) => [name, readHost(one)]));
  }

  /** Overwrites the values of the same names. */
  fromHost(values: Readonly<Record<string, HostTensor>>): void {
    for (const [name, one] of this.byName) writeHost(one, values[name]!);
  }

  dispose(): void {
    for (const one of this.byName.values()) one.dispose();
  }
}

/** Copies a parameter to the host. */
export function readHost(one: Parameter): HostTensor {
  const value = one.read();
  const data = Float32Array.from(value.dataSync<"float32">());
  value.dispose();
  return { shape: one.shape, data };
}

/** Copies a host value into a parameter. */
export function writeHost(one: Parameter, { shape, data }: HostTensor): void {
  const value = tf.tensor(data, shape as number[], "float32");
  one.assign(value);
  value.dispose();
}
