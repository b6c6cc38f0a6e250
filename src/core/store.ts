/**
 * A place that several machines reach, beside each one's folder of the step cache: who misses a result looks there, and who has
 * computed one keeps it there. The process sets it once, because whoever calls `step` need not know of it.
 */

/** Keeps the files of results under the step's name and key. */
export interface StepStore {
  /** The files of a result, or undefined where it has none. Whether they are as they were written, the step checks. */
  fetch(name: string, key: string, signal?: AbortSignal): Promise<ReadonlyMap<string, Uint8Array> | undefined>;
  /** Keeps the files of a result: whole, or not to be found. */
  keep(name: string, key: string, files: ReadonlyMap<string, Uint8Array>, signal?: AbortSignal): Promise<void>;
}

let ofThisProcess: StepStore | undefined;

/** Sets the store of this process's steps, or none. */
export function setStepStore(store: StepStore | undefined): void {
  ofThisProcess = store;
}

/** The store of this process's steps. */
export function stepStore(): StepStore | undefined {
  return ofThisProcess;
}
