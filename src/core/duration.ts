/** Seconds in words that a person reads: "0.31 s", "41 s", "2 min 5 s", "1 h 4 min". */

/**
 * A duration in words.
 * @param seconds 0 or more
 * @example
 * import { formatSeconds } from "sessionlab";
 * assert.equal(formatSeconds(0.314), "0.31 s");
 * assert.equal(formatSeconds(41.2), "41 s");
 * assert.equal(formatSeconds(125), "2 min 5 s");
 * assert.equal(formatSeconds(3840), "1 h 4 min");
 */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  if (whole < 10) return `${seconds.toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
