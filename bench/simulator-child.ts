/** Our side of bench/simulator.ts, in a process of its own: sessions of a plan's documents under random slates. */
import { performance } from "node:perf_hooks";
import { randomPolicy, recsimWorld, Rng, simulate } from "../src/index";
import type { SimulatorPlan, SimulatorRun } from "./simulator";

const plan = JSON.parse(process.argv[2]!) as SimulatorPlan;
const world = { ...recsimWorld({ users: 20_000, items: plan.topic.length, slots: plan.slots }, new Rng(plan.seed)), topic: Int32Array.from(plan.topic), worth: Float32Array.from(plan.quality) };
let [steps, clicks, sessions] = [0, 0, 0];
const [cpu, clock] = [process.cpuUsage(), performance.now()];
while (steps < plan.steps) {
  const { log, expected } = simulate(world, randomPolicy(), { sessions: 2000, first: sessions }, new Rng(plan.seed));
  sessions += 2000;
  steps += expected.length;
  for (const one of log.clicked) clicks += one;
}
const { user, system } = process.cpuUsage(cpu);
const run: SimulatorRun = { steps, sessions, clicks, cpuMs: (user + system) / 1000, wallMs: performance.now() - clock, peakBytes: process.resourceUsage().maxRSS * 1024 };
console.log(JSON.stringify(run));
