/**
 * Prediction, the third step: the structural equations run forward from the first step, under the action, with the noise
 * that was abducted. Later states, slates and answers change because earlier answers did (reference: the temporal model
 * of SCM4SR, SIGIR 2024, and arXiv 2410.21892, as far as their abstracts say).
 *   an item that was on the factual slate of the step keeps its noise, and so does no click; others have fresh noise,
 *   the same for one item at one step whatever else is shown;
 *   R_t is the one that is set; else the factual one; or, of a recommender in the loop, the factual one while the clicks
 *   are the factual ones, and what it recommends after other clicks.
 * Departs: a session stops where the factual one did; that it might have gone on, or ended sooner, is not modelled.
 */
import { ConfigError } from "../core/errors";
import type { Abducted } from "./abduct";
import type { Action } from "./act";
import { gumbelChoice, logisticClicks } from "./gumbel";
import { keyedUniform, NO_CLICK } from "./keyed-noise";
import { gather, scatter, walk, walkersOf, widthOf, type Mechanism } from "./mechanism";
import { ClickHistories, type SlatePolicy } from "./policy";
import type { SlateLog } from "./slate-log";

/** How the rest of a session goes. */
export interface PredictOptions {
  /** Slates after the clicks have parted: those of the log, or a recommender's. Default "kept". */
  readonly later?: "kept" | SlatePolicy;
  /** "prior" forgets what was abducted: an intervention, no counterfactual; it is here to be told apart. Default "abducted". */
  readonly noise?: "abducted" | "prior";
}

/** Sessions as they would have been. */
export interface Counterfactual {
  /** As many steps as the factual sessions have. */
  readonly log: SlateLog;
  /** [S] the first step at which a slate or an answer is another one; -1 where none is. */
  readonly parted: Int32Array;
  /** [N, W] under the counterfactual history. */
  readonly logits: Float64Array;
  /** [N, W] */
  readonly noise: Float64Array;
  /** [N, W] 1 where the noise is that of the factual session. */
  readonly reused: Uint8Array;
  /** What this hangs on, in words. */
  readonly assumptions: readonly string[];
}

/** Turns the key of abducted noise into another one. */
const prior = 0x5bd1e995;

/**
 * Runs the sessions of an action forward.
 * @throws ConfigError when the noise was abducted from another log, or by a mechanism of another kind
 * @example
 * import { abduct, act, makeWorld, predict, randomPolicy, Rng, simulate, worldMechanism } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, steps: 3, slots: 2 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 10 }, new Rng(2));
 * const mechanism = worldMechanism(world);
 * const { log: other, parted } = predict(mechanism, abduct(mechanism, log, new Rng(3)), act(log, [{ session: 4, step: 0, slate: [1, 2] }]));
 * assert.deepEqual([...other.slate.subarray(2 * log.offsets[4]!, 2 * log.offsets[4]! + 2)], [1, 2]);
 * assert.equal(parted[3], -1); // nothing was done to session 3
 */
