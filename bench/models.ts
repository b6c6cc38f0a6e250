/**
 * One training step of each neural recommender at its published sizes, against the same model in PyTorch with the same
 * weights on the same batch; first both must have the same loss without dropout.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, NumericError } from "../src/core/errors";
import { Adagrad, Adam, Bert4Rec, Gru4Rec, Narm, Niser, Rng, SrGnn, Stamp, tf, type Items, type Optimiser, type ParameterSet, type TrainSessions } from "../src/index";
import type { Lesson, NeuralOptions, NeuralRecommender } from "../src/models/neural";
import { trainStep } from "../src/tensor/training";
import { here, still, type Case } from "./interleave";
import type { Peer } from "./peer";
import { sasrecCases } from "./sasrec";

/** Diginetica's catalogue, and Beauty's. */
const [diginetica, beauty] = [43_097, 12_102];

interface Bench {
  readonly name: string;
  /** The case's name on the other side. */
  readonly peer: string;
  readonly items: number;
  /** A session's length. */
  length(rng: Rng): number;
  make(options: object): NeuralRecommender<NeuralOptions>;
  readonly options: object;
  readonly withoutDropout: object;
  optimiser(weights: ParameterSet): Optimiser;
  /** What the other side needs of the model's options. */
  readonly given?: object;
}

/** Sessions are short, as Diginetica's: 4.8 items in the mean. */
const short = (rng: Rng): number => Math.min(20, 2 + Math.floor(-3.3 * Math.log(1 - rng.uniform())));

const graph = { dimension: 100, batch: 100, l2: 1e-5 };
const lanes = { dimension: 512, batch: 128, negatives: 2048, momentum: 0.15, penalty: 0.9, elu: 1 };
const encoder = { dimension: 64, batch: 256, maxLength: 50, heads: 2, blocks: 2, inner: 256 };

const benches: readonly Bench[] = [
  {
    ...{ name: "SR-GNN", peer: "sr-gnn", items: diginetica, length: short, make: (options) => new SrGnn(options), options: graph, withoutDropout: {} },
    optimiser: (weights) => new Adam(weights, { rate: still, l2: graph.l2 }),
  },
  {
    ...{ name: "NISER+", peer: "niser", items: diginetica, length: short, make: (options) => new Niser(options), options: graph, withoutDropout: { itemDropout: 0 } },
    optimiser: (weights) => new Adam(weights, { rate: still, l2: graph.l2 }),
  },
  {
    ...{ name: "GRU4Rec", peer: "gru4rec", items: diginetica, length: short, make: (options) => new Gru4Rec(options), options: lanes, given: lanes },
    withoutDropout: { inputDropout: 0, stateDropout: 0 },
    optimiser: (weights) => new Adagrad(weights, { rate: still, momentum: lanes.momentum }),
  },
  {
    ...{ name: "NARM", peer: "narm", items: diginetica, length: short, make: (options) => new Narm(options), options: {}, withoutDropout: { inputDropout: 0, outputDropout: 0 } },
    optimiser: (weights) => new Adam(weights, { rate: still }),
  },
  {
    ...{ name: "STAMP", peer: "stamp", items: diginetica, length: short, make: (options) => new Stamp(options), options: {}, withoutDropout: {} },
    optimiser: (weights) => new Adam(weights, { rate: still }),
  },
  {
    ...{ name: "BERT4Rec", peer: "bert4rec", items: beauty, length: () => 50, make: (options) => new Bert4Rec(options), options: encoder, withoutDropout: { dropout: 0 }, given: encoder },
    optimiser: (weights) => new Adam(weights, { rate: still }),
  },
];

/** What the bench uses of a fitted model beyond its interface. */
interface Inside {
  state(): { readonly weights: ParameterSet };
  lesson(train: TrainSessions): Lesson<unknown>;
}

const inside = (model: NeuralRecommender<NeuralOptions>): Inside => model as unknown as Inside;

