/** Logs of slates, worlds, counterfactual sessions and their inspection in a notebook. */
import { types } from "node:util";
import type { Counterfactual } from "../response/predict";
import type { Alternative, Inspection } from "../response/inspect";
import type { Simulation } from "../response/simulate";
import type { SlateLog } from "../response/slate-log";
import type { World } from "../response/world";
import type { Renderer } from "./mime";
import { clip, ends, panelRenderer, percent, plural, type Panel } from "./panel";
import { has, int32s, list, number, object, text, uint32s, type Check } from "./shapes";

const bytes: Check = types.isUint8Array;
const logShape = { offsets: uint32s, slots: number, items: number, slate: int32s, clicked: bytes };

function logPanel(log: SlateLog): Panel {
  const { offsets, slots, slate, clicked, items, user, assumptions } = log;
  const [sessions, steps] = [offsets.length - 1, slate.length / slots];
  const clicks = clicked.reduce((sum, one) => sum + one, 0);
  const bySlot = Array.from({ length: slots }, (_, slot) => {
    let sum = 0;
    for (let at = slot; at < clicked.length; at += slots) sum += clicked[at]!;
    return percent(sum / steps);
  });
  const { shown, gap } = ends(Math.min(steps, 8), 8);
  return {
    title: "Log of slates",
    facts: [plural(sessions, "session"), plural(steps, "slate"), plural(items, "item"), ...(user === undefined ? [] : [plural(new Set(user).size, "user")]), `${percent(clicks / steps)} clicks a slate`],
    grids: [
      { headers: Array.from({ length: slots }, (_, slot) => `slot ${slot + 1}`), rows: [bySlot], caption: "Clicks by slot" },
      { headers: ["session", "step", "slate", "clicked"], rows: shown.map((row) => [sessionOf(offsets, row), row - offsets[sessionOf(offsets, row)]!, Array.from(slate.subarray(row * slots, (row + 1) * slots)).join(" "), clickedWords(log, row)]), gap, caption: "The first slates" },
    ],
    notes: assumptions,
  };
}

function sessionOf(offsets: Uint32Array, row: number): number {
  return offsets.findIndex((end, s) => s > 0 && end > row) - 1;
}

function clickedWords({ slots, slate, clicked }: SlateLog, row: number): string {
  const found = Array.from(slate.subarray(row * slots, (row + 1) * slots)).filter((_, i) => clicked[row * slots + i] === 1);
  return found.length === 0 ? "-" : found.join(" ");
}

function worldPanel({ options, popularity }: World): Panel {
  const knobs = Object.entries(options).filter(([name]) => !["users", "items", "topics", "slots", "steps"].includes(name));
  const top = [...popularity].sort((a, b) => b - a).slice(0, Math.ceil(popularity.length / 10)).reduce((sum, share) => sum + share, 0);
  return {
    title: "Simulated world",
    facts: [plural(options.users, "user"), plural(options.items, "item"), plural(options.topics, "topic"), `slates of ${options.slots}`, `the most popular tenth has ${percent(top)} of the popularity`],
    grids: [{ headers: ["knob", "value"], rows: knobs.map(([name, value]) => [name, value]) }],
  };
}

function counterfactualPanel({ log, parted, reused, assumptions }: Counterfactual): Panel {
  const changed = parted.filter((step) => step >= 0).length;
  const kept = reused.reduce((sum, one) => sum + one, 0) / reused.length;
  return { ...logPanel({ ...log, assumptions: undefined }), title: "Counterfactual sessions", notes: [`${plural(changed, "session")} of ${parted.length} part from the factual ones; ${percent(kept)} of the noise is theirs.`, ...assumptions] };
}

function inspectionPanel({ session, user, parted, steps, assumptions }: Inspection): Panel {
  const words = (one: Alternative | undefined): string => (one === undefined ? "" : `${one.item < 0 ? "no click" : one.item}${one.clicked ? " ✓" : ""}`);
  const rows = steps.flatMap(({ step, factual, counterfactual, stateDistance }) =>
    factual.alternatives.map((was, i) => {
      const would = counterfactual.alternatives[i]!;
      const head = i === 0 ? [`${step}${step === parted ? " (parts)" : ""}`, stateDistance] : ["", ""];
      return [...head, words(was), percent(was.probability), was.noise, words(would), percent(would.probability), would.noise, would.reused ? "kept" : "fresh"];
    }),
  );
  return {
    title: `Session ${session}`,
    facts: [...(user === undefined ? [] : [`user ${user}`]), plural(steps.length, "step"), parted < 0 ? "as it was" : `parts at step ${parted}`],
    grids: [{ headers: ["step", "states apart", "was shown", "probability", "noise", "would be shown", "probability", "noise", "its noise is"], rows }],
    notes: assumptions.map((one) => clip(one, 240)),
  };
}

/** Values of src/response. */
export const responseRenderers: readonly Renderer[] = [
  panelRenderer({ log: (value) => has(value, logShape), parted: int32s, reused: bytes, assumptions: list }, counterfactualPanel),
  panelRenderer({ log: (value) => has(value, logShape), expected: object }, ({ log }: Simulation) => logPanel(log)),
  panelRenderer(logShape, logPanel),
  panelRenderer({ options: (value) => has(value, { positionBias: number, coupling: text }), taste: object, topic: int32s, popularity: object }, worldPanel),
  panelRenderer({ session: number, parted: number, steps: list, assumptions: list }, inspectionPanel),
];
