/**
 * Session-parallel batches (Hidasi et al., ICLR 2016, section 3.1.1): each of B lanes walks one session, a transition a
 * step; when a session ends the next one takes its lane, and starts from nothing. When no session is left, lanes close.
 * Symbols: B lanes, S sessions.
 */
import { NONE, sessionCount, type Sessions } from "./types";

/** One step of all open lanes. */
export interface LaneStep {
  /** [B'] the items that the lanes stand at. */
  readonly input: Int32Array;
  /** [B'] the items that come next. */
  readonly targets: Int32Array;
  /** [B'] the lane of the step before that each lane goes on from; -1 where a session starts. */
  readonly carry: Int32Array;
}

/**
 * All steps of an epoch: each transition of each session once, sessions in their order.
 * @param lanes B; fewer where there are fewer sessions
 * @example
 * import { laneSteps } from "sessionlab";
 * const steps = laneSteps({ offsets: Uint32Array.of(0, 3, 5, 7), item: Int32Array.of(1, 2, 3, 4, 5, 6, 7) }, 2);
 * assert.deepEqual(steps.map(({ input }) => [...input]), [[1, 4], [2, 6]]); // the third session took the second lane
 * assert.deepEqual(steps.map(({ carry }) => [...carry]), [[-1, -1], [0, -1]]);
 */
export function laneSteps(sessions: Sessions, lanes: number): LaneStep[] {
  const { offsets, item } = sessions;
  let next = 0;
  /** The place of the next session with a transition, or -1. */
  const open = (): number => {
    while (next < sessionCount(sessions) && offsets[next + 1]! - offsets[next]! < 2) next++;
    return next < sessionCount(sessions) ? next++ : NONE;
  };
  let places: { readonly at: number; readonly end: number; readonly lane: number }[] = [];
  const enter = (lane: number): void => {
    const session = open();
    if (session !== NONE) places.push({ at: offsets[session]!, end: offsets[session + 1]! - 1, lane });
  };
  for (let lane = 0; lane < lanes; lane++) enter(NONE);
  const steps: LaneStep[] = [];
  while (places.length > 0) {
    steps.push({
      input: Int32Array.from(places, ({ at }) => item[at]!),
      targets: Int32Array.from(places, ({ at }) => item[at + 1]!),
      carry: Int32Array.from(places, ({ lane }) => lane),
    });
    const before = places;
    places = [];
    before.forEach(({ at, end }, lane) => {
      if (at + 1 < end) places.push({ at: at + 1, end, lane });
      else enter(NONE);
    });
  }
  return steps;
}
