/** The counterfactual experiment, small: planted sessions. */
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitBySession } from "../../src/data/split";
import type { Split } from "../../src/data/types";
import { countReading } from "../../src/evaluation/readings";
import type { Sizes } from "../../src/papers/counterfactual/arms";
import type { CounterfactualExperiment } from "../../src/papers/counterfactual/counterfactual";
import { initBackend } from "../../src/tensor/backend";

/** What it spends. */
export const sizes: Sizes = {
  base: { dimension: 8, maxLength: 6, batch: 64, epochs: 2, rate: 0.02, rateDecay: 1 },
  response: { dimension: 4, epochs: 1 },
  diffusion: { epochs: 1, width: 8, blocks: 1, times: 20, steps: 4, validationCases: 20, patience: 1 },
  ...{ slots: 4, steps: 4, checks: 2, rate: 0.5, validationCases: 100 },
};
/** Its arms. */
export const arms = ["none", "diffusion", "duplicates", "random"];

/** Sessions of one of three topics: a popular item or two, then rarer ones. */
export function planted(sessions = 240): Split {
  const rng = new Rng("planted");
  const rows = Array.from({ length: sessions }, (_, s) => {
    const topic = rng.int(3);
    return Array.from({ length: 3 + rng.int(4) }, () => `t${topic}-${Math.floor(8 * rng.uniform() ** 2)}`).map((item, at) => ({ session: String(s), item, time: 100 * s + at }));
  }).flat();
  const events = eventsFrom({ name: "planted", session: rows.map(({ session }) => session), item: rows.map(({ item }) => item), time: rows.map(({ time }) => time) });
  return splitBySession(sessionsFrom(events, { by: "given" }));
}

/** It says its steps into `said`. */
export async function experimentIn(folder: string, sessions = 240): Promise<CounterfactualExperiment & { readonly said: string[] }> {
  const results = join(folder, "results");
  const said: string[] = [];
  return {
    ...{ source: { name: "planted", split: planted(sessions) }, budget: "minute", seeds: 1, arms, sizes, results, cache: join(folder, "cache"), said, backend: await initBackend() },
    onStep: (line) => void said.push(line),
    onReading: (experiment) => countReading(join(results, "readings.json"), experiment, "test"),
    onConfirm: (experiment) => countReading(join(results, "readings.json"), experiment, "confirm"),
  };
}
