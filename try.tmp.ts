import { appendFileSync } from "node:fs";
import { Rng } from "./src/core/rng";
import { initBackend } from "./src/tensor/backend";
import { readAcm3025 } from "./src/personas/acm3025";
import { Hdgi } from "./src/personas/hdgi";
import { labelQuality } from "./src/personas/labelled";
async function main() {
  await initBackend();
  const out = process.argv[2]!;
  const acm = await readAcm3025();
  for (const arg of process.argv.slice(3)) {
    const cpu = process.cpuUsage();
    const options = JSON.parse(arg);
    const model = new Hdgi(options);
    const r = await model.fit(acm.graph, { rng: new Rng(1).child("hdgi") });
    const fit = process.cpuUsage(cpu).user / 1e6;
    const { test, ...q } = labelQuality(model.embed(acm.graph), acm, new Rng(1));
    appendFileSync(out, JSON.stringify({ options, valid: q.valid, C: q.C, nmi: q.nmi, ari: q.ari, epochs: r.epochs, best: r.bestEpoch, loss: r.loss, acc: r.accuracy, beta: Object.values(r.beta), fit, all: process.cpuUsage(cpu).user / 1e6 }) + "\n");
    model.dispose();
  }
}
void main();
