/**
 * Telling values apart by their shape. The library's values are plain, and a notebook's cells run in a realm of their
 * own, so neither `instanceof` nor a class name would do. Looking must cost nothing and break nothing: a getter that
 * throws (a model that is not fitted, a proxy) says no.
 */
import { types } from "node:util";

/** A test of one property. */
export type Check = (value: unknown) => boolean;

export const text: Check = (value) => typeof value === "string";
export const number: Check = (value) => typeof value === "number";
export const method: Check = (value) => typeof value === "function";
export const object: Check = (value) => typeof value === "object" && value !== null;
export const list: Check = (value) => Array.isArray(value);
export const uint32s: Check = types.isUint32Array;
export const int32s: Check = types.isInt32Array;
export const float64s: Check = types.isFloat64Array;

/** Whether a value has these properties. */
export function has(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  try {
    return Object.entries(shape).every(([name, check]) => check((value as Record<string, unknown>)[name]));
  } catch {
    return false;
  }
}

/** Whether a value is an array of one thing or more, all of this shape as far as is looked. */
export function listOf(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  return Array.isArray(value) && value.length > 0 && value.slice(0, 100).every((one) => has(one, shape));
}
