/**
 * Calls a TensorFlow kernel by name: what the native backend can do beyond tfjs's own operations. On a CPU that
 * includes the kernels of src/tensor/native, which set-up compiles: where TensorFlow takes many passes, they take one.
 */
import * as tf from "@tensorflow/tfjs";

/** The hash of src/tensor/native, which its addon carries too: bits depend on it, so it stands in the code. A test holds it. */
const kernelSource = "807af660fc57ef98";

interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_SHAPE: number;
}

interface NativeBackend {
  readonly binding: Binding;
  executeMultipleOutputs(op: string, attributes: readonly Attribute[], inputs: readonly tf.Tensor[], outputs: number): tf.Tensor[];
}

/** One attribute of a kernel. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** True when TensorFlow's own kernels can be called; the portable twins serve otherwise. */
export function isNative(): boolean {
  return tf.getBackend() === "tensorflow";
}

/** What the addon of our kernels exports. */
interface KernelAddon {
  readonly source: string;
  /** What TensorFlow refused, or nothing. */
  readonly wrong: string;
  threads(count: number): void;
}

let loaded = false;

/** Makes our own kernels callable. @throws Error when the addon is missing or was compiled from other sources */
export function loadKernels(file: string, threads: number): void {
  const addon = require(file) as KernelAddon;
  if (addon.wrong !== "") throw new Error(`TensorFlow refused a kernel: ${addon.wrong}`);
  if (addon.source !== kernelSource) throw new Error(`the kernels were compiled from other sources (${addon.source}, not ${kernelSource})`);
  addon.threads(threads);
  loaded = true;
}

/** True when our own kernels can be called: native, on a CPU. */
export function hasKernels(): boolean {
  return loaded && isNative();
}

/** Runs a kernel and returns its outputs. Only on the native backend. */
export function kernel(op: string, attributes: readonly Attribute[], inputs: readonly tf.Tensor[], outputs = 1): tf.Tensor[] {
  return backend().executeMultipleOutputs(op, attributes, inputs, outputs);
}

/** Attribute makers: the types are the addon's own numbers. */
export const attribute = {
  dtype: (name: string, dtype: "float32" | "int32" | "bool"): Attribute => {
    const { TF_ATTR_TYPE, TF_FLOAT, TF_INT32, TF_BOOL } = backend().binding;
    return { name, type: TF_ATTR_TYPE, value: { float32: TF_FLOAT, int32: TF_INT32, bool: TF_BOOL }[dtype] };
  },
  bool: (name: string, value: boolean): Attribute => ({ name, type: backend().binding.TF_ATTR_BOOL, value }),
  int: (name: string, value: number): Attribute => ({ name, type: backend().binding.TF_ATTR_INT, value }),
  float: (name: string, value: number): Attribute => ({ name, type: backend().binding.TF_ATTR_FLOAT, value }),
  text: (name: string, value: string): Attribute => ({ name, type: backend().binding.TF_ATTR_STRING, value }),
  shape: (name: string, value: readonly number[]): Attribute => ({ name, type: backend().binding.TF_ATTR_SHAPE, value }),
} as const;

function backend(): NativeBackend {
  return tf.backend() as unknown as NativeBackend;
}
