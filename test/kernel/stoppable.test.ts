/** Calls after an await are made stoppable, in the largest pieces, and the code means what it meant before. */
import assert from "node:assert/strict";
import { compileCell, hooksKey } from "../../kernels/sessionlab/cell";

type Body = (exports: object, require: NodeRequire) => Promise<unknown>;
const AsyncFunction = (async () => undefined).constructor as new (...args: string[]) => Body;

/** Runs a cell. @returns its last value, and how often it called what can be stopped */
async function run(source: string): Promise<readonly [value: unknown, calls: number]> {
  let calls = 0;
  let value: unknown;
  const hooks = {
    scope: {}, def: () => undefined, tick: () => undefined, last: (one: unknown) => void (value = one), meta: {},
    call: (work: () => unknown) => {
      calls++;
      return work();
    },
  };
  const key = Symbol.for(hooksKey);
  const before = (globalThis as Record<symbol, unknown>)[key];
  (globalThis as Record<symbol, unknown>)[key] = hooks;
  try {
    const { code } = compileCell(source, () => false);
    await new AsyncFunction("exports", "require", code)({}, require);
    return [value, calls];
  } finally {
    (globalThis as Record<symbol, unknown>)[key] = before;
  }
}

/** The last expression as the converter marks it. */
const last = (expression: string): string => `export const tsLastExpr = ${expression};`;

describe("calls that an interrupt ends", () => {
  const cases: readonly (readonly [what: string, source: string, value: unknown, calls: number])[] = [
    ["nothing where no await comes first", `const x = Math.max(1, 2); ${last("Math.min(x, 5)")}`, 2, 0],
    ["a declaration's value and the last expression", `await 0; const x = Math.max(1, 2); ${last("Math.min(x, 5)")}`, 2, 2],
    ["nothing that calls nothing", `await 0; let x = 1 + 2; x += 1; const f = () => Math.max(1, 2); ${last("x")}`, 4, 0],
    ["a loop as a whole", `await 0; let sum = 0; for (const x of [1, 2, 3]) { if (x === 2) continue; sum += Math.max(x, 0); } ${last("sum")}`, 4, 1],
    ["a loop without a block, in one that waits", `let sum = 0; for (const x of [1, 2]) for (const y of [await x, 5]) for (const z of [y]) sum += Math.max(z, 0); ${last("sum")}`, 13, 4],
    ["the parts of a loop that waits", `let sum = 0; for (const x of [1, 2].map(String)) { sum += Number(x); await 0; sum += Math.abs(-1); } ${last("sum")}`, 5, 5],
    ["what is awaited", `${last("await Promise.resolve(7)")}`, 7, 1],
    ["asynchronous functions and what they return", `async function f(x) { await 0; if (x > 1) return Math.max(x, 2); return String(x); } ${last("[await f(1), await f(3)].join()")}`, "1,3", 4],
    ["arrow functions with a value, objects too", `const f = async (x) => ({ x: Math.max(x, 2) }); ${last("(await f(1)).x")}`, 2, 2],
    ["jumps stay where they are", `out: for (const a of [1, 2]) { for (const b of [1, 2]) { if (b === 2) continue out; Math.max(a, b); } } await 0; switch (Math.max(1, 2)) { case 2: { Math.abs(1); break; } default: } ${last("'ended'")}`, "ended", 3],
    ["a var that is hoisted", `await 0; for (const x of [1, 2]) { var seen = Math.max(x, 0); } ${last("seen")}`, 2, 2],
    ["try, with what it catches", `await 0; let caught; try { JSON.parse("{"); } catch (error) { caught = error.name; } ${last("caught")}`, "SyntaxError", 1],
    ["this and arguments", `const o = { x: 4, async m() { await 0; return Math.max(this.x, arguments[0]); } }; ${last("await o.m(3)")}`, 4, 2],
    ["chains that may be cut short", `await 0; const o = undefined; ${last("o?.f(Math.max(1, 2)).g ?? 'none'")}`, "none", 1],
    ["generators that wait", `async function* g() { await 0; yield Math.max(1, 2); const x = yield* [Math.abs(-3)]; } const seen = []; for await (const x of g()) seen.push(x); ${last("seen.join()")}`, "2,3", 4],
  ];
  for (const [what, source, value, calls] of cases) {
    it(what, async () => assert.deepEqual(await run(source), [value, calls]));
  }
});