/** SASRec's case and all others, or one of them. @throws NumericError when both sides do not give the same loss without dropout; ConfigError for a name that is none */
export async function modelCases(peer: Peer, only?: string): Promise<Case[]> {
  const names = ["SASRec", ...benches.map(({ name }) => name)];
  if (only !== undefined && !names.includes(only)) throw new ConfigError(`Expected --only with one of ${names.join(", ")}, found "${only}"`);
  const cases = only === undefined || only === "SASRec" ? (await sasrecCases(peer)).map((one, at) => (at === 0 ? { ...one, name: `SASRec, ${one.name}` } : one)) : [];
  for (const bench of benches) if (only === undefined || only === bench.name) cases.push(await caseOf(bench, peer));
  return cases;
}

async function caseOf(bench: Bench, peer: Peer): Promise<Case> {
  const rng = new Rng(1).child(bench.name);
  const { batch } = bench.make(bench.options).options;
  const train = randomSessions(bench, batch, rng.child("sessions"));
  const valid = { role: "valid" as const, items: train.items, sessions: train, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1), hash: "bench" };
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
  const [model, plain] = [bench.make({ ...bench.options, epochs: 1 }), bench.make({ ...bench.options, ...bench.withoutDropout, epochs: 1 })];
  try {
    for (const one of [model, plain]) await one.fit(train, valid, { rng: new Rng(1) });
    await model.save(folder);
    const { weights } = inside(model).state();
    inside(plain).state().weights.fromHost(weights.toHost());
    const lesson = inside(model).lesson(train);
    const step = lesson.batches(rng.child("batches"))[0]!;
    const given = { name: bench.peer, weights: join(folder, "weights.safetensors"), batch: plainJson(step), options: { ...model.options, ...bench.given } };
    const own = lossOf(inside(plain), train, step);
    const { value } = await peer.ask("model loss", given, 1);
    if (value === null || Math.abs(own - value) > 1e-4 * Math.max(1, own)) throw new NumericError(`Expected the same loss of both ${bench.name}s, found ${own} and ${value}; they are not the same model`, {});
    await peer.ask("model step", { ...given, rate: still }, 1); // reads the weights, which are removed below
    const task = { weights, optimiser: bench.optimiser(weights), loss: lesson.loss, rows: lesson.rows };
    let steps = 0;
    const ours = here(() => void trainStep(task, step, rng.child(`step ${steps++}`)));
    const { dimension } = model.options;
    const last = (): void => {
      lesson.carried?.dispose();
      task.optimiser.dispose();
      model.dispose();
    };
    return { name: `${bench.name}, training step, batch ${batch}, ${bench.items.toLocaleString("en")} items, d ${dimension}`, ours, peer: peer.timed("model step", { ...given, rate: still }), peerName: peer.name, last };
  } finally {
    plain.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The loss of the model's own lesson; its carried state is new, that is zero. */
function lossOf(model: Inside, train: TrainSessions, step: unknown): number {
  const lesson = model.lesson(train);
  const value = tf.tidy(() => {
    const values = model.state().weights.read();
    const rows = lesson.rows?.(step) ?? {};
    const read = Object.entries(values).map(([name, one]) => [name, rows[name] === undefined ? one : tf.gather(one, tf.tensor1d(rows[name]!, "int32"))]);
    return lesson.loss(Object.fromEntries(read) as Record<string, tf.Tensor>, step, new Rng(1)).dataSync()[0]!;
  });
  lesson.carried?.dispose();
  return value;
}

/** Enough sessions for one batch of targets or windows. */
function randomSessions(bench: Bench, batch: number, rng: Rng): TrainSessions {
  const lengths = Array.from({ length: batch }, () => bench.length(rng));
  const offsets = new Uint32Array(batch + 1);
  lengths.forEach((length, s) => (offsets[s + 1] = offsets[s]! + length));
  const items: Items = { ids: Array.from({ length: bench.items }, (_, item) => String(item)), trained: bench.items };
  return { role: "train", items, hash: "bench", offsets, item: Int32Array.from({ length: offsets[batch]! }, () => rng.int(bench.items)) };
}

/** A batch as JSON: columns as arrays, what is drawn when asked as what was drawn. */
function plainJson(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array);
  if (typeof value === "function") return plainJson((value as () => unknown)());
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainJson(one)]));
}
