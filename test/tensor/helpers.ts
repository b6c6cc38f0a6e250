import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";

/** Fails at the first pair that differs by more than `tolerance`, relative to values above 1. */
export function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const scale = Math.max(1, Math.abs(expected[i]!));
    assert.ok(Math.abs(actual[i]! - expected[i]!) <= tolerance * scale, `[${i}] ${actual[i]} is not ${expected[i]} within ${tolerance}`);
  }
}

/** Runs `body` in a tidy and fails if it leaves tensors behind that the tidy does not know of. */
export function noLeak(body: () => void): void {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    body();
  });
  assert.equal(tf.memory().numTensors, before);
}