export function predict(mechanism: Mechanism, abducted: Abducted, action: Action, { later = "kept", noise: from = "abducted" }: PredictOptions = {}): Counterfactual {
  const { log } = action;
  const { offsets, slots } = log;
  const { kind } = mechanism;
  const width = widthOf(kind, slots);
  if (abducted.log !== log) throw new ConfigError("Expected the noise of the log that the action changes, found another log's; abduct from action.log");
  if (abducted.noise.length !== (log.slate.length / slots) * width) throw new ConfigError(`Expected noise of ${width} alternatives a step, found ${abducted.noise.length} numbers; abduct with the same mechanism`);
  const key = from === "prior" ? abducted.key ^ prior : abducted.key;
  const fresh = kind === "single" ? (u: number) => -Math.log(-Math.log(u)) : (u: number) => Math.log(u) - Math.log(1 - u);
  const size = abducted.noise.length;
  const out = { slate: new Int32Array(log.slate.length), clicked: new Uint8Array(log.clicked.length), logits: new Float64Array(size), noise: new Float64Array(size), reused: new Uint8Array(size) };
  const parted = new Int32Array(offsets.length - 1).fill(-1);
  const clicksParted = new Uint8Array(offsets.length - 1);
  const histories = later === "kept" ? undefined : new ClickHistories(offsets.length - 1);

  walk(mechanism, walkersOf(log), (view) => {
    const { index, step, states, session } = view;
    const slates = gather(action.slate, offsets, index, step, slots);
    if (histories !== undefined && later !== "kept") {
      const free = Int32Array.from(index.keys()).filter((row) => clicksParted[index[row]!] === 1 && action.done[offsets[index[row]!]! + step] === 0);
      if (free.length > 0) {
        const shown = later.slates({ ...pick(view, free, mechanism.stateSize), history: histories.of(free.map((row) => index[row]!)), slots, items: log.items });
        free.forEach((row, at) => slates.set(shown.subarray(at * slots, (at + 1) * slots), row * slots));
      }
    }
    const logits = mechanism.logits(states, slates, slots);
    const noise = new Float64Array(index.length * width);
    const reused = new Uint8Array(index.length * width);
    for (let row = 0; row < index.length; row++) {
      const factual = offsets[index[row]!]! + step;
      for (let i = 0; i < width; i++) {
        const item = i < slots ? slates[row * slots + i]! : NO_CLICK;
        const slot = from === "prior" ? -1 : i < slots ? slotOf(log.slate, factual * slots, slots, item) : slots;
        if (slot >= 0) {
          noise[row * width + i] = abducted.noise[factual * width + slot]!;
          reused[row * width + i] = 1;
        } else noise[row * width + i] = fresh(keyedUniform(key, session[row]!, step, item));
      }
    }
    const clicked = kind === "single" ? oneClick(gumbelChoice(logits, noise, width), slots) : logisticClicks(logits, noise);
    for (let row = 0; row < index.length; row++) {
      const s = index[row]!;
      const factual = (offsets[s]! + step) * slots;
      if (clicksParted[s] === 0 && !sameClicks(log, factual, slates, clicked, row * slots)) clicksParted[s] = 1;
      if (parted[s]! < 0 && (clicksParted[s] === 1 || slates.subarray(row * slots, (row + 1) * slots).some((item, i) => item !== log.slate[factual + i]))) parted[s] = step;
    }
    histories?.add(index, slates, clicked, slots);
    scatter(out.slate, slates, offsets, index, step, slots);
    scatter(out.clicked, clicked, offsets, index, step, slots);
    scatter(out.logits, logits, offsets, index, step, width);
    scatter(out.noise, noise, offsets, index, step, width);
    scatter(out.reused, reused, offsets, index, step, width);
    return { slates, clicked };
  });
  const { slate, clicked, ...rest } = out;
  return { log: { ...log, slate, clicked }, parted, ...rest, assumptions: [...(log.assumptions ?? []), ...assumptionsOf(kind, later, from)] };
}

/** [n, K] with a 1 in the chosen slot; a choice of K is none. */
export function oneClick(choice: Int32Array, slots: number): Uint8Array {
  const clicked = new Uint8Array(choice.length * slots);
  choice.forEach((slot, row) => {
    if (slot < slots) clicked[row * slots + slot] = 1;
  });
  return clicked;
}

function slotOf(slate: Int32Array, from: number, slots: number, item: number): number {
  for (let i = 0; i < slots; i++) if (slate[from + i] === item) return i;
  return -1;
}

/** Whether the same items are clicked, wherever they stand. */
function sameClicks(log: SlateLog, factual: number, slates: Int32Array, clicked: Uint8Array, from: number): boolean {
  const { slots } = log;
  let [ours, theirs] = [0, 0];
  for (let i = 0; i < slots; i++) {
    theirs += log.clicked[factual + i]!;
    if (clicked[from + i] === 0) continue;
    ours++;
    const slot = slotOf(log.slate, factual, slots, slates[from + i]!);
    if (slot < 0 || log.clicked[factual + slot] === 0) return false;
  }
  return ours === theirs;
}

function pick(view: Parameters<Parameters<typeof walk>[2]>[0], rows: Int32Array, size: number) {
  const states = new Float32Array(rows.length * size);
  rows.forEach((row, at) => states.set(view.states.subarray(row * size, (row + 1) * size), at * size));
  return { index: rows.map((row) => view.index[row]!), session: rows.map((row) => view.session[row]!), user: view.user && rows.map((row) => view.user![row]!), step: view.step, states };
}

function assumptionsOf(kind: Mechanism["kind"], later: "kept" | SlatePolicy, from: "abducted" | "prior"): string[] {
  return [
    kind === "single" ? "one click or none a slate, by Gumbel-max: another coupling of the same probabilities gives other counterfactuals" : "each item of a slate is clicked by itself, with logistic noise",
    from === "prior" ? "noise from the prior: what would happen to a session of this history, not to this session" : "an item keeps its noise at a step on any slate; items that were not shown have fresh noise",
    later === "kept" ? "later slates stay as they were" : `after other clicks ${later.name} makes the slates; until then they are the factual ones`,
    "a session has as many steps as it had",
  ];
}
