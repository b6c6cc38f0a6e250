/** What tables in compressed rows share: where their rows start, and rows in order. */

/** Counts, each one place on from its row, become where the rows start: [0, 2, 1] -> [0, 2, 3]. @returns the same array */
export function startsOf(counts: Uint32Array): Uint32Array {
  for (let at = 1; at < counts.length; at++) counts[at]! += counts[at - 1]!;
  return counts;
}

/** Longer ranges are sorted by the engine. */
const insertionLength = 48;

/** Sorts values[from] .. values[to - 1] in place: most rows are short, and of those an insertion is the fastest sort. */
export function sortRange(values: Int32Array, from: number, to: number): void {
  if (to - from > insertionLength) {
    values.subarray(from, to).sort();
    return;
  }
  for (let n = from + 1; n < to; n++) {
    const value = values[n]!;
    let at = n;
    for (; at > from && values[at - 1]! > value; at--) values[at] = values[at - 1]!;
    values[at] = value;
  }
}
