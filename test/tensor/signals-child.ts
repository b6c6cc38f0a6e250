/** Takes gradients of GRU steps for some seconds while signals come: a process for signals.test.ts. */
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { gruStep } from "../../src/tensor/ops/gru";

async function main(seconds: number): Promise<void> {
  process.on("SIGWINCH", () => undefined);
  await initBackend();
  const rng = new Rng(1);
  const normal = (...shape: [number, number]): tf.Tensor2D => tf.tensor2d(rng.normals(shape[0] * shape[1]).map((value) => 0.05 * value), shape);
  const [batch, size] = [128, 512];
  const inputs = [normal(batch, size), normal(batch, size), normal(2 * size, 2 * size), normal(2 * size, size)] as const;
  const [gateBias, candidateBias] = [tf.zeros([2 * size]) as tf.Tensor1D, tf.zeros([size]) as tf.Tensor1D];
  process.stdout.write("ready\n");
  const end = performance.now() + 1000 * seconds;
  let steps = 0;
  for (; performance.now() < end; steps++) {
    tf.tidy(() => {
      const { value } = tf.valueAndGrads((x, h, gates, candidate) => gruStep(x as tf.Tensor2D, h as tf.Tensor2D, { gates: gates as tf.Tensor2D, candidate: candidate as tf.Tensor2D, gateBias, candidateBias }).sum())([...inputs]);
      value.dataSync();
    });
    await new Promise(setImmediate);
  }
  process.stdout.write(`${steps} steps\n`);
}

void main(Number(process.argv[2]));
