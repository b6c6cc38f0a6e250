/** An operation with a gradient of its own: tf.customGrad, typed. */
import * as tf from "@tensorflow/tfjs";

type Saver = (tensors: tf.Tensor[]) => void;

/**
 * Runs `forward`, and gives its value the gradient that `backward` computes from what `forward` kept.
 * @param forward returns the value and the tensors that `backward` needs
 * @param backward returns the gradient for each input, in order
 */
export function withGradient<X extends tf.Tensor[], Y extends tf.Tensor, S extends readonly tf.Tensor[]>(
  inputs: [...X],
  forward: (...inputs: X) => { readonly value: Y; readonly keep: S },
  backward: (dy: Y, kept: S) => tf.Tensor[],
): Y {
  const operation = tf.customGrad((...args: unknown[]) => {
    const save = args[args.length - 1] as Saver;
    const { value, keep } = forward(...(args.slice(0, -1) as unknown as X));
    save([...keep]);
    return { value, gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => backward(dy as Y, kept as unknown as S) };
  });
  return operation(...inputs) as Y;
}
