/**
 * The ranks of an evaluation in few characters, for result files: with them any session can draw intervals, tests and slices
 * from `results/` alone, without a model. Ranks beyond 255 are kept as such: HR, MRR and NDCG up to a cut-off of 255 come back
 * to the bit, with ties by their expectation or any rule that does not look at popularity.
 * Form: per case one byte of items ahead of the target (255: so many or more) and two of items that tie with it (at most 65535;
 * 0 for a target that training never saw), gzip, base64. Symbols: C cases.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError } from "../core/errors";
import type { RankCounts } from "./ranks";

const far = 255;

/**
 * Packs ranks.
 * @example
 * import { packRanks, unpackRanks } from "sessionlab";
 * const counts = { greater: Int32Array.of(0, 7, 4000), equal: Int32Array.of(1, 2, 0), ahead: Int32Array.of(0, 0, 0) };
 * assert.deepEqual(Array.from(unpackRanks(packRanks(counts), 3).greater), [0, 7, 255]);
 */
export function packRanks({ greater, equal }: Pick<RankCounts, "greater" | "equal">): string {
  const size = greater.length;
  const bytes = Buffer.alloc(3 * size);
  greater.forEach((count, c) => {
    bytes[c] = Math.min(count, far);
    bytes.writeUInt16LE(Math.min(equal[c]!, 0xffff), size + 2 * c);
  });
  return gzipSync(bytes, { level: 9 }).toString("base64");
}

/**
 * Unpacks them.
 * @param cases how many there must be
 * @throws DataError for other text, or another number of cases
 * @example
 * import { packRanks, unpackRanks } from "sessionlab";
 * const packed = packRanks({ greater: Int32Array.of(3), equal: Int32Array.of(1) });
 * assert.throws(() => unpackRanks(packed, 2), /packed ranks of 2 cases, found 1/);
 */
export function unpackRanks(packed: string, cases: number): RankCounts {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(Buffer.from(packed, "base64"));
  } catch (error) {
    throw new DataError("Expected packed ranks, found other text; run the experiment again", {}, { cause: error });
  }
  if (bytes.length !== 3 * cases) throw new DataError(`Expected packed ranks of ${cases} cases, found ${bytes.length / 3}; they are of other data`, {});
  return {
    greater: Int32Array.from(bytes.subarray(0, cases)),
    equal: Int32Array.from({ length: cases }, (_, c) => bytes.readUInt16LE(cases + 2 * c)),
    ahead: new Int32Array(cases),
  };
}
