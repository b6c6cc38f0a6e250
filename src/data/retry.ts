/** What may pass, and the pauses before another try: one rule for downloads, SPARQL endpoints and embedding endpoints. */

/** Something that another try may mend, after a pause of so many milliseconds. */
export class Interruption extends Error {
  constructor(message: string, readonly pause = 0, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * Milliseconds to wait before another try: what the server asked for, at least the backoff, which doubles.
 * @param failures in a row so far, from 1
 */
export function pauseBefore(failures: number, backoff: number, asked: number, longest: number): number {
  return Math.min(longest, Math.max(asked, backoff * 2 ** (failures - 1)));
}

/** Whether a status of HTTP may pass. */
export function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** Retry-After, in seconds or as a date. @returns milliseconds */
export function pauseOf(value: string | null): number {
  if (value === null) return 0;
  const pause = /^\d+$/.test(value.trim()) ? 1000 * Number(value) : Date.parse(value) - Date.now();
  return Number.isFinite(pause) ? Math.max(0, pause) : 0;
}

/** The innermost message of an error: `fetch` hides what happened in its causes. */
export function innermost(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  if (!(inner instanceof Error)) return String(inner);
  return inner.message === "" && "code" in inner ? String(inner.code) : inner.message;
}
