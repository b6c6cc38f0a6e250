/** SASRec with personas: what each way in does, whom it takes a persona from, and what it must not know. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import type { Cases, Items, Sessions, TrainSessions } from "../../src/data/types";
import { scoresToArray } from "../../src/evaluation/scores";
import { injections } from "../../src/models/persona-injection";
import { PersonaSasrec, type PersonaSasrecOptions } from "../../src/models/persona-sasrec";
import { gathered, randomPersonas, shuffledPersonas, type PersonaSource } from "../../src/models/persona-source";
import { Sasrec } from "../../src/models/sasrec";
import { initBackend } from "../../src/tensor/backend";
import { columns } from "../contract/worlds";
import { withFolder } from "../scratch";

const items: Items = { ids: ["start", "left", "right", "other"], trained: 4 };
/** After "start" users 0 and 2 go left, 1 and 3 right. */
const user = Int32Array.from({ length: 40 }, (_, s) => s % 4);
const lists = Array.from(user, (one) => [0, 1 + (one % 2)]);
const train: TrainSessions = { role: "train", ...columns(lists), user, items, hash: "personas" };
const valid: Cases<"valid"> = { role: "valid", items, sessions: { ...columns(lists), user }, session: Int32Array.of(0, 1), end: Int32Array.of(1, 1), target: Int32Array.of(1, 2), hash: "personas" };
const side = Float32Array.of(1, 0.5, -1, 0.5, 1, -0.5, -1, -0.5);
const users: PersonaSource["users"] = { shape: [4, 2], data: side };
const small: Partial<PersonaSasrecOptions> = { dimension: 8, inner: 8, blocks: 1, dropout: 0, rate: 0.02, epochs: 60, patience: 60, unknown: "none" };

const starts = (of: readonly number[]): Sessions => ({ ...columns(of.map(() => [0])), user: Int32Array.from(of) });

async function fitted(options: Partial<PersonaSasrecOptions>, personas: PersonaSource): Promise<PersonaSasrec> {
  const model = new PersonaSasrec({ ...small, ...options });
  await model.fit(train, valid, { rng: new Rng(3), personas });
  return model;
}

