/**
 * The guided diffusion model at Diginetica's size against PyTorch with the same weights: a training step (noise, the network,
 * its gradients, Adam) and a sample by DDIM under guidance; first both must predict the same. And slates by the clock:
 * ten thousand of ten items over all 43,097, twenty steps of DDIM, in a minute at most.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { denoise, denoiserWeights, type Conditions } from "../src/augmentation/diffusion/denoisers";
import { diffusionDefaults, DiffusionModel } from "../src/augmentation/diffusion/diffusion-model";
import { diffusionLoss, type SessionEncoder } from "../src/augmentation/diffusion/lesson";
import { guided, runSampler, type Predict } from "../src/augmentation/diffusion/samplers";
import { diffusionProposer } from "../src/augmentation/diffusion/slates";
import { NumericError } from "../src/core/errors";
import { encodeSafetensors } from "../src/core/safetensors";
import { Adam, diffusionSchedule, ParameterSet, Rng, type Sessions, type TrainSessions } from "../src/index";
import { neuralDefaults } from "../src/models/neural";
import { trainStep } from "../src/tensor/training";
import type { Check } from "./checks";
import { here, still, type Case } from "./interleave";
import type { Peer } from "./peer";

/** Diginetica's items, NISER+'s dimension. */
const [items, dimension] = [43_097, 100];
const { batch, times, width, blocks } = diffusionDefaults;
/** Sessions that sample together, through how many steps, under which guidance. */
const [sampled, steps, guidance] = [512, 20, 1];
const [slates, slots, limit] = [10_000, 10, 60];

