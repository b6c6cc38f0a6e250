/** Search spaces, and random search with successive halving: planted optima, interruptions, and training that goes on. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AbortError, ConfigError, DataError, NumericError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { recentShare } from "../../src/data/recent";
import type { Sessions, TrainSessions } from "../../src/data/types";
import { Markov } from "../../src/models/markov";
import type { FitContext } from "../../src/models/recommender";
import { Sasrec } from "../../src/models/sasrec";
import { search, type SearchReport } from "../../src/models/search";
import { choice, drawSettings, integer, logUniform, uniform } from "../../src/models/space";
import { initBackend } from "../../src/tensor/backend";
import { columns, items, trained, worlds } from "../contract/worlds";
import { withFolder } from "../scratch";

const { train, valid } = worlds.cycle;
const context = (more: Partial<FitContext> = {}) => ({ rng: new Rng(1), metric: "HR@1", ...more });

interface PlantedOptions {
  readonly rate: number;
  readonly size: number;
}

/** Knows the cycle, but for the share of items that the distance of its options from (0.01, 7) hides; fits are counted. */
class Planted extends Markov {
  static fits: { readonly options: PlantedOptions; readonly until?: number; readonly sessions: number }[] = [];

  constructor(private readonly planted: PlantedOptions) {
    super({ backoff: 0 });
  }

  override async fit(given: TrainSessions, held: typeof valid, more: FitContext) {
    Planted.fits.push({ options: this.planted, until: more.until, sessions: given.offsets.length - 1 });
    if (this.planted.rate > 0.5) throw new NumericError("Expected a finite loss, found NaN; lower the learning rate", {});
    return { ...(await super.fit(given, held, more)), epochs: more.until };
  }

  override score(sessions: Sessions): Float32Array {
    const scores = super.score(sessions);
    const hidden = Math.min(1, 0.12 * Math.abs(Math.log(this.planted.rate / 0.01)) + 0.06 * Math.abs(this.planted.size - 7));
    for (let s = 0; s + 1 < sessions.offsets.length; s++) {
      if (sessions.item[sessions.offsets[s + 1]! - 1]! < hidden * trained) scores.fill(0, s * trained, (s + 1) * trained);
    }
    return scores;
  }
}

const make = (options: Partial<PlantedOptions>): Planted => new Planted({ rate: 0.1, size: 3, ...options });
const space = { rate: logUniform(1e-3, 1), size: integer(1, 12) };
const rounds = [{ epochs: 1, share: 0.5 }, { epochs: 2, share: 0.5 }, { epochs: 4 }];

/** A report without what a clock says. */
function timeless({ trials, rows, ...report }: SearchReport): unknown {
  return { ...report, trials: trials.map((trial) => ({ ...trial, seconds: 0 })), rows: rows.map((row) => ({ ...row, seconds: 0 })) };
}

describe("search spaces", () => {
  it("draw from their ranges, evenly or evenly in the logarithm, to four digits", () => {
    const drawn = drawSettings({ a: uniform(2, 4), b: logUniform(1e-4, 1), c: integer(-1, 1), d: choice<unknown>("x", true, 3) }, 2000, new Rng(5));
    assert.equal(drawn.length, 2000);
    const share = (holds: (setting: (typeof drawn)[number]) => boolean): number => drawn.filter(holds).length / drawn.length;
    for (const [found, expected] of [[share(({ a }) => a! < 3), 1 / 2], [share(({ b }) => b! < 1e-3), 1 / 4], [share(({ c }) => c === -1), 1 / 3], [share(({ d }) => d === true), 1 / 3]] as const) {
      assert.ok(Math.abs(found - expected) < 0.045, `${found} is not ${expected}`); // 4 standard errors
    }
    assert.ok(drawn.every(({ a, b, c }) => a! >= 2 && a! <= 4 && b! >= 1e-4 && b! <= 1 && [-1, 0, 1].includes(c!) && Number(b!.toPrecision(4)) === b));
  });

  it("give each setting once, fewer where there are fewer, and the same for a seed", () => {
    const small = { size: integer(1, 3), kind: choice("a", "b") };
    assert.equal(new Set(drawSettings(small, 50, new Rng(1)).map((one) => JSON.stringify(one))).size, 6);
    assert.deepEqual(drawSettings(space, 8, new Rng(1)), drawSettings(space, 8, new Rng(1)));
    assert.notDeepEqual(drawSettings(space, 8, new Rng(1)), drawSettings(space, 8, new Rng(2)));
    for (const wrong of [() => choice(), () => uniform(1, 1), () => logUniform(0, 1), () => integer(1, 2.5), () => uniform(0, NaN)]) assert.throws(wrong, ConfigError);
  });

  it("take the most recent sessions whole, by time or by order", () => {
    const plain: TrainSessions = { role: "train", hash: "h", items, ...columns([[1], [2, 3], [4], [5, 6, 7]]) };
    const half = recentShare(plain, 0.5);
    assert.deepEqual([[...half.offsets], [...half.item]], [[0, 1, 4], [4, 5, 6, 7]]);
    const timed = recentShare({ ...plain, time: Float64Array.of(9, 1, 2, 3, 1, 1, 8), user: Int32Array.of(0, 1, 2, 3) }, 0.5);
    assert.deepEqual([[...timed.item], [...timed.time!], [...timed.user!]], [[1, 5, 6, 7], [9, 1, 1, 8], [0, 3]]);
    assert.notEqual(half.hash, plain.hash);
    assert.equal(recentShare(plain, 1), plain);
    for (const share of [0, 1.1, NaN]) assert.throws(() => recentShare(plain, share), ConfigError);
  });
});