describe("SASRec with personas", function () {
  this.timeout(60_000);
  before(() => initBackend());

  for (const inject of injections) {
    it(`tells users apart whose sessions are the same, by ${inject}`, async () => {
      const before = tf.memory().numTensors;
      const model = await fitted({ inject }, { users });
      const scores = scoresToArray(model.score(starts([0, 1, 2, 3])));
      for (const one of [0, 1, 2, 3]) {
        const [left, right] = [scores[4 * one + 1]!, scores[4 * one + 2]!];
        assert.ok(one % 2 === 0 ? left > right : right > left, `user ${one}: ${left}, ${right}`);
      }
      model.dispose();
      assert.equal(tf.memory().numTensors, before);
    });
  }

  it("with personas of zeros, and with everyone's hidden, cannot", async () => {
    for (const [options, source] of [[{}, { users: { shape: [4, 2] as const, data: new Float32Array(8) } }], [{ personaDropout: 0.999999 }, { users }]] as const) {
      const model = await fitted({ ...options, epochs: 20 }, source);
      const [a, b] = [0, 1].map((one) => scoresToArray(model.score(starts([one])))) as [Float32Array, Float32Array];
      const difference = Math.max(...a.map((value, at) => Math.abs(value - b[at]!)));
      assert.ok("personaDropout" in options ? difference < 0.5 : difference === 0, `${difference}`);
      model.dispose();
    }
  });

  it("begins as SASRec of the same weights where the persona is zero, whatever the way but a prefix", async () => {
    const zeros = { users: { shape: [4, 2] as const, data: new Float32Array(8) } };
    for (const inject of ["bias", "gate", "concat"] as const) {
      const context = { rng: new Rng(3) };
      const one = { dimension: 8, inner: 8, blocks: 1, dropout: 0, rate: 1e-12, epochs: 1 };
      const [plain, own] = [new Sasrec(one), new PersonaSasrec({ ...one, inject, unknown: "none" })];
      await plain.fit(train, valid, context);
      await own.fit(train, valid, { ...context, personas: zeros });
      const [a, b] = [plain, own].map((model) => scoresToArray(model.score(starts([0, 1])))) as [Float32Array, Float32Array];
      const tolerance = inject === "concat" ? 0.1 : 1e-6; // W_c begins near what passes the states, not at it
      a.forEach((value, at) => assert.ok(Math.abs(value - b[at]!) <= tolerance * Math.max(...a.map(Math.abs)), `${inject}: ${value}, ${b[at]}`));
      plain.dispose();
      own.dispose();
    }
  });

  it("gives an unknown user the persona of the session's items, or none", async () => {
    const infer = ({ offsets }: Sessions): PersonaSource["users"] => gathered(users, new Int32Array(offsets.length - 1).fill(1)); // everybody new goes right
    const model = await fitted({ unknown: "infer" }, { users, infer });
    const scores = scoresToArray(model.score({ ...columns([[0], [0], [0]]), user: Int32Array.of(0, 99, -1) }));
    const [known, stranger, nobody] = [0, 4, 8].map((at) => scores.subarray(at, at + 4)) as [Float32Array, Float32Array, Float32Array];
    assert.ok(known[1]! > known[2]! && stranger[2]! > stranger[1]!);
    assert.deepEqual(nobody, stranger);
    assert.deepEqual(scoresToArray(model.score(columns([[0]]))), stranger); // sessions without users: the anonymous setting
    await withFolder(async (folder) => {
      await model.save(join(folder, "model"));
      const [alone, whole] = [await PersonaSasrec.load(join(folder, "model")), await PersonaSasrec.load(join(folder, "model"), infer)];
      const stranger99 = { ...columns([[0]]), user: Int32Array.of(99) };
      assert.deepEqual(scoresToArray(whole.score(stranger99)), stranger);
      assert.notDeepEqual(scoresToArray(alone.score(stranger99)), stranger);
      [alone, whole].forEach((one) => one.dispose());
    });
    model.dispose();
  });

  it("inferred from the session, knows the items so far and none that follow", async () => {
    const asked: number[][] = [];
    const infer = ({ offsets, item }: Sessions): PersonaSource["users"] => {
      const prefixes = Array.from(offsets.subarray(1), (stop, s) => Array.from(item.subarray(offsets[s], stop)));
      asked.push(...prefixes);
      return gathered(users, prefixes.map((prefix) => prefix.at(-1)! % 4));
    };
    const long: TrainSessions = { ...train, ...columns([[0, 1, 2], [3, 0]]), user: undefined, hash: "long" };
    const model = new PersonaSasrec({ ...small, persona: "session", epochs: 1 });
    await model.fit(long, { ...valid, sessions: long, end: Int32Array.of(2, 1), target: Int32Array.of(2, 0) }, { rng: new Rng(1), personas: { users: { shape: [0, 2], data: new Float32Array(0) }, infer } });
    assert.deepEqual(asked.slice(0, 5), [[0], [0, 1], [0, 1, 2], [3], [3, 0]]);
    // What comes later changes nothing at earlier places: the scores after [0] do not know what follows.
    assert.deepEqual(scoresToArray(model.score(columns([[0]]))), scoresToArray(model.score(columns([[0], [0, 3]]))).subarray(0, 4));
    model.dispose();
  });

  it("refuses a prefix that would know the future, personas that are missing, wrong or not asked for", async () => {
    assert.throws(() => new PersonaSasrec({ inject: "prefix", persona: "session" }), /a token before the first item would know the items after it/);
    assert.throws(() => new PersonaSasrec({ inject: "gat" as "gate" }), ConfigError);
    const fit = (personas?: PersonaSource) => new PersonaSasrec(small).fit(train, valid, { rng: new Rng(1), personas });
    await assert.rejects(fit(), /Expected personas for Persona-SASRec, found none/);
    await assert.rejects(fit({ users: { shape: [4, 2], data: Float32Array.of(1) } }), /found \[4, 2\] with 1 numbers/);
    await assert.rejects(fit({ users: { shape: [1, 2], data: Float32Array.of(1, NaN) } }), /found NaN for user 0/);
    await assert.rejects(new Sasrec().fit(train, valid, { rng: new Rng(1), personas: { users } }), /Expected no personas for SASRec/);
    await assert.rejects(new PersonaSasrec({ ...small, persona: "session" }).fit(train, valid, { rng: new Rng(1), personas: { users } }), /give the source an infer/);
  });

  it("has placebos: everyone with another's persona, and random rows of the same shape", () => {
    const many: PersonaSource = { users: { shape: [50, 1], data: Float32Array.from({ length: 50 }, (_, u) => u) }, infer: ({ offsets }) => ({ shape: [offsets.length - 1, 1], data: new Float32Array(offsets.length - 1) }) };
    const shuffled = shuffledPersonas(many, new Rng(1));
    assert.deepEqual([...shuffled.users.data].sort((a, b) => a - b), [...many.users.data]);
    assert.notDeepEqual(shuffled.users.data, many.users.data);
    const random = randomPersonas(many, new Rng(1));
    assert.deepEqual(random.users.shape, [50, 1]);
    for (const source of [shuffled, random]) {
      const rows = source.infer!(columns([[1, 2], [2, 1], [1, 2], []])).data;
      assert.equal(rows[0], rows[2]);
      assert.notEqual(rows[0], rows[1]);
      assert.equal(rows[3], 0);
    }
  });
});
