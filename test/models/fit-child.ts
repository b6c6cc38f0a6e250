/** Fits a SASRec with a checkpoint after every step and saves it: a process for sasrec.test.ts to kill. It leaves the backend to `fit`. */
import { existsSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { Sasrec } from "../../src/models/sasrec";
import { checkpointFile } from "../../src/tensor/checkpoint";
import { worlds } from "../contract/worlds";

/** A SASRec that learns a world of 30 items in a second or two on any backend. */
export const tinyOptions = { dimension: 16, inner: 16, blocks: 1, heads: 2, maxLength: 6, batch: 64, dropout: 0.1, rate: 0.02 };

async function main(checkpoint: string, out: string): Promise<void> {
  const { train, valid } = worlds.cycle;
  const model = new Sasrec({ ...tinyOptions, epochs: 3 });
  if (existsSync(checkpointFile(checkpoint))) process.stdout.write("resumed\n");
  await model.fit(train, valid, { rng: new Rng(3), checkpoint, checkpointSeconds: 0 });
  await model.save(out);
  process.stdout.write(`${tf.getBackend()}\n`);
}

if (require.main === module) void main(process.argv[3]!, process.argv[4]!);
