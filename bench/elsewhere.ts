/** The same on another backend, which SESSIONLAB_BACKEND names, in a process of its own: answers as python/peer.py does. */
import { createInterface } from "node:readline";
import { initBackend } from "../src/index";
import type { Timed } from "./interleave";
import { softmaxStep } from "./softmax-step";

const cases: Readonly<Record<string, (given: never) => Timed>> = { "softmax step": softmaxStep };

interface Request {
  readonly case: string;
  readonly given: never;
  readonly times: number;
}

async function main(): Promise<void> {
  const say = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
  say(await initBackend());
  const ready = new Map<string, Timed>();
  for await (const line of createInterface({ input: process.stdin })) {
    const { case: name, given, times } = JSON.parse(line) as Request;
    const key = JSON.stringify([name, given]);
    if (!ready.has(key)) ready.set(key, cases[name]!(given));
    say({ ms: await ready.get(key)!(times), value: null });
  }
}

void main();
