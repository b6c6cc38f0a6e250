import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { padSessions } from "../../src/data/batches";
import { hiddenStates, Sasrec, sasrecDefaults, type SasrecOptions } from "../../src/models/sasrec";
import { initBackend } from "../../src/tensor/backend";
import { checkpointFile } from "../../src/tensor/checkpoint";
import { softmaxLoss } from "../../src/tensor/ops/softmax-loss";
import { worlds } from "../contract/worlds";
import { withFolder } from "../scratch";
import { close, noLeak } from "../tensor/helpers";
import { tinyOptions } from "./fit-child";

/** The weights of test/golden/sasrec.py: a formula of name and place. */
function goldenWeights(): Record<string, tf.Tensor> {
  const weight = (name: string, shape: number[], scale: number, shift = 0): tf.Tensor => {
    const code = Array.from(name).reduce((sum, letter, i) => sum + letter.charCodeAt(0) * (i + 1), 0);
    return tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => shift + scale * Math.sin(code + 1.7 * i)), shape);
  };
  const values: Record<string, tf.Tensor> = { item: weight("item", [7, 4], 1), position: weight("position", [5, 4], 1) };
  const dense = (name: string, from: number, to: number): void => {
    values[`${name}/weight`] = weight(`${name}/weight`, [from, to], 0.5);
    values[`${name}/bias`] = weight(`${name}/bias`, [to], 0.5);
  };
  const norm = (name: string): void => {
    values[`${name}/gain`] = weight(`${name}/gain`, [4], 0.1, 1);
    values[`${name}/bias`] = weight(`${name}/bias`, [4], 0.1);
  };
  for (const b of [0, 1]) {
    norm(`${b}/attention/norm`);
    for (const part of ["query", "key", "value", "output"]) dense(`${b}/attention/${part}`, 4, 4);
    norm(`${b}/feed/norm`);
    dense(`${b}/feed/inner`, 4, 6);
    dense(`${b}/feed/outer`, 6, 4);
  }
  norm("norm");
  return values;
}

describe("models/sasrec", () => {
  const golden = JSON.parse(readFileSync(join(__dirname, "..", "golden", "sasrec.json"), "utf8")) as { scores: number[][]; loss: number };
  const options: SasrecOptions = { ...sasrecDefaults, dimension: 4, heads: 2, blocks: 2, inner: 6, maxLength: 5 };
  before(() => initBackend());

  it("scores as the numpy reference does (test/golden/sasrec.py), to 1e-4 on every backend", () =>
    noLeak(() => {
      const values = goldenWeights();
      const sessions = { offsets: Uint32Array.of(0, 5, 7, 8), item: Int32Array.of(3, 1, 4, 1, 5, 6, 2, 0) };
      const { input, batch, length, last } = padSessions(sessions, 7, 5);
      const hidden = tf.gather(hiddenStates(values, input, batch, length, options), tf.tensor1d(last, "int32"));
      const scores = tf.matMul(hidden, values["item"] as tf.Tensor2D, false, true).dataSync();
      close(scores, golden.scores.flat(), 1e-4);
    }));

  it("has the loss of the numpy reference, to 1e-4 on every backend", () =>
    noLeak(() => {
      const values = goldenWeights();
      const input = Int32Array.of(3, 1, 4, 1, 6, -1, -1, -1);
      const hidden = tf.gather(hiddenStates(values, input, 2, 4, options), tf.tensor1d([0, 1, 2, 3, 4], "int32"));
      const loss = softmaxLoss(hidden, values["item"] as tf.Tensor2D, Int32Array.of(1, 4, 1, 5, 2)).dataSync()[0]!;
      assert.ok(Math.abs(loss - golden.loss) < 1e-4, `${loss} is not ${golden.loss}`);
    }));

  it("trains to the same losses on every backend, dropout included, to 1e-4", async () => {
    // Golden: this test on the cpu backend (SESSIONLAB_BACKEND=cpu npx mocha test/models/sasrec.test.ts); the masks come from Rng.
    const { train, valid } = worlds.cycle;
    const model = new Sasrec({ ...tinyOptions, epochs: 3 });
    const { history } = await model.fit(train, valid, { rng: new Rng(5) });
    close(history!.map((row) => row["loss"]!), [2.784246, 1.460746, 0.768941], 1e-4);
    model.dispose();
  });

  it("both losses learn a cycle of items", async () => {
    for (const loss of ["softmax", "binary"] as const) {
      const { train, valid } = worlds.cycle;
      const model = new Sasrec({ ...tinyOptions, loss, negatives: 8, epochs: 12 });
      const { history, bestEpoch } = await model.fit(train, valid, { rng: new Rng(1) });
      assert.ok(history![bestEpoch! - 1]!["NDCG@10"]! > 0.95, `${loss}: ${JSON.stringify(history!.at(-1))}`);
      model.dispose();
    }
  });

  it("killed (SIGKILL) in training and fitted again, it ends with the bits of the uninterrupted run", () =>
    withFolder(async (folder) => {
      const whole = join(folder, "whole");
      assert.equal((await child("fit", join(folder, "unused"), whole).done).trim(), tf.getBackend(), "a fit starts the backend that initBackend does");
      const checkpoint = join(folder, "checkpoint");
      const killed = child("fit", checkpoint, join(folder, "never"));
      while (!existsSync(checkpointFile(checkpoint))) {
        assert.equal(killed.process.exitCode, null, "the training ended before its first checkpoint");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      killed.process.kill("SIGKILL");
      await killed.done.catch(() => undefined);
      assert.equal(existsSync(join(folder, "never")), false);
      const resumed = join(folder, "resumed");
      const output = await child("fit", checkpoint, resumed).done;
      assert.match(output, /resumed/);
      assert.deepEqual(readFileSync(join(resumed, "weights.safetensors")), readFileSync(join(whole, "weights.safetensors")));
    }));

  it("wrong options say what was expected", () => {
    assert.throws(() => new Sasrec({ heads: 3 }), (e: unknown) => e instanceof ConfigError && /SASRec\.heads to be a divisor of dimension, found 3/.test(e.message));
    assert.throws(() => new Sasrec({ dropout: 1 }), /SASRec\.dropout to be a number in \[0, 1\)/);
    assert.throws(() => new Sasrec({ epoch: 3 } as object), /did you mean "epochs"/);
  });
});

/** test/models/fit-child.ts in a process of its own. */
function child(...args: string[]): { process: ReturnType<typeof spawn>; done: Promise<string> } {
  const started = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), join(__dirname, "fit-child.ts"), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  started.stdout!.on("data", (text: Buffer) => (output += text.toString()));
  const done = new Promise<string>((resolve, reject) =>
    started.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(`the child ended with ${code}`)))),
  );
  return { process: started, done };
}
