/**
 * Full ranking of Diginetica's size: scores of every item, the target's rank with its ties, and the 100 best items.
 * A seeded part of the 60,858 cases is enough: every batch costs the same.
 */
import { countRanks, Rng, tf, topItems } from "../src/index";
import { here, type Case } from "./interleave";
import type { Peer } from "./peer";

const [cases, items, dimension, k, batch, batches] = [60_858, 43_097, 100, 100, 256, 8];

/** Ours against the bare product on our backend, and against PyTorch's product and top-k. */
export function rankCases(peer: Peer): Case[] {
  const rng = new Rng(1);
  const random = (name: string, rows: number): tf.Tensor2D => tf.keep(tf.tensor2d(rng.child(name).normals(rows * dimension), [rows, dimension], "float32"));
  const table = random("table", items);
  const hidden = Array.from({ length: batches }, (_, at) => random(`hidden ${at}`, batch));
  const draw = rng.child("targets");
  const targets = hidden.map(() => Int32Array.from({ length: batch }, () => draw.int(items)));
  const product = (part: tf.Tensor2D): tf.Tensor2D => tf.matMul(part, table, false, true); // [B, V]
  const ranking = here(() =>
    hidden.forEach((part, at) => {
      const scores = product(part);
      countRanks(scores, targets[at]!, items);
      topItems(scores, items, k);
      scores.dispose();
    }),
  );
  const bare = here(() => hidden.forEach((part) => product(part).dispose()));
  const name = `${(batch * batches).toLocaleString("en")} of ${cases.toLocaleString("en")} cases, ${items.toLocaleString("en")} items, d ${dimension}`;
  return [
    { name: `ranks and ${k} best of ${name}`, ours: ranking, peer: bare, peerName: "the bare matmul, same backend" },
    { name: `ranks and ${k} best of ${name}, against PyTorch`, ours: ranking, peer: peer.timed("rank", { batch, batches, items, dimension, k }), peerName: `${peer.name}, matmul and topk without ranks` },
  ];
}