describe("search", () => {
  it("finds the best of a planted space, gives more to the better half, and skips what breaks off", async () => {
    Planted.fits = [];
    const report = await search(make, space, { train, valid }, context(), { settings: 16, rounds });
    const distance = ({ rate, size }: PlantedOptions): number => 0.12 * Math.abs(Math.log(rate / 0.01)) + 0.06 * Math.abs(size - 7);
    const drawn = drawSettings(space, 16, new Rng(1).child("settings")) as PlantedOptions[];
    const best = [...drawn].sort((a, b) => distance(a) - distance(b))[0]!;
    assert.deepEqual(report.options, best);
    assert.deepEqual([1, 2, 3].map((round) => report.trials.filter((trial) => trial.round === round).length), [16, 8, 4]);
    assert.deepEqual([1, 2, 3].map((round) => report.trials.filter((trial) => trial.round === round && trial.kept).length), [8, 4, 1]);
    assert.deepEqual(Planted.fits.map(({ until, sessions }) => [until, sessions]), [...Array<unknown>(16).fill([1, 310]), ...Array<unknown>(8).fill([2, 310]), ...Array<unknown>(4).fill([4, 620])]);
    const broken = report.trials.filter(({ failure }) => failure !== undefined);
    assert.equal(broken.length, drawn.filter(({ rate }) => rate > 0.5).length);
    assert.ok(broken.length > 0 && broken.every(({ kept, metrics }) => !kept && Object.keys(metrics).length === 0));
    const lastRound = report.trials.filter(({ round }) => round === 3);
    assert.equal(report.value, Math.max(...lastRound.map(({ metrics }) => metrics["HR@1"]!)));
    assert.equal(report.settings, 16);
  });

  it("tries the settings that it is told to start with first, among as many as it may try, and none twice", async () => {
    const start = [{ rate: 0.01, size: 7 }];
    const report = await search(make, space, { train, valid }, context(), { settings: 4, rounds: [{}], start });
    assert.deepEqual([report.trials[0]!.options, report.settings, report.options], [start[0], 4, start[0]], "the planted optimum");
    const same = await search(make, { rate: choice(0.01), size: integer(6, 7) }, { train, valid }, context(), { settings: 4, rounds: [{}], start });
    assert.deepEqual(same.trials.map(({ options }) => options["size"]), [7, 6]);
    assert.equal((await search(make, space, { train, valid }, context(), { settings: 1, rounds: [{}], start })).settings, 1);
    await assert.rejects(search(make, space, { train, valid }, context(), { start: {} as never }), /start.*a list of settings/);
  });

  it("is a frame: a row for each trial, with the options in columns of their own", async () => {
    const { rows, trials } = await search(make, space, { train, valid }, context(), { settings: 4, rounds: [{ epochs: 3 }] });
    assert.deepEqual(Object.keys(rows[0]!), ["round", "setting", "rate", "size", "share", "epochs", "HR@1", "seconds", "kept"]);
    assert.deepEqual(rows.map((row) => row["rate"]), trials.map(({ options }) => options["rate"]));
    assert.ok(rows.every((row) => row["epochs"] === 3 || Number.isNaN(row["epochs"])));
  });

  it("is deterministic, and goes on after an interruption with the same table and no trial run twice", () =>
    withFolder(async (folder) => {
      const whole = await search(make, space, { train, valid }, context(), { settings: 8, rounds });
      for (const after of [1, 5, 9, 12]) {
        const checkpoint = join(folder, `after-${after}`);
        const stop = new AbortController();
        Planted.fits = [];
        const interrupted = search(make, space, { train, valid }, context({ checkpoint, signal: stop.signal, progress: ({ done }) => done === after && stop.abort() }), { settings: 8, rounds });
        await assert.rejects(interrupted, AbortError);
        const resumed = await search(make, space, { train, valid }, context({ checkpoint }), { settings: 8, rounds });
        assert.deepEqual(timeless(resumed), timeless(whole));
        assert.equal(Planted.fits.length, 8 + 4 + 2);
        await search(make, space, { train, valid }, context({ checkpoint }), { settings: 8, rounds });
        assert.equal(Planted.fits.length, 8 + 4 + 2); // all of it is in the folder
      }
    }));

  it("refuses a folder of another search, and a table that was changed", () =>
    withFolder(async (checkpoint) => {
      const given = { settings: 2, rounds: [{ epochs: 1 }] };
      await search(make, space, { train, valid }, context({ checkpoint }), given);
      const another = search(make, space, { train, valid }, { ...context({ checkpoint }), rng: new Rng(2) }, given);
      await assert.rejects(another, (error: Error) => error instanceof ConfigError && /of another space, model, data, rounds or seed/.test(error.message));
      const file = join(checkpoint, "search.json");
      writeFileSync(file, readFileSync(file, "utf8").replace('"share": 1', '"share": 0.9'));
      await assert.rejects(search(make, space, { train, valid }, context({ checkpoint }), given), DataError);
      writeFileSync(file, "{");
      await assert.rejects(search(make, space, { train, valid }, context({ checkpoint }), given), DataError);
    }));

  it("refuses what it cannot search", async () => {
    const wrong: readonly (readonly [object, object])[] = [
      [{}, {}], [space, { settings: 0 }], [space, { halving: 1 }], [space, { rounds: [] }], [space, { rounds: [{ epoch: 1 }] }],
      [space, { rounds: [{ epochs: 0 }] }], [space, { rounds: [{ epochs: 4 }, { epochs: 2 }] }], [space, { rounds: [{ share: 2 }] }], [space, { setings: 3 }],
    ];
    for (const [over, given] of wrong) await assert.rejects(search(make, over, { train, valid }, context(), given), ConfigError, JSON.stringify(given));
    await assert.rejects(search(make, { rate: uniform(0.6, 1) }, { train, valid }, context(), { settings: 2 }), /all 2 of round 1 broke off \(Expected a finite loss/);
  });

  it("trains a setting that stays on from its checkpoint: the bits of a training that never stopped, with or without a folder", async () => {
    await initBackend();
    await withFolder(async (checkpoint) => {
      const sasrec = (options: object): Sasrec => new Sasrec({ dimension: 16, inner: 16, blocks: 1, batch: 32, epochs: 6, patience: 6, ...options });
      const over = { rate: choice(0.001, 0.004, 0.01), dropout: choice(0, 0.2) };
      const given = { settings: 3, rounds: [{ epochs: 1 }, { epochs: 3 }, {}], cases: 50 };
      const apart = await search(sasrec, over, { train, valid }, context(), given);
      const stop = new AbortController();
      let armed = false;
      const progress: FitContext["progress"] = ({ task, done }) => {
        if (task === "search") armed = done === 4;
        else if (armed) stop.abort(); // in the second round's second training, which goes on from its first epoch
      };
      await assert.rejects(search(sasrec, over, { train, valid }, context({ checkpoint, signal: stop.signal, progress }), given), AbortError);
      const together = await search(sasrec, over, { train, valid }, context({ checkpoint }), given);
      assert.deepEqual(timeless(together), timeless(apart));
      assert.deepEqual(together.trials.map(({ epochs }) => epochs), [1, 1, 1, 3, 3, 6]);
      const winner = together.trials.at(-1)!.setting;
      assert.deepEqual([1, 2, 3].map((setting) => existsSync(join(checkpoint, `setting-${setting}`))), [1, 2, 3].map((setting) => setting === winner));
    });
  });
});
