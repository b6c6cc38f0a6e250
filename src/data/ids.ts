/** The order of outside ids, the same in every table: dictionaries are built in it, and the hash of data depends on it. */

/** Canonical order of outside ids: integers of up to 15 digits by value and first, the rest by code unit. */
export function compareIds(a: string, b: string): number {
  return compareKeys(keyOf(a), keyOf(b)) || (a < b ? -1 : a > b ? 1 : 0);
}

/** The number that an id is, or infinity: what ids are ordered by first. */
export function keyOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : Infinity;
}

/** Not their difference: infinity less infinity is no number. */
export function compareKeys(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
