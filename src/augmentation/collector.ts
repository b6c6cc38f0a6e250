/** Sessions that augmenters make, gathered one by one with where each comes from, none twice. */
import type { Rng } from "../core/rng";
import { ConfigError } from "../core/errors";
import { sessionsOf } from "../data/sequences";
import type { TrainSessions } from "../data/types";
import type { Augmentation } from "./types";

/** One made session. */
export interface Made {
  readonly items: readonly number[];
  readonly parent: number;
  readonly step: number;
  readonly columns?: Readonly<Record<string, number>>;
  readonly slate?: ArrayLike<number>;
}

/** The items of one session. */
export function itemsOf({ offsets, item }: Pick<TrainSessions, "offsets" | "item">, s: number): number[] {
  return Array.from(item.subarray(offsets[s], offsets[s + 1]));
}

/** Sessions of `least` items or more, in an order drawn by chance. */
export function drawnSessions(train: TrainSessions, least: number, rng: Rng): Int32Array {
  const all = Int32Array.from({ length: train.offsets.length - 1 }, (_, s) => s).filter((s) => train.offsets[s + 1]! - train.offsets[s]! >= least);
  return rng.shuffle(all);
}

/** Throws for an amount that is none. @throws ConfigError */
export function checkAmount(amount: number): void {
  if (!(Number.isInteger(amount) && amount >= 0)) throw new ConfigError(`Expected a whole number of sessions to add, found ${amount}`);
}

/** Gathers up to `amount` sessions. */
export class Collector {
  private readonly made: Made[] = [];
  private readonly known = new Set<string>();

  constructor(
    private readonly train: TrainSessions,
    readonly amount: number,
  ) {
    checkAmount(amount);
  }

  get full(): boolean {
    return this.made.length >= this.amount;
  }

  /** The sessions so far. */
  get all(): readonly Made[] {
    return this.made;
  }

  /** Takes a session unless there are enough, or one of the same items and parent is there. */
  add(one: Made, twice = false): void {
    const key = `${one.parent}|${one.items.join()}`;
    if (this.full || (!twice && this.known.has(key))) return;
    this.known.add(key);
    this.made.push(one);
  }

  /** Whether a session is its parent again. */
  isCopy({ items, parent }: Pick<Made, "items" | "parent">): boolean {
    const from = this.train.offsets[parent]!;
    return items.length === this.train.offsets[parent + 1]! - from && items.every((item, at) => item === this.train.item[from + at]);
  }

  done(name: string, rng: Rng, assumptions: readonly string[]): Augmentation {
    const { made, train } = this;
    const parent = Int32Array.from(made, (one) => one.parent);
    const names = Object.keys(made[0]?.columns ?? {});
    const slots = made[0]?.slate?.length;
    const slates = slots === undefined ? undefined : new Int32Array(made.length * slots);
    made.forEach(({ slate }, at) => slates?.set(Array.from(slate!), at * slots!));
    return {
      name,
      sessions: { ...sessionsOf(made.map(({ items }) => items)), user: train.user && parent.map((s) => train.user![s]!) },
      parent,
      step: Int32Array.from(made, (one) => one.step),
      columns: Object.fromEntries(names.map((column) => [column, Float64Array.from(made, ({ columns }) => columns![column]!)])),
      ...(slates && { slates }),
      seed: rng.state().path,
      assumptions,
    };
  }
}
