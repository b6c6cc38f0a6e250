/**
 * How the users of a world answer: its structural equations (world.ts has them) as a `Mechanism`, what it draws looked up
 * by (session, step, item), and whether a session goes on.
 * A state is [interests (T), what was had of each topic (T), steps without a click, minutes left, the last 8 clicks].
 */
import { keyedGumbel, keyedNormal, keyedUniform, NO_CLICK } from "./keyed-noise";
import type { Mechanism, Steppers } from "./mechanism";
import type { World } from "./world";

/** Clicks that a user remembers. */
export const remembered = 8;

/** What else is drawn at a step, beside items and no click. */
const draws = { drift: -2, leave: -3, length: -4, coupling: -5, mood: -1000 } as const;

/**
 * The true mechanism of a world.
 * @param key what drift and moods are looked up by; only worlds with `mood` or RecSim's drift draw any
 * @example
 * import { makeWorld, Rng, worldMechanism } from "sessionlab";
 * const mechanism = worldMechanism(makeWorld({ users: 3, items: 20 }, new Rng(1)));
 * const states = mechanism.start({ session: Int32Array.of(0), step: 0 });
 * const logp = mechanism.logits(states, Int32Array.of(4, 9), 2); // two items, and no click
 * assert.ok(Math.abs(logp.reduce((sum, value) => sum + Math.exp(value), 0) - 1) < 1e-9);
 */
export function worldMechanism(world: World, key = 0): Mechanism {
  const { options, taste, topic } = world;
  const { users, topics, response } = options;
  const worth = world.worth ?? world.quality;
  const size = 2 * topics + 2 + remembered;
  const [streak, minutes, recent] = [2 * topics, 2 * topics + 1, 2 * topics + 2];
  return {
    name: "the world's own",
    kind: response,
    items: options.items,
    stateSize: size,
    start({ session, user }) {
      const states = new Float32Array(session.length * size);
      for (let row = 0; row < session.length; row++) {
        const own = (user?.[row] ?? session[row]! % users) * topics;
        for (let c = 0; c < topics; c++) {
          const mood = options.mood === 0 ? 0 : options.mood * keyedNormal(key, session[row]!, 0, draws.mood - c);
          states[row * size + c] = taste[own + c]! + mood;
        }
        states[row * size + minutes] = options.budget;
        states.fill(NO_CLICK, row * size + recent, (row + 1) * size);
      }
      return states;
    },
    logits(states, slates, slots) {
      const width = response === "single" ? slots + 1 : slots;
      const count = slates.length / slots;
      const out = new Float64Array(count * width);
      for (let row = 0; row < count; row++) {
        const [to, state] = [row * width, row * size];
        let sum = 0;
        for (let s = 0; s < slots; s++) {
          const item = slates[row * slots + s]!;
          const c = topic[item]!;
          let value = options.taste * states[state + c]! + world.quality[item]! + options.popularityPull * world.pull[item]! - options.positionBias * Math.log1p(s) - options.noveltySeeking * states[state + topics + c]!;
          if (options.familiarity !== 0 && isRecent(states, state + recent, item)) value += options.familiarity;
          value -= options.noClick;
          out[to + s] = value;
          sum += Math.exp(value);
        }
        if (response === "multi") continue;
        const normaliser = Math.log1p(sum); // no click has the value 0 here
        for (let s = 0; s < slots; s++) out[to + s]! -= normaliser;
        out[to + slots] = -normaliser;
      }
      return out;
    },
    advance(states, slates, clicked, slots, { session, step }) {
      for (let row = 0; row < session.length; row++) {
        const state = row * size;
        for (let c = topics; c < 2 * topics; c++) states[state + c]! /= 2;
        let any = false;
        for (let s = 0; s < slots; s++) {
          if (clicked[row * slots + s] === 0) continue;
          any = true;
          const item = slates[row * slots + s]!;
          const c = topic[item]!;
          states[state + c] = drifted(states[state + c]!, session[row]!, step, s);
          states[state + topics + c]! += 1;
          states.copyWithin(state + recent + 1, state + recent, state + size - 1);
          states[state + recent] = item;
          states[state + minutes]! += options.qualityReturn * worth[item]! - options.clickCost;
        }
        states[state + streak] = any ? 0 : states[state + streak]! + 1;
        if (!any) states[state + minutes]! -= options.stepPenalty;
      }
    },
  };

  function drifted(x: number, session: number, step: number, slot: number): number {
    if (options.drift === 0) return x;
    if (options.driftKind === "towards") return x + options.drift * (1 - x);
    const update = options.drift * (1 - Math.abs(x)) * (1 - x);
    const up = keyedUniform(key, session, step, draws.drift - 16 * slot) < (x + 1) / 2;
    return Math.max(-1, Math.min(1, up ? x + update : x - update));
  }
}

function isRecent(states: Float32Array, from: number, item: number): boolean {
  for (let at = from; at < from + remembered; at++) if (states[at] === item) return true;
  return false;
}

/** The clicks of one step. @returns [n, K] */
export function worldClicks(world: World, key: number, logits: Float64Array, slates: Int32Array, slots: number, { session, step }: Steppers): Uint8Array {
  const { response, coupling } = world.options;
  const clicked = new Uint8Array(slates.length);
  for (let row = 0; row < session.length; row++) {
    const from = row * slots;
    if (response === "multi") {
      for (let s = 0; s < slots; s++) {
        const u = keyedUniform(key, session[row]!, step, slates[from + s]!);
        if (logits[from + s]! + Math.log(u) - Math.log(1 - u) > 0) clicked[from + s] = 1;
      }
      continue;
    }
    const logp = row * (slots + 1);
    const chosen = coupling === "gumbel" ? byGumbel() : byRunningSum(keyedUniform(key, session[row]!, step, draws.coupling));
    if (chosen < slots) clicked[from + chosen] = 1;

    function byGumbel(): number {
      let best = logits[logp + slots]! + keyedGumbel(key, session[row]!, step, NO_CLICK);
      let slot = slots;
      for (let s = 0; s < slots; s++) {
        const value = logits[logp + s]! + keyedGumbel(key, session[row]!, step, slates[from + s]!);
        if (value > best) [best, slot] = [value, s];
      }
      return slot;
    }

    function byRunningSum(u: number): number {
      let sum = 0;
      for (let s = 0; s < slots; s++) {
        sum += Math.exp(logits[logp + s]!);
        if (u < sum) return s;
      }
      return slots;
    }
  }
  return clicked;
}

/** Whether a session leaves after a step. @param state where the session's state starts */
export function leaves({ options }: World, key: number, states: Float32Array, state: number, session: number, step: number): boolean {
  const { topics, abandonment, budget } = options;
  if (budget > 0 && states[state + 2 * topics + 1]! <= 0) return true;
  if (abandonment === 0) return false;
  return keyedUniform(key, session, step, draws.leave) < 1 - (1 - abandonment) ** (1 + states[state + 2 * topics]!);
}

/** The most steps of a session. */
export function longest({ options, lengths }: World, key: number, session: number): number {
  return lengths === undefined ? options.steps : lengths[Math.floor(keyedUniform(key, session, 0, draws.length) * lengths.length)]!;
}
