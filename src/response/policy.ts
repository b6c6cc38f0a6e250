/**
 * What makes slates: a function from what is known of the sessions to K items for each. The logging policy of a world, a
 * recommender in the loop and the slate mechanism of a counterfactual are all of this form. A policy keeps no memory: the
 * same context gives the same slates, and what it draws it looks up by (session, step).
 */
import type { Sessions } from "../data/types";
import type { StepView } from "./mechanism";

/** What a policy is told. */
export interface PolicyContext extends StepView {
  /** The clicks so far, a session for each of the n. */
  readonly history: Sessions;
  /** K. */
  readonly slots: number;
  /** V. */
  readonly items: number;
}

/** Makes slates. `states` of the context are for policies that may look into the glass box. */
export interface SlatePolicy {
  /** In tables: "random", "SASRec". */
  readonly name: string;
  /** @returns [n, K] items, none twice on a slate */
  slates(context: PolicyContext): Int32Array;
}

/** The clicks of many sessions as they come. */
export class ClickHistories {
  private readonly items: number[][];

  constructor(sessions: number) {
    this.items = Array.from({ length: sessions }, () => []);
  }

  /** Notes the clicks of a step, in the order of the slots. */
  add(index: Int32Array, slates: Int32Array, clicked: Uint8Array, slots: number): void {
    for (let at = 0; at < clicked.length; at++) if (clicked[at] === 1) this.items[index[Math.floor(at / slots)]!]!.push(slates[at]!);
  }

  /** The clicks of some sessions. */
  of(index: Int32Array): Sessions {
    const offsets = new Uint32Array(index.length + 1);
    index.forEach((s, row) => (offsets[row + 1] = offsets[row]! + this.items[s]!.length));
    const item = new Int32Array(offsets[index.length]!);
    index.forEach((s, row) => item.set(this.items[s]!, offsets[row]!));
    return { offsets, item };
  }
}
