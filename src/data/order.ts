/**
 * Stable orders of events, linear in their number: by group and time, or by time alone. A comparison sort of thirty
 * million events through a function takes most of a minute; these take seconds, and none where the order is there.
 */

/**
 * The stable order by (group, time): a counting sort by group, then a sort inside the groups that are not in time order.
 * @param group [N] groups from 0
 * @returns the order, and where each group ends in it
 */
export function orderByGroup(group: Int32Array, time: Float64Array): { readonly order: Uint32Array; readonly ends: Uint32Array } {
  let groups = 0;
  for (let n = 0; n < group.length; n++) if (group[n]! >= groups) groups = group[n]! + 1;
  const next = new Uint32Array(groups + 1);
  for (let n = 0; n < group.length; n++) next[group[n]! + 1]!++;
  for (let g = 0; g < groups; g++) next[g + 1]! += next[g]!;
  const ends = next.slice(1);
  const order = new Uint32Array(group.length);
  for (let n = 0; n < group.length; n++) order[next[group[n]!]!++] = n;
  for (let g = 0, start = 0; g < groups; start = ends[g]!, g++) sortByTime(order.subarray(start, ends[g]!), time);
  return { order, ends };
}

/** The stable order by time. @returns [N] */
export function orderByTime(time: Float64Array): Uint32Array {
  const order = new Uint32Array(time.length);
  for (let n = 0; n < order.length; n++) order[n] = n;
  sortByTime(order, time);
  return order;
}

/** From this size on, the passes of the radix sort pay. */
const manyEvents = 1 << 16;

/** Sorts positions by their times, stably. */
function sortByTime(order: Uint32Array, time: Float64Array): void {
  let sorted = true;
  for (let k = 1; k < order.length && sorted; k++) sorted = time[order[k]!]! >= time[order[k - 1]!]!;
  if (sorted) return;
  if (order.length < manyEvents) order.sort((a, b) => time[a]! - time[b]! || a - b);
  else radixSort(order, time);
}

/** From the lowest 16 bits to the highest; a digit that all times share costs one look. */
function radixSort(order: Uint32Array, time: Float64Array): void {
  const bits = new Uint32Array(2);
  const one = new Float64Array(bits.buffer);
  const high = bits[0] === 0 && (one[0] = 1, bits[1] !== 0) ? 1 : 0; // which half holds the sign
  let from: Uint32Array = order;
  let to: Uint32Array = new Uint32Array(order.length);
  const keys = new Uint16Array(time.length);
  for (let digit = 0; digit < 4; digit++) {
    const half = digit < 2 ? 1 - high : high;
    const shift = digit % 2 === 0 ? 0 : 16;
    const starts = new Uint32Array(65537);
    for (let k = 0; k < from.length; k++) {
      const n = from[k]!;
      one[0] = time[n]! + 0; // -0 and 0 are one time
      // Floats sort as integers once negative ones are turned over and the others' sign is set.
      const negative = bits[high]! >>> 31 === 1;
      const word = negative ? ~bits[half]! : half === high ? bits[half]! ^ 0x80000000 : bits[half]!;
      keys[n] = word >>> shift;
      starts[keys[n]! + 1]!++;
    }
    if (starts.includes(from.length)) continue;
    for (let d = 0; d < 65536; d++) starts[d + 1]! += starts[d]!;
    for (let k = 0; k < from.length; k++) to[starts[keys[from[k]!]!]!++] = from[k]!;
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from);
}