/** A training step and a sample. @throws NumericError when both sides do not predict the same */
export async function diffusionCases(peer: Peer): Promise<Case[]> {
  const rng = new Rng("bench diffusion");
  const shape = diffusionDefaults;
  const schedule = diffusionSchedule(shape.schedule, times);
  const host = denoiserWeights(shape, { items: dimension, states: dimension, popularity: true }, rng.child("weights"));
  const matrix = (name: string, rows: number): Float32Array => rng.child(name).normals(rows * dimension);
  const given = { states: matrix("states", sampled), start: matrix("start", sampled), table: matrix("table", items) };
  const targets = Int32Array.from({ length: batch }, () => rng.int(items));
  const popularity = Float32Array.from({ length: items }, () => rng.uniform());
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
  try {
    const file = join(folder, "diffusion.safetensors");
    const tensors = { ...host, "given/states": { shape: [sampled, dimension], data: given.states }, "given/start": { shape: [sampled, dimension], data: given.start }, "given/table": { shape: [items, dimension], data: given.table }, "given/popularity": { shape: [items], data: popularity }, "given/signal": { shape: [times], data: Float32Array.from(schedule.signal) } };
    writeFileSync(file, encodeSafetensors(Object.fromEntries(Object.entries(tensors).map(([name, { shape: size, data }]) => [name, { dtype: "F32" as const, shape: size, data }])), {}));
    const asked = { file, options: { width, blocks, times, batch, steps, guidance, rate: still, drop: shape.drop, popularityDrop: shape.popularityDrop }, targets: Array.from(targets) };
    const weights = new ParameterSet(host);
    const optimiser = new Adam(weights, { rate: still });
    const table = tf.tensor2d(given.table, [items, dimension]);
    const [states, start] = [tf.tensor2d(given.states, [sampled, dimension]), tf.tensor2d(given.start, [sampled, dimension])];
    const whole = (count: number, value: number): Float32Array => new Float32Array(count).fill(value);
    // As `DiffusionModel` asks: without a state and a popularity all rows have one condition.
    const ask = (values: Record<string, tf.Tensor>, { states: of, withState, rows }: Pick<Conditions, "states" | "withState" | "rows">): Predict => (x, time) =>
      denoise(values, x, whole(withState.length, time), times, { states: of, withState, rows, popularity: whole(withState.length, -1) }, shape, false);
    const sample = (): tf.Tensor2D =>
      tf.tidy(() => {
        const values = weights.read();
        const none = { states: tf.zeros<tf.Rank.R2>([1, dimension]), withState: whole(1, 0), rows: new Int32Array(sampled) };
        return runSampler(guided(ask(values, { states, withState: whole(sampled, 1) }), ask(values, none), guidance), start, schedule, { sampler: "ddim", steps }, () => new Float32Array(0));
      });
    const own = tf.tidy(() => sample().square().mean().dataSync()[0]!);
    const { value } = await peer.ask("diffusion sample", asked, 1);
    if (value === null || Math.abs(own / value - 1) > 1e-3) throw new NumericError(`Expected the same samples of both sides, found mean squares of ${own} and ${value}; they are not the same model`, {});
    await peer.ask("diffusion step", asked, 1); // reads the file, which is removed below
    const setting = { ...shape, shape, schedule, popularity };
    const one = { states: given.states.subarray(0, batch * dimension), targets };
    let step = 0;
    const train = here(() => void trainStep({ weights, optimiser, loss: (values, pairs: typeof one, stepRng) => diffusionLoss(values, table, pairs, setting, stepRng) }, one, rng.child(`step ${step++}`)));
    const last = (): void => [optimiser, weights, table, states, start].forEach((each) => each.dispose());
    const size = `d ${dimension}, adaln of width ${width}, ${blocks} blocks`;
    return [
      { name: `diffusion, training step, batch ${batch}, ${size}`, ours: train, peer: peer.timed("diffusion step", asked), peerName: peer.name },
      { name: `diffusion, DDIM, ${steps} steps under guidance, ${sampled} sessions, ${size}`, ours: here(() => sample().dispose()), peer: peer.timed("diffusion sample", asked), peerName: peer.name, last },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Slates of both kinds, a minute each. */
export async function slateChecks(tell: (line: string) => void): Promise<readonly Check[]> {
  const base = randomBase(new Rng("bench slates"));
  const sessions: Sessions = { offsets: Uint32Array.from({ length: slates + 1 }, (_, s) => s), item: Int32Array.from({ length: slates }, (_, s) => (37 * s) % items) };
  const train: TrainSessions = { role: "train", hash: "bench", items: base.items, offsets: Uint32Array.of(0, 512), item: Int32Array.from({ length: 512 }, (_, at) => at) };
  const model = new DiffusionModel({ epochs: 1, steps, guidance });
  await model.fit(base, train, undefined, { rng: new Rng(1) });
  const checks: Check[] = [];
  for (const retrieval of ["top", "draws"] as const) {
    const proposer = diffusionProposer(model, { retrieval });
    await proposer.slates({ offsets: sessions.offsets.subarray(0, 11), item: sessions.item.subarray(0, 10) }, slots, new Rng(1)); // threads, allocations
    const started = performance.now();
    await proposer.slates(sessions, slots, new Rng(2));
    const ours = Number(((performance.now() - started) / 1000).toPrecision(3));
    const how = retrieval === "top" ? "one sample's nearest" : `${slots} samples`;
    tell(`${slates.toLocaleString("en")} slates of ${slots}, ${how}: ${ours} s`);
    checks.push({ case: `${slates.toLocaleString("en")} slates of ${slots} (${how}) over ${items.toLocaleString("en")} items, DDIM ${steps} steps, guidance ${guidance}`, ours, limit, unit: "s", holds: ours <= limit });
  }
  model.dispose();
  return checks;
}

/** A recommender of random vectors: what it costs to make slates does not hang on what they are. */
function randomBase(rng: Rng): SessionEncoder {
  const data = rng.normals(items * dimension);
  return {
    name: "random",
    options: neuralDefaults,
    items: { ids: Array.from({ length: items }, (_, item) => String(item)), trained: items },
    outputVectors: () => ({ shape: [items, dimension], data }),
    states: ({ offsets, item }: Sessions) => {
      const rows = new Float32Array((offsets.length - 1) * dimension);
      for (let s = 0; s < offsets.length - 1; s++) rows.set(data.subarray(item[offsets[s + 1]! - 1]! * dimension, (item[offsets[s + 1]! - 1]! + 1) * dimension), s * dimension);
      return tf.tensor2d(rows, [offsets.length - 1, dimension]);
    },
  };
}
