/** Small made-up worlds that a model can learn in a second. */
import type { Cases, Items, TrainSessions } from "../../src/data/types";
import { Rng } from "../../src/core/rng";

/** 12 items in a cycle: after item i comes i + 1. Sessions start anywhere and have 3 to 8 items. */
export function cycleWorld(items = 12, sessions = 60): { train: TrainSessions; valid: Cases<"valid"> } {
  const rng = new Rng("cycle");
  const rows = Array.from({ length: sessions }, () => {
    const start = rng.int(items);
    return Array.from({ length: 3 + rng.int(6) }, (_, i) => (start + i) % items);
  });
  const offsets = new Uint32Array(sessions + 1);
  rows.forEach((row, s) => (offsets[s + 1] = offsets[s]! + row.length));
  const item = Int32Array.from(rows.flat());
  const catalogue: Items = { ids: Array.from({ length: items }, (_, i) => `item ${i}`), trained: items };
  const held = Array.from({ length: items }, (_, i) => i);
  return {
    train: { role: "train", items: catalogue, offsets, item, hash: "cycle-train" },
    valid: {
      role: "valid",
      items: catalogue,
      sessions: { offsets: Uint32Array.from({ length: items + 1 }, (_, i) => 3 * i), item: Int32Array.from(held.flatMap((i) => [i, (i + 1) % items, (i + 2) % items])) },
      session: Int32Array.from(held),
      end: new Int32Array(items).fill(2),
      target: Int32Array.from(held, (i) => (i + 2) % items),
      hash: "cycle-valid",
    },
  };
}

/** A SASRec that fits such a world in about a second on any backend. */
export const tinyOptions = { dimension: 16, inner: 16, blocks: 1, heads: 2, maxLength: 6, batch: 16, dropout: 0.1, patience: 100 };
