/** Fits a SASRec with a checkpoint after every step and saves it: a process for sasrec.test.ts to kill. */
import { existsSync } from "node:fs";
import { Rng } from "../../src/core/rng";
import { Sasrec } from "../../src/models/sasrec";
import { initBackend } from "../../src/tensor/backend";
import { checkpointFile } from "../../src/tensor/checkpoint";
import { cycleWorld, tinyOptions } from "./worlds";

async function main(checkpoint: string, out: string): Promise<void> {
  await initBackend();
  const { train, valid } = cycleWorld();
  const model = new Sasrec({ ...tinyOptions, epochs: 8, dropout: 0.3 });
  if (existsSync(checkpointFile(checkpoint))) process.stdout.write("resumed\n");
  await model.fit(train, valid, { rng: new Rng(3), checkpoint, checkpointSeconds: 0 });
  await model.save(out);
}

void main(process.argv[3]!, process.argv[4]!);
