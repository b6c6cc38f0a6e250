/**
 * Session steps of one world under one policy, ours beside RecSim: its interest evolution with 10 documents that both
 * sides share, random slates of two, each side in a process of its own, by turns. RecSim steps one user at a time, ours
 * 2,000. Both must find the same click rate and length of sessions. Making the world is not counted.
 */
import { join } from "node:path";
import { SessionLabError } from "../src/core/errors";
import { Rng } from "../src/index";
import { child, script } from "./child";
import { resultOf, type Result } from "./interleave";

/** What both sides are given. */
export interface SimulatorPlan {
  readonly seed: number;
  /** At least so many; a session is not cut. */
  readonly steps: number;
  readonly slots: number;
  /** Of each document. */
  readonly topic: readonly number[];
  readonly quality: readonly number[];
}

/** What either side says of itself. */
export interface SimulatorRun {
  readonly steps: number;
  readonly sessions: number;
  readonly clicks: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakBytes: number;
}

const documents = 10;
const rounds = 3;
/** How far clicks a step and steps a session may be apart, as a share: several standard errors of RecSim's side. */
const apart = 0.05;

/** The results. */
export async function simulatorResults(python: string): Promise<Result[]> {
  const rng = new Rng("bench simulator");
  const topic = Array.from(rng.permutation(20)).slice(0, documents);
  const quality = topic.map((c) => (c < 14 ? -3 + (3 * c) / 13 : (3 * (c - 14)) / 5) + 0.1 * rng.normal());
  const plan = (steps: number): string => JSON.stringify({ seed: 1, steps, slots: 2, topic, quality } satisfies SimulatorPlan);
  const sides = [() => script(join(__dirname, "simulator-child.ts"), [plan(1_000_000)]), () => child(python, [join(__dirname, "python", "simulator.py"), plan(60_000)])] as const;
  const runs: [SimulatorRun[], SimulatorRun[]] = [[], []];
  for (let round = 0; round < rounds; round++) for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) runs[side].push((await sides[side]()) as SimulatorRun);
  const [ours, peer] = runs.map((side) => side.reduce((best, one) => (one.cpuMs / one.steps < best.cpuMs / best.steps ? one : best))) as [SimulatorRun, SimulatorRun];
  for (const [what, a, b] of [["clicks a step", ours.clicks / ours.steps, peer.clicks / peer.steps], ["steps a session", ours.steps / ours.sessions, peer.steps / peer.sessions]] as const) {
    if (Math.abs(a / b - 1) > apart) throw new SessionLabError(`Expected the same ${what} on both sides, found ${a.toFixed(3)} and ${b.toFixed(3)}; the worlds differ`);
  }
  const peerName = "RecSim 0.2.4";
  const perThousand = ({ steps }: SimulatorRun, ms: number): number => (1000 * ms) / steps;
  return [
    resultOf(`1,000 session steps of interest evolution, random slates of 2 (processor time; ${(ours.clicks / ours.steps).toFixed(3)} clicks a step, there ${(peer.clicks / peer.steps).toFixed(3)}; ${(ours.steps / ours.sessions).toFixed(1)} steps a session, there ${(peer.steps / peer.sessions).toFixed(1)})`, "ms", perThousand(ours, ours.cpuMs), perThousand(peer, peer.cpuMs), peerName),
    resultOf("the same by the clock, of the same runs", "ms", perThousand(ours, ours.wallMs), perThousand(peer, peer.wallMs), peerName),
    resultOf("peak memory of the process", "MB", ours.peakBytes / 1e6, peer.peakBytes / 1e6, peerName),
  ];
}
