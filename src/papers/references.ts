/** Numbers that others measured: each is typed once, here, with where it comes from and how it was measured. */

/** A row of somebody else's numbers, for a table under the same protocol. */
export interface Reference {
  readonly name: string;
  readonly dataset: string;
  readonly protocol: "time" | "loo";
  /** "HR@10" and so on. */
  readonly valid: Readonly<Record<string, number>>;
  readonly test: Readonly<Record<string, number>>;
  readonly seeds: number;
  /** Who measured it, with what, and what differs from our own rows. */
  readonly provenance: string;
}

/**
 * SASRec of RecBole on MovieLens-100K. Measured for this project by running RecBole 1.2.1 with its own settings
 * (hidden 64, 2 layers, 2 heads, inner 256, dropout .5, length 50, cross-entropy, batch 2048 of expanded prefixes),
 * leave-one-out in time order, full ranking; best at epoch 7 of 14.
 */
export const recboleSasrec: Reference = {
  name: "SASRec of RecBole",
  dataset: "ml-100k",
  protocol: "loo",
  valid: { "NDCG@10": 0.0642, "HR@10": 0.14 },
  test: { "NDCG@10": 0.0581, "HR@10": 0.1188, "HR@100": 0.5345, "MRR@10": 0.04 },
  seeds: 1,
  provenance:
    "SASRec of RecBole: RecBole 1.2.1 run by us with its defaults (length 50, cross-entropy, full ranking, leave-one-out in time order), one seed (2020), best epoch by validation; it ranks the whole catalogue, and its row takes part in no test.",
};

/** All of them. */
export const references: readonly Reference[] = [recboleSasrec];
