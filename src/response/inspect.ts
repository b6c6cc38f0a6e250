/** One session as it was and as it would have been, side by side: what a notebook shows, and what an error is looked for in. */
import { ConfigError } from "../core/errors";
import type { Abducted } from "./abduct";
import { gather, walk, walkersOf, widthOf, type Mechanism } from "./mechanism";
import type { Counterfactual } from "./predict";
import { takeSessions, type SlateLog } from "./slate-log";

/** An alternative on a slate: an item, or no click. */
export interface Alternative {
  /** -1 is no click. */
  readonly item: number;
  /** Of being clicked, under the mechanism and this history. */
  readonly probability: number;
  readonly noise: number;
  readonly clicked: boolean;
  /** Whether the noise is that of the factual session; always true in it. */
  readonly reused: boolean;
}

/** One of the two sides of a step. */
export interface InspectedSide {
  readonly alternatives: readonly Alternative[];
  /** [D] before the slate. */
  readonly state: Float32Array;
}

/** One step. */
export interface InspectedStep {
  readonly step: number;
  readonly factual: InspectedSide;
  readonly counterfactual: InspectedSide;
  /** Euclidean, between the two states. */
  readonly stateDistance: number;
}

/** Both sides of a session. */
export interface Inspection {
  /** From 0, in the log. */
  readonly session: number;
  readonly user?: number;
  /** The first step that differs; -1 where none does. */
  readonly parted: number;
  readonly steps: readonly InspectedStep[];
  readonly assumptions: readonly string[];
}

/**
 * A session side by side.
 * @param abducted and the counterfactual that was predicted from it
 * @throws ConfigError for a session that the log does not have
 * @example
 * import { abduct, act, inspectSession, makeWorld, predict, randomPolicy, Rng, simulate, worldMechanism } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, slots: 2 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 5 }, new Rng(2));
 * const mechanism = worldMechanism(world);
 * const abducted = abduct(mechanism, log, new Rng(3));
 * const view = inspectSession(mechanism, abducted, predict(mechanism, abducted, act(log, [{ session: 2, step: 0, slate: [1, 2] }])), 2);
 * assert.deepEqual(view.steps[0]!.counterfactual.alternatives.map(({ item }) => item), [1, 2, -1]);
 * assert.equal(view.steps[0]!.stateDistance, 0); // nothing has happened yet
 */
export function inspectSession(mechanism: Mechanism, abducted: Abducted, counterfactual: Counterfactual, session: number): Inspection {
  const { log } = abducted;
  const count = log.offsets.length - 1;
  if (!(Number.isInteger(session) && session >= 0 && session < count)) throw new ConfigError(`Expected a session in 0..${count - 1}, found ${session}`);
  const states = { factual: statesOf(mechanism, takeSessions(log, [session])), other: statesOf(mechanism, takeSessions(counterfactual.log, [session])) };
  const from = log.offsets[session]!;
  const steps = states.factual.map((state, step): InspectedStep => {
    const other = states.other[step]!;
    return {
      step,
      factual: { state, alternatives: alternatives(mechanism, log, abducted, from + step) },
      counterfactual: { state: other, alternatives: alternatives(mechanism, counterfactual.log, counterfactual, from + step) },
      stateDistance: Math.sqrt(state.reduce((sum, value, d) => sum + (value - other[d]!) ** 2, 0)),
    };
  });
  return { session, user: log.user?.[session], parted: counterfactual.parted[session]!, steps, assumptions: counterfactual.assumptions };
}

function alternatives({ kind }: Mechanism, { slots, slate, clicked }: SlateLog, found: { readonly logits: Float64Array; readonly noise: Float64Array; readonly reused?: Uint8Array }, row: number): Alternative[] {
  const width = widthOf(kind, slots);
  const any = clicked.subarray(row * slots, (row + 1) * slots).includes(1);
  return Array.from({ length: width }, (_, i) => {
    const logit = found.logits[row * width + i]!;
    return {
      item: i < slots ? slate[row * slots + i]! : -1,
      probability: kind === "single" ? Math.exp(logit) : 1 / (1 + Math.exp(-logit)),
      noise: found.noise[row * width + i]!,
      clicked: i < slots ? clicked[row * slots + i] === 1 : !any,
      reused: found.reused === undefined || found.reused[row * width + i] === 1,
    };
  });
}

/** The states of one session, before each slate. */
function statesOf(mechanism: Mechanism, log: SlateLog): Float32Array[] {
  const states: Float32Array[] = [];
  walk(mechanism, walkersOf(log), ({ index, step, states: now }) => {
    states.push(now.slice());
    return { slates: gather(log.slate, log.offsets, index, step, log.slots), clicked: gather(log.clicked, log.offsets, index, step, log.slots) };
  });
  return states;
}
