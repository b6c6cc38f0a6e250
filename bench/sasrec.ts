/** One training step of SASRec, against the same model in PyTorch with the same weights on the same batch. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NumericError } from "../src/core/errors";
import { Adam, gatherRows, ParameterSet, Rng, Sasrec, sasrecDefaults, softmaxLoss, tf, trainingBatches, type Sessions, type TrainingBatch } from "../src/index";
import { loadModel } from "../src/models/files";
import { hiddenStates } from "../src/models/sasrec";
import { trainStep } from "../src/tensor/training";
import { here, still, type Case } from "./interleave";
import type { Peer } from "./peer";

const items = 12_102;
const options = { ...sasrecDefaults, dropout: 0.2, batch: 256 };
const { batch: size, maxLength: length, dimension, inner, blocks, dropout } = options;

/** The case. @throws NumericError when both do not give the same loss without dropout */
export async function sasrecCases(peer: Peer): Promise<Case[]> {
  const rng = new Rng(1);
  const sessions = randomSessions(rng.child("sessions"));
  const [batch] = trainingBatches(sessions, { batch: size, length, targets: "all" }, rng.child("batches")) as [TrainingBatch];
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
  try {
    const weights = await savedWeights(folder, sessions, rng.child("model"));
    const given = { weights: join(folder, "weights.safetensors"), input: [...batch.input], targets: [...batch.targets], batch: size, items, dimension, inner, blocks, length, dropout };
    const own = tf.tidy(() => lossOf(weights.read(), batch).dataSync()[0]!);
    const { value } = await peer.ask("sasrec loss", given, 1);
    if (value === null || Math.abs(own - value) > 1e-4) throw new NumericError(`Expected the same loss of both models, found ${own} and ${value}; they are not the same model`, {});
    const step = { ...given, rate: still };
    await peer.ask("sasrec", step, 1); // reads the weights, which are removed below
    const task = { weights, optimiser: new Adam(weights, { rate: still }), loss: lossOf };
    let steps = 0;
    const ours = here(() => void trainStep(task, batch, rng.child(`step ${steps++}`)));
    const name = `training step, batch ${size}, length ${length}, ${items.toLocaleString("en")} items, d ${dimension}`;
    return [{ name, ours, peer: peer.timed("sasrec", step), peerName: peer.name }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As many sessions as a batch has windows, each one full window. */
function randomSessions(rng: Rng): Sessions {
  return {
    offsets: Uint32Array.from({ length: size + 1 }, (_, session) => session * (length + 1)),
    item: Int32Array.from({ length: size * (length + 1) }, () => rng.int(items)),
  };
}

/** The weights of a model that was fitted for one step: saved, so that both sides read the same file. */
async function savedWeights(folder: string, sessions: Sessions, rng: Rng): Promise<ParameterSet> {
  const catalogue = { ids: Array.from({ length: items }, (_, item) => String(item)), trained: items };
  const table = { ...sessions, items: catalogue, hash: "bench" };
  const valid = { role: "valid" as const, items: catalogue, sessions: table, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1), hash: "bench" };
  const model = new Sasrec({ ...options, epochs: 1 });
  await model.fit({ ...table, role: "train" }, valid, { rng });
  await model.save(folder);
  model.dispose();
  const { tensors } = loadModel(folder, model.name);
  return new ParameterSet(Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }])));
}

/** SASRec's softmax loss, from its public parts. */
function lossOf(values: Readonly<Record<string, tf.Tensor>>, { input, batch, length: positions, places, targets }: TrainingBatch, rng?: Rng): tf.Scalar {
  const states = hiddenStates(values, input, batch, positions, options, rng); // [B*L, D]
  return softmaxLoss(gatherRows(states, places), values["item"] as tf.Tensor2D, targets);
}
