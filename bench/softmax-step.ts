/** A whole training step of the exact softmax loss: loss, both gradients, Adam. */
import { Adam, ParameterSet, Rng, softmaxLoss, type HostTensor, type tf } from "../src/index";
import { trainStep } from "../src/tensor/training";
import { here, still, type Timed } from "./interleave";

/** Normal numbers of standard deviation `scale`. */
export function normals(rng: Rng, scale: number, ...shape: number[]): HostTensor {
  return { shape, data: rng.normals(shape.reduce((product, side) => product * side, 1)).map((value) => scale * value) };
}

export function softmaxStep({ batch, items, dimension }: { readonly batch: number; readonly items: number; readonly dimension: number }): Timed {
  const rng = new Rng(1);
  const weights = new ParameterSet({ hidden: normals(rng.child("hidden"), 1, batch, dimension), table: normals(rng.child("table"), 0.02, items, dimension) });
  const draw = rng.child("targets");
  const targets = Int32Array.from({ length: batch }, () => draw.int(items));
  const task = {
    weights,
    optimiser: new Adam(weights, { rate: still }),
    loss: (values: Record<string, tf.Tensor>): tf.Scalar => softmaxLoss(values["hidden"] as tf.Tensor2D, values["table"] as tf.Tensor2D, targets),
  };
  return here(() => void trainStep(task, undefined, rng));
}
