/** Sizes in words: "512 B", "4.20 MB", "1.50 GB"; units are powers of ten. */

/** A number of bytes, 0 or more, in words. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  for (const [unit, size] of [["kB", 1e3], ["MB", 1e6]] as const) if (bytes < 999.5 * size) return `${(bytes / size).toPrecision(3)} ${unit}`;
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}
