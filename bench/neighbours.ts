/**
 * How many of Diginetica's test cases VS-KNN scores a second on one core (it runs in JavaScript, on one thread), over all
 * 43,097 items: a seeded sample of cases, the middle one of three walks. Ranks are not counted.
 */
import { loadBenchmark, prefixes, Rng, VsKnn } from "../src/index";
import { sampleCases } from "../src/models/validation";
import type { Check } from "./checks";
import { median } from "./interleave";

const [cases, batch, walks, limit] = [10_000, 256, 3, 2000];

/** @throws ConfigError where Diginetica's benchmark files are not here */
export async function neighbourChecks(tell: (line: string) => void): Promise<readonly Check[]> {
  const split = await loadBenchmark("diginetica-benchmark", { validShare: 0, confirm: false });
  const model = new VsKnn();
  await model.fit(split.train, split.valid, { rng: new Rng(1) });
  const sample = sampleCases(split.test, cases, new Rng("bench neighbours"));
  const rates: number[] = [];
  for (let walk = 0; walk < walks; walk++) {
    const [started, before] = [performance.now(), process.cpuUsage()];
    for (let from = 0; from < cases; from += batch) model.score(prefixes(sample, from, Math.min(cases, from + batch)));
    const { user, system } = process.cpuUsage(before);
    rates.push((1000 * cases) / (performance.now() - started));
    tell(`VS-KNN, walk ${walk + 1}: ${Math.round(rates.at(-1)!)} cases a second by the clock, ${Math.round((1e6 * cases) / (user + system))} by processor time`);
  }
  const rate = Math.round(median(rates));
  return [{ case: `VS-KNN, ${cases.toLocaleString("en")} of Diginetica's 60,858 cases, one core`, ours: rate, limit, unit: "cases a second", holds: rate >= limit }];
}
