/** One case of large.ts in a process of its own, so that its peak of memory is its own: prints one line of JSON. */
import { Adam, initBackend, LazyAdam, negativeSampler, ParameterSet, Rng, sampledIds, sampledSoftmaxRows, softmaxLoss, tf } from "../src/index";
import { trainStep } from "../src/tensor/training";
import { peakSoFar } from "../src/tensor/planner";
import { shape } from "./large";

const { items, dimension, batch, negatives, steps, checked } = shape;

/** What a training child prints. */
export interface Trained {
  readonly ms: readonly number[];
  /** Of the same batch, before each step. */
  readonly losses: readonly number[];
  readonly peakBytes: number;
}

/** What the comparing child prints: the largest differences from float64, relative to the largest number of their kind. */
export interface Compared {
  readonly loss: number;
  readonly hiddenGradient: number;
  readonly tableGradient: number;
}

const rng = new Rng(1);
const scaled = (name: string, count: number, scale: number): Float32Array => {
  const values = rng.child(name).normals(count);
  for (let n = 0; n < count; n++) values[n]! *= scale;
  return values;
};
const draw = rng.child("targets");
const targetsOf = (count: number): Int32Array => Int32Array.from({ length: count }, () => draw.int(items));

function train(kind: "exact" | "sampled"): Trained {
  const weights = new ParameterSet({
    hidden: { shape: [batch, dimension], data: scaled("hidden", batch * dimension, 1) },
    table: { shape: [items, dimension], data: scaled("table", items * dimension, 0.02) },
  });
  const targets = targetsOf(batch);
  const hiddenOf = (values: Record<string, tf.Tensor>): tf.Tensor2D => values["hidden"] as tf.Tensor2D;
  const exact = () => ({
    weights,
    optimiser: new Adam(weights, { rate: 0.01 }),
    loss: (values: Record<string, tf.Tensor>) => softmaxLoss(hiddenOf(values), values["table"] as tf.Tensor2D, targets),
  });
  const sampled = () => {
    const sampler = negativeSampler(new Uint32Array(items).fill(1), 0);
    const drawn = sampler.draw(rng.child("negatives"), negatives);
    const logQ = sampler.logQ(drawn, negatives);
    return {
      weights,
      optimiser: new LazyAdam(weights, { rate: 0.01 }),
      loss: (values: Record<string, tf.Tensor>) => sampledSoftmaxRows(hiddenOf(values), values["table"] as tf.Tensor2D, targets, drawn, { logQ }),
      rows: () => ({ table: sampledIds(targets, drawn) }),
    };
  };
  const task = kind === "exact" ? exact() : sampled();
  const [ms, losses]: [number[], number[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    const started = performance.now();
    losses.push(trainStep(task, undefined, rng));
    ms.push(performance.now() - started);
  }
  return { ms, losses, peakBytes: peakSoFar() };
}

/** The exact loss against float64: value, the gradient of the hidden states, and that of 1,000 rows of the table, the targets' among them. */
function compare(): Compared {
  const [hidden, table, targets] = [scaled("hidden", checked * dimension, 1), scaled("table", items * dimension, 0.3), targetsOf(checked)];
  const { value, grads } = tf.valueAndGrads((h, e) => softmaxLoss(h as tf.Tensor2D, e as tf.Tensor2D, targets))([tf.tensor2d(hidden, [checked, dimension]), tf.tensor2d(table, [items, dimension])]);
  const [ofHidden, ofTable] = grads.map((gradient) => gradient.dataSync()) as [Float32Array, Float32Array];
  const logit = (n: number, v: number): number => {
    let sum = 0;
    for (let d = 0; d < dimension; d++) sum += hidden[n * dimension + d]! * table[v * dimension + d]!;
    return sum;
  };
  const rows = [...new Set([...targets, ...Array.from({ length: 1000 }, (_, n) => (n * 997) % items)])];
  const rowGradient = new Float64Array(rows.length * dimension);
  const hiddenGradient = new Float64Array(checked * dimension);
  let loss = 0;
  for (let n = 0; n < checked; n++) {
    const logits = Float64Array.from({ length: items }, (_, v) => logit(n, v));
    const top = logits.reduce((a, b) => Math.max(a, b));
    const total = logits.reduce((sum, one) => sum + Math.exp(one - top), 0);
    loss -= (logits[targets[n]!]! - top - Math.log(total)) / checked;
    const slope = (v: number): number => (Math.exp(logits[v]! - top) / total - (v === targets[n] ? 1 : 0)) / checked;
    for (let v = 0; v < items; v++) {
      const s = slope(v);
      for (let d = 0; d < dimension; d++) hiddenGradient[n * dimension + d]! += s * table[v * dimension + d]!;
    }
    rows.forEach((v, row) => {
      const s = slope(v);
      for (let d = 0; d < dimension; d++) rowGradient[row * dimension + d]! += s * hidden[n * dimension + d]!;
    });
  }
  const found = Float32Array.from({ length: rowGradient.length }, (_, n) => ofTable[rows[Math.floor(n / dimension)]! * dimension + (n % dimension)]!);
  return { loss: Math.abs(value.dataSync()[0]! - loss) / loss, hiddenGradient: distance(ofHidden, hiddenGradient), tableGradient: distance(found, rowGradient) };
}

function distance(found: Float32Array, reference: Float64Array): number {
  const size = reference.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  return reference.reduce((most, one, n) => Math.max(most, Math.abs(found[n]! - one)), 0) / size;
}

async function main(kind: string): Promise<void> {
  await initBackend();
  console.log(JSON.stringify(kind === "compare" ? compare() : train(kind as "exact" | "sampled")));
}

if (require.main === module) void main(process.argv[2]!);
