/** Two sides measured in turn, in one run: what else the machine does falls on both. */

/** Runs a case that often and returns the milliseconds of each run. */
export type Timed = (times: number) => Promise<readonly number[]>;

/** One comparison. */
export interface Case {
  readonly name: string;
  readonly ours: Timed;
  readonly peer: Timed;
  readonly peerName: string;
  /** What ends with the case. */
  readonly last?: () => void;
}

/** A comparison as it is reported. */
export interface Result {
  readonly case: string;
  /** Median. */
  readonly ours: number;
  /** Median. */
  readonly peer: number;
  readonly unit: "ms" | "s" | "MB";
  /** ours / peer. */
  readonly ratio: number;
  readonly peerName: string;
}

/**
 * Adam's rate in repeated steps: the weights stay. At a real one a single batch is learnt by heart within the run, and
 * PyTorch's step took about four times as long (vanishing gradients as denormal numbers, probably; not confirmed).
 */
export const still = 1e-9;

const rounds = 9;
/** Milliseconds that a side runs at a time: long enough for the other's threads to fall asleep, short enough to take turns. */
const turn = 150;

/** Measures a case: both sides warmed up, then by turns, and who begins changes. */
export async function measure({ name, ours, peer, peerName, last }: Case): Promise<Result> {
  const sides = [ours, peer] as const;
  const samples: [number[], number[]] = [[], []];
  const times: number[] = [];
  for (const side of sides) {
    await side(2); // allocations, compilation, threads
    const [once] = await side(1);
    times.push(Math.max(1, Math.min(200, Math.round(turn / once!))));
  }
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) samples[side].push(...(await sides[side](times[side]!)));
  }
  last?.();
  return resultOf(name, "ms", median(samples[0]), median(samples[1]), peerName);
}

/** A result from the two numbers. */
export function resultOf(name: string, unit: "ms" | "s" | "MB", ours: number, peer: number, peerName: string): Result {
  const round = (value: number): number => Number(value.toPrecision(4));
  return { case: name, ours: round(ours), peer: round(peer), unit, ratio: round(ours / peer), peerName };
}

/** What runs here, as a side. Tensors that `work` makes are its own to dispose. */
export function here(work: () => void): Timed {
  return async (times) =>
    Array.from({ length: times }, () => {
      const started = performance.now();
      work();
      return performance.now() - started;
    });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
