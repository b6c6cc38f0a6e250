/**
 * Noise that is looked up instead of drawn: a number for each (session, step, item) under a key, the same whenever and in
 * whatever order it is asked for. So two policies can meet the same users in the same mood (common random numbers), an
 * item keeps its noise on another slate, and a world's noise is "stored" without memory.
 * A key and three integers go through murmur3's rounds (Appleby, 2011, public domain) to 32 bits.
 * Symbols: u in (0, 1), g = -log(-log u) Gumbel(0, 1), l = log u - log(1 - u) logistic.
 */
import type { Rng } from "../core/rng";

/** In place of an item: the choice of no item at all. */
export const NO_CLICK = -1;

/**
 * The key that a generator gives: it depends on the generator's seed and on `name`, not on what was drawn.
 * @returns an integer in [0, 2^32)
 * @example
 * import { noiseKey, Rng } from "sessionlab";
 * assert.equal(noiseKey(new Rng(1), "clicks"), noiseKey(new Rng(1), "clicks"));
 * assert.notEqual(noiseKey(new Rng(1), "clicks"), noiseKey(new Rng(2), "clicks"));
 */
export function noiseKey(rng: Rng, name: string): number {
  return rng.child(name).next();
}

/**
 * A number in (0, 1), of 32 bits, evenly distributed over integers a, b, c.
 * @example
 * import { keyedUniform } from "sessionlab";
 * assert.equal(keyedUniform(7, 1, 2, 3), keyedUniform(7, 1, 2, 3));
 * assert.notEqual(keyedUniform(7, 1, 2, 3), keyedUniform(7, 1, 3, 2));
 */
export function keyedUniform(key: number, a: number, b: number, c: number): number {
  let hash = round(round(round(key, a), b), c);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) + 0.5) / 4294967296;
}

/**
 * Gumbel(0, 1) noise of an item at a step of a session.
 * @example
 * import { keyedGumbel, keyedUniform } from "sessionlab";
 * assert.equal(keyedGumbel(7, 0, 0, 5), -Math.log(-Math.log(keyedUniform(7, 0, 0, 5))));
 */
export function keyedGumbel(key: number, session: number, step: number, item: number): number {
  return -Math.log(-Math.log(keyedUniform(key, session, step, item)));
}

/** A standard normal number (Box and Muller). */
export function keyedNormal(key: number, a: number, b: number, c: number): number {
  return Math.sqrt(-2 * Math.log(keyedUniform(key, a, b, 2 * c))) * Math.cos(2 * Math.PI * keyedUniform(key, a, b, 2 * c + 1));
}

function round(hash: number, value: number): number {
  let mixed = Math.imul(value, 0xcc9e2d51);
  mixed = (mixed << 15) | (mixed >>> 17);
  const next = hash ^ Math.imul(mixed, 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}
