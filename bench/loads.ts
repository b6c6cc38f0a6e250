/**
 * Trainings whose memory is watched: small, so that 10,000 steps take a minute, and between them they use the training
 * loop with every optimiser, the exact and the sampled loss, whole gradients and rows, attention, dropout and the GRU.
 */
import {
  Adagrad, gatherRows, gruStep, LazyAdam, negativeSampler, ParameterSet, Rng, sampledIds, sampledSoftmaxRows, Sasrec, softmaxLoss, tf, train,
  type HostTensor, type Progress, type TrainSessions,
} from "../src/index";

/** A training of `steps` steps; `onStep` is called after each. What it made is freed when it ends. */
export interface Load {
  readonly name: string;
  run(steps: number, onStep: () => void): Promise<void>;
}

const items = 200;
const width = 16;
/** Steps between two validations, which are part of a training. */
const epoch = 50;
const batchSize = 16;

export const loads: readonly Load[] = [
  { name: "SASRec, exact softmax, Adam", run: sasrec },
  { name: "GRU, exact softmax, Adagrad with momentum", run: (steps, onStep) => gru("gru", steps, onStep) },
  { name: "GRU, sampled softmax, LazyAdam by rows", run: (steps, onStep) => gru("rows", steps, onStep) },
];

/** Sessions of 8 items each: a window a session, so that an epoch has as many steps as it says. */
function sessionsOf(count: number): TrainSessions {
  const rng = new Rng("sessions");
  const length = 8;
  return {
    role: "train",
    offsets: Uint32Array.from({ length: count + 1 }, (_, session) => session * length),
    item: Int32Array.from({ length: count * length }, () => rng.int(items)),
    items: { ids: Array.from({ length: items }, (_, item) => String(item)), trained: items },
    hash: "generated",
  };
}

/** The model itself, as it is fitted. */
async function sasrec(steps: number, onStep: () => void): Promise<void> {
  const sessions = sessionsOf(epoch * batchSize);
  const valid = { role: "valid" as const, items: sessions.items, sessions, session: Int32Array.from({ length: 20 }, (_, n) => n), end: new Int32Array(20).fill(4), target: new Int32Array(20), hash: "generated" };
  const model = new Sasrec({ dimension: width, inner: width, blocks: 2, dropout: 0.2, batch: batchSize, maxLength: 7, epochs: Math.ceil(steps / epoch), patience: Math.ceil(steps / epoch) });
  await model.fit(sessions, valid, { rng: new Rng(1), progress: stepsOf(steps, onStep) });
  model.dispose();
}

/** Two steps of a GRU over the items of a session, which predict the third. */
async function gru(kind: "gru" | "rows", steps: number, onStep: () => void): Promise<void> {
  const rng = new Rng(kind);
  const normal = (...shape: number[]): HostTensor => ({ shape, data: rng.child(shape.join()).normals(shape.reduce((a, b) => a * b, 1)).map((value) => 0.1 * value) });
  const weights = new ParameterSet({ items: normal(items, width), gates: normal(2 * width, 2 * width), candidate: normal(2 * width, width), gateBias: normal(2 * width), candidateBias: normal(width) });
  const optimiser = kind === "gru" ? new Adagrad(weights, { rate: 0.01, momentum: 0.2 }) : new LazyAdam(weights);
  const sampler = negativeSampler(new Uint32Array(items).fill(1), 0);
  interface Batch {
    readonly inputs: readonly [Int32Array, Int32Array];
    readonly targets: Int32Array;
    readonly negatives: Int32Array;
  }
  const forward = (values: Record<string, tf.Tensor>, inputs: readonly tf.Tensor2D[]): tf.Tensor2D => {
    const { gates, candidate, gateBias, candidateBias } = values as { gates: tf.Tensor2D; candidate: tf.Tensor2D; gateBias: tf.Tensor1D; candidateBias: tf.Tensor1D };
    return inputs.reduce((hidden, input) => gruStep(input, hidden, { gates, candidate, gateBias, candidateBias }), tf.zeros([batchSize, width]) as tf.Tensor2D);
  };
  const whole = (values: Record<string, tf.Tensor>, { inputs, targets }: Batch): tf.Scalar => {
    const table = values["items"] as tf.Tensor2D;
    return softmaxLoss(forward(values, inputs.map((ids) => gatherRows(table, ids))), table, targets);
  };
  const byRows = (values: Record<string, tf.Tensor>, { targets, negatives }: Batch): tf.Scalar => {
    const rows = values["items"] as tf.Tensor2D; // of both inputs, then of targets and negatives
    const part = (from: number, size: number): tf.Tensor2D => rows.slice([from, 0], [size, -1]);
    const hidden = forward(values, [part(0, batchSize), part(batchSize, batchSize)]);
    return sampledSoftmaxRows(hidden, part(2 * batchSize, -1), targets, negatives, { logQ: sampler.logQ(negatives, negatives.length) });
  };
  const idsOf = ({ inputs, targets, negatives }: Batch): Int32Array => sampledIds(sampledIds(...inputs), sampledIds(targets, negatives));
  let metric = 0;
  try {
    await train<Batch>(
      {
        name: kind,
        identity: kind,
        weights,
        optimiser,
        epochs: Math.ceil(steps / epoch),
        patience: Math.ceil(steps / epoch),
        metric: "epochs",
        batches: (draw) =>
          Array.from({ length: epoch }, (_, n) => {
            const one = draw.child(n);
            const ids = (): Int32Array => Int32Array.from({ length: batchSize }, () => one.int(items));
            return { inputs: [ids(), ids()], targets: ids(), negatives: sampler.draw(one, 32) };
          }),
        ...(kind === "gru" ? { loss: whole } : { loss: byRows, rows: (batch: Batch) => ({ items: idsOf(batch) }) }),
        validate: async () => ++metric,
      },
      { rng: new Rng(2), progress: stepsOf(steps, onStep) },
    );
  } finally {
    optimiser.dispose();
    weights.dispose();
  }
}

/** Counts the steps of a training by its reports: one a step, and one more at the end of an epoch, with the same number. */
function stepsOf(steps: number, onStep: () => void): Progress {
  let seen = 0;
  let last = 0;
  return ({ done }) => {
    if (done === last || seen === steps) return;
    last = done;
    seen++;
    onStep();
  };
}
