/**
 * The errors that SessionLab throws. Every message reads "Expected <what>, found <value>; <what to do>",
 * and `cause` holds the error underneath, if there is one.
 */

/**
 * The root of every error thrown on purpose.
 * @example
 * import { ConfigError, SessionLabError } from "sessionlab";
 * assert.ok(new ConfigError("Expected a, found b") instanceof SessionLabError);
 */
export class SessionLabError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * An option is unknown, of the wrong type or out of its range.
 * @example
 * import { ConfigError, models } from "sessionlab";
 * assert.throws(() => models.markov.make({ backoff: 2 }), ConfigError);
 */
export class ConfigError extends SessionLabError {}

/** Where bad data was found. */
export interface DataLocation {
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  readonly field?: string;
}

/**
 * Input data are not what they should be; the message starts with `file:line (field)`.
 * @example
 * import { DataError } from "sessionlab";
 * const error = new DataError("Expected a time, found NaN", { file: "u.data", line: 7, field: "time" });
 * assert.equal(error.message, "u.data:7 (time): Expected a time, found NaN");
 */
export class DataError extends SessionLabError {
  constructor(message: string, readonly location: DataLocation = {}, options?: ErrorOptions) {
    const { file, line, field } = location;
    const place = [file, line].filter((part) => part !== undefined).join(":") + (field === undefined ? "" : ` (${field})`);
    super(place.trim() === "" ? message : `${place.trim()}: ${message}`, options);
  }
}

/**
 * A model was asked for scores before `fit` or `load`.
 * @example
 * import { models, NotFittedError } from "sessionlab";
 * assert.throws(() => models.pop.make({}).recommend(["a"], { k: 1 }), NotFittedError);
 */
export class NotFittedError extends SessionLabError {
  constructor(model: string) {
    super(`Expected a fitted ${model}, found one without weights; call fit() or load() first`);
  }
}

/** Where a number stopped being finite: in training, or at a case that was scored (0-based). `checkpoint` is the last good one, if any was written. */
export interface NumericLocation {
  readonly epoch?: number;
  readonly step?: number;
  readonly case?: number;
  readonly checkpoint?: string;
}

/**
 * A number stopped being finite; the message ends with where.
 * @example
 * import { NumericError } from "sessionlab";
 * assert.equal(new NumericError("Expected a finite loss, found NaN", { epoch: 2, step: 9 }).message, "Expected a finite loss, found NaN (epoch 2, step 9)");
 */
export class NumericError extends SessionLabError {
  constructor(message: string, readonly at: NumericLocation) {
    const place = (["epoch", "step", "case"] as const).filter((key) => at[key] !== undefined).map((key) => `${key} ${at[key]}`).join(", ");
    super(`${message} (${place}${at.checkpoint === undefined ? "" : `; last good checkpoint: ${at.checkpoint}`})`);
  }
}

/**
 * The caller's AbortSignal fired. What was done so far is kept where the call says so.
 * @example
 * import { AbortError, step } from "sessionlab";
 * const settings = { code: __filename, cache: "/tmp/never", signal: AbortSignal.abort() };
 * await assert.rejects(step("demo", {}, {}, () => 1, settings), AbortError);
 */
export class AbortError extends SessionLabError {
  constructor(what: string, readonly checkpoint?: string) {
    super(`${what} was interrupted${checkpoint === undefined ? "" : `; it resumes from ${checkpoint}`}`);
  }
}

/** Throws AbortError if the signal has fired: called once a batch by everything that takes long. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string, checkpoint?: string): void {
  if (signal?.aborted === true) throw new AbortError(what, checkpoint);
}
