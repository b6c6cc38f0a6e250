/** The parts of a training step: fused softmax with its gradients and Adam, Adam alone, matmul, layer norm, attention. */
import { Adam, causalAttention, layerNorm, ParameterSet, Rng, tf } from "../src/index";
import { here, still, type Case, type Timed } from "./interleave";
import { Elsewhere, type Peer } from "./peer";
import { normals, softmaxStep } from "./softmax-step";

const [batch, length, dimension, items] = [256, 50, 64, 20_000];

/** The cases; what they hold lives until the process ends. */
export async function tensorCases(peer: Peer): Promise<Case[]> {
  const shape = { batch, length, dimension };
  const table = `${items.toLocaleString("en")} x ${dimension}`;
  const sequence = `[${batch}, ${length}, ${dimension}]`;
  const adam = oursAdam();
  const theirs = peer.timed("softmax step", { batch, items, dimension, rate: still });
  const wasm = await Elsewhere.start("wasm");
  return [
    { name: `softmax step, batch ${batch}, table ${table}`, ours: softmaxStep({ batch, items, dimension }), peer: theirs, peerName: peer.name },
    { name: `softmax step, batch ${batch}, table ${table}, ours on wasm, one thread`, ours: wasm.timed("softmax step", { batch, items, dimension }), peer: theirs, peerName: peer.name, last: () => wasm.stop() },
    { name: `Adam, ${table}`, ours: adam, peer: peer.timed("adam", { rows: items, dimension, fused: false }), peerName: peer.name },
    { name: `Adam, ${table}, fused`, ours: adam, peer: peer.timed("adam", { rows: items, dimension, fused: true }), peerName: `${peer.name}, fused=True` },
    { name: "matmul, 1024^3", ours: matmul(1024), peer: peer.timed("matmul", { size: 1024 }), peerName: peer.name },
    { name: `layer norm and gradient, ${sequence}`, ours: normGradient(), peer: peer.timed("layer norm", shape), peerName: peer.name },
    { name: `causal attention and gradient, ${sequence}`, ours: attentionGradient(), peer: peer.timed("attention", shape), peerName: peer.name },
  ];
}

function onDevice<T extends tf.Tensor>({ shape, data }: ReturnType<typeof normals>): T {
  return tf.keep(tf.tensor(data, shape as number[], "float32")) as T;
}

function oursAdam(): Timed {
  const rng = new Rng(2);
  const weights = new ParameterSet({ table: normals(rng.child("table"), 1, items, dimension) });
  const optimiser = new Adam(weights);
  const gradients = { table: onDevice(normals(rng.child("gradient"), 1, items, dimension)) };
  return here(() => optimiser.apply(gradients));
}

function matmul(size: number): Timed {
  const rng = new Rng(3);
  const [a, b] = ["a", "b"].map((name) => onDevice<tf.Tensor2D>(normals(rng.child(name), 1, size, size)));
  return here(() => tf.matMul(a!, b!).dispose());
}

function normGradient(): Timed {
  const rng = new Rng(4);
  const inputs = [onDevice(normals(rng.child("x"), 1, batch * length, dimension)), tf.keep(tf.ones([dimension])), tf.keep(tf.zeros([dimension]))];
  return gradient((x, gain, bias) => layerNorm(x as tf.Tensor2D, gain as tf.Tensor1D, bias as tf.Tensor1D), inputs);
}

function attentionGradient(): Timed {
  const rng = new Rng(5);
  const inputs = ["q", "k", "v"].map((name) => onDevice(normals(rng.child(name), 1, batch, length, dimension)));
  return gradient((q, k, v) => causalAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, { heads: 1, dropout: 0 }), inputs);
}

/** Forward and backward, from an upstream gradient. */
function gradient(forward: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): Timed {
  const upstream = tf.keep(tf.tidy(() => onDevice(normals(new Rng(6), 1, ...forward(...inputs).shape))));
  const gradients = tf.grads(forward);
  return here(() => tf.dispose(gradients(inputs, upstream)));
}
