/**
 * npm run bench -- tensor|sasrec|models|hdgi|diffusion|rank|recbole|kg|simulator [--json] [--epochs N]: ours and a peer's speed on the same work, in one run,
 * with as many threads. --json ends with one line of JSON; a number is a median, a ratio is ours / peer.
 * npm run bench -- memory|large|prepare|plan|planner|neighbours|slates|hdgi-large [--json] [--steps N] [--events N] [--users N]: numbers of ours against a limit; the exit code
 * is 1 where one does not hold.
 * npm run bench -- text [--json] [--titles N]: titles to vectors, as the first ones.
 * --only NAME: of models and hdgi, one model ("GRU4Rec", "HDGI-C"); of plan, one experiment ("persona", "counterfactual", "diginetica").
 */
import { cpus, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { ConfigError } from "../src/core/errors";
import { rules } from "../src/core/options";
import { initBackend, libraryVersion, type BackendInfo } from "../src/index";
import type { Check } from "./checks";
import { measure, type Case, type Result } from "./interleave";
import { diffusionCases, slateChecks } from "./diffusion";
import { largeChecks } from "./large";
import { loads } from "./loads";
import { hdgiCases } from "./hdgi";
import { hdgiLargeChecks, shape } from "./hdgi-large";
import { kgResults } from "./kg";
import { memoryChecks } from "./memory";
import { modelCases } from "./models";
import { neighbourChecks } from "./neighbours";
import { Peer, type PeerVersions } from "./peer";
import { experiments as planned, planChecks } from "./plan";
import { plannerChecks } from "./planner";
import { prepareChecks } from "./prepare";
import { rankCases } from "./rank";
import { recboleResults } from "./recbole";
import { sasrecCases } from "./sasrec";
import { simulatorResults } from "./simulator";
import { tensorCases } from "./tensor";
import { textResults } from "./text";
import { peerPython, simulatorPython, textPython } from "./venv";

/** Against a limit. */
const alone: Readonly<Record<string, (sizes: { readonly steps: number; readonly events: number; readonly users: number; readonly only?: string }, tell: (line: string) => void) => Promise<readonly Check[]>>> = {
  memory: ({ steps }, tell) => memoryChecks(loads, steps, tell),
  large: (_, tell) => largeChecks(tell),
  prepare: ({ events }, tell) => prepareChecks(events, tell),
  plan: ({ only }, tell) => planChecks(tell, only),
  planner: (_, tell) => plannerChecks(tell),
  neighbours: (_, tell) => neighbourChecks(tell),
  slates: (_, tell) => slateChecks(tell),
  "hdgi-large": ({ users }, tell) => hdgiLargeChecks(users, tell),
};

const interleaved: Readonly<Record<string, (peer: Peer, only?: string) => readonly Case[] | Promise<readonly Case[]>>> = { tensor: tensorCases, sasrec: sasrecCases, rank: rankCases, models: modelCases, hdgi: hdgiCases, diffusion: diffusionCases };

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: "boolean", default: false }, only: { type: "string" }, epochs: { type: "string", default: "300" }, steps: { type: "string", default: "10000" }, titles: { type: "string", default: "7924" }, events: { type: "string", default: "30000000" }, users: { type: "string", default: String(shape.users) } } });
  const names = [...Object.keys(interleaved), "recbole", "kg", "text", "simulator", ...Object.keys(alone)];
  const [name, ...rest] = positionals;
  if (name === undefined || !names.includes(name) || rest.length > 0) throw new ConfigError(`Expected one of ${names.join(", ")}, found "${positionals.join(" ")}"`);
  if (values.only !== undefined && name !== "models" && name !== "hdgi" && name !== "plan") throw new ConfigError(`Expected --only with models, hdgi or plan, found it with "${name}"`);
  if (name === "plan" && values.only !== undefined && !Object.hasOwn(planned, values.only)) throw new ConfigError(`Expected --only to be one of ${Object.keys(planned).join(", ")}, found "${values.only}"`);
  const whole = (option: "epochs" | "steps" | "events" | "titles" | "users"): number => {
    const wrong = rules.positiveInteger(Number(values[option]));
    if (wrong !== undefined) throw new ConfigError(`Expected --${option} to be ${wrong}, found "${values[option]}"`);
    return Number(values[option]);
  };
  const [epochs, steps, events, titles, users] = [whole("epochs"), whole("steps"), whole("events"), whole("titles"), whole("users")];

  const load = loadavg()[0]!;
  if (name in alone) {
    const backend = await initBackend();
    const checks = await alone[name]!({ steps, events, users, only: values.only }, values.json ? () => undefined : console.log);
    const environment = environmentOf(backend, undefined, load);
    if (values.json) console.log(JSON.stringify({ bench: name, cases: checks, environment }));
    else console.log(environmentLine(environment));
    if (checks.some(({ holds }) => !holds)) process.exitCode = 1;
    return;
  }
  if (load > cpus().length / 2) console.error(`the machine is busy (load ${load.toFixed(1)} on ${cpus().length} cores): threads that wait for each other, as PyTorch's do, suffer most; measure again when it is quiet`);
  const python = await (name === "text" ? textPython() : name === "simulator" ? simulatorPython() : peerPython());
  const backend = await initBackend();
  const threads = Number(process.env["SESSIONLAB_THREADS"] ?? backend.threads);
  const peer = name === "simulator" ? undefined : await Peer.start(python, threads); // RecSim has no PyTorch
  let results: Result[] = [];
  try {
    if (name === "recbole") results = await recboleResults(python, threads, epochs);
    else if (name === "kg") results = await kgResults(python);
    else if (name === "text") results = await textResults(python, threads, titles);
    else if (name === "simulator") results = await simulatorResults(python);
    else for (const one of await interleaved[name]!(peer!, values.only)) results.push(await measure(one));
  } finally {
    peer?.stop();
  }
  const environment = environmentOf(backend, peer?.versions, load);
  if (values.json) console.log(JSON.stringify({ bench: name, cases: results, environment }));
  else console.log(`${tableOf(results)}\n\n${environmentLine(environment)}`);
}

/** Aligned columns; the case last, because it is long. */
function tableOf(results: readonly Result[]): string {
  const rows = [["ours", "peer", "ratio", "peer's name", "case"], ...results.map(({ case: name, ours, peer, unit, ratio, peerName }) => [`${ours} ${unit}`, `${peer} ${unit}`, String(ratio), peerName, name])];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const align = (text: string, column: number): string => (column < 3 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!));
  return rows.map((row) => row.map(align).join("  ").trimEnd()).join("\n");
}

function environmentLine(environment: Readonly<Record<string, string | number>>): string {
  return Object.entries(environment).map(([key, value]) => `${key} ${value}`).join(", ");
}

/** What the numbers depend on; `load` is the machine's average load of the minute before. */
function environmentOf(backend: BackendInfo, peer: PeerVersions | undefined, load: number): Readonly<Record<string, string | number>> {
  return {
    sessionlab: libraryVersion(),
    backend: `${backend.name} ${backend.device}`,
    tensorflow: backend.tensorflow ?? "none",
    tfjs: backend.tfjs,
    node: process.versions.node,
    threads: backend.threads,
    ...(peer === undefined ? {} : { torch: peer.torch, python: peer.python, peerThreads: peer.threads }),
    cpu: backend.cpu,
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    platform: `${process.platform} ${process.arch}`,
    load: Number(load.toFixed(2)),
  };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
});
