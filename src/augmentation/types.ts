/**
 * What augmentation is made of: who proposes slates, and what an augmenter gives back, with where each added session comes from.
 * Symbols: B sessions, K slots, A added sessions.
 */
import type { Rng } from "../core/rng";
import type { Sessions, TrainSessions } from "../data/types";

/** Makes counterfactual slates: the diffusion model, a recommender, chance. */
export interface SlateProposer {
  /** As tables name it: "guided diffusion". */
  readonly name: string;
  /**
   * K distinct items after each session.
   * @param sessions inside ids; what the user has chosen so far
   * @returns [B * K] inside ids
   */
  slates(sessions: Sessions, slots: number, rng: Rng): Promise<Int32Array>;
}

/** Sessions that are added to the training, and where each comes from. */
export interface Augmentation {
  readonly name: string;
  /** A sessions, of the training's items. */
  readonly sessions: Sessions;
  /** [A] the training session that each was made from. */
  readonly parent: Int32Array;
  /** [A] the place in the parent (0 for its first item) from which on it may differ; -1 for a plain copy. */
  readonly step: Int32Array;
  /** What else is known of each, by name, [A] each: "probability", "guidance", "round". */
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** [A * K] the slate that was set, where there was one. */
  readonly slates?: Int32Array;
  /** The seed's path: the same gives the same sessions. */
  readonly seed: string;
  /** What this hangs on, in words. */
  readonly assumptions: readonly string[];
}

/** Makes sessions for training out of training sessions, and nothing else. */
export interface Augmenter {
  readonly name: string;
  /** @param amount how many sessions; fewer where a filter leaves fewer */
  augment(train: TrainSessions, amount: number, rng: Rng): Promise<Augmentation>;
}
