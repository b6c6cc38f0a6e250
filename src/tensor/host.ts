/** Numbers from the device to the host. */
import * as tf from "@tensorflow/tfjs";

/** Runs what reads tensors in a tidy scope of its own; tfjs would walk large arrays that `tf.tidy` returns, number by number. */
export function hostOf<T>(read: () => T): T {
  let found: T | undefined;
  tf.tidy(() => void (found = read()));
  return found!;
}
