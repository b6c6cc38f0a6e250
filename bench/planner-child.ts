/** One case of planner.ts in a process of its own: plans a training, or runs it. Prints one line of JSON. */
import { initBackend, Rng, Sasrec, type Cases, type TrainSessions } from "../src/index";
import { peakSoFar } from "../src/tensor/planner";
import { sizes, type Told } from "./planner";

async function main(): Promise<Told> {
  const [what, size] = process.argv.slice(2) as ["plan" | "fit", keyof typeof sizes];
  const [trained, count] = sizes[size];
  const rng = new Rng(size);
  const offsets = new Uint32Array(count + 1);
  for (let s = 0; s < count; s++) offsets[s + 1] = offsets[s]! + 2 + rng.int(9);
  const items = { ids: Array.from({ length: trained }, (_, item) => String(item)), trained };
  const item = Int32Array.from({ length: offsets[count]! }, () => rng.int(trained));
  const train: TrainSessions = { role: "train", hash: "bench", items, offsets, item };
  const session = Int32Array.from({ length: 2000 }, (_, at) => at);
  const valid: Cases<"valid"> = { role: "valid", hash: "bench", items, sessions: train, session, end: new Int32Array(session.length).fill(1), target: session.map((s) => item[offsets[s]! + 1]!) };
  await initBackend();
  const model = new Sasrec({ epochs: 2, patience: 2 });
  if (what === "plan") {
    const { peakBytes, minutes } = await model.plan(train, valid, { rng });
    return { peakBytes, seconds: 60 * minutes };
  }
  const { seconds } = await model.fit(train, valid, { rng });
  return { peakBytes: peakSoFar(), seconds };
}

void main().then((told) => console.log(JSON.stringify(told)));
