/**
 * Counterfactual sessions for training (P2, arXiv 2410.21892, after SCM4SR, SIGIR 2024): what a user would have chosen had
 * another slate been shown. For a session and a step t drawn by chance:
 *   abduct   the noise of the whole session, given its slates and choices
 *   act      do(R_t = r), r the slate that a proposer makes after the choices before t
 *   predict  the choices from t on, with the abducted noise, by the response model M_s
 *   keep     what differs from the session, is sure enough, and, where targeted, has a less popular item at t
 * Symbols: S sessions, K slots, A added sessions.
 * Departs: neither paper's way of choosing session, step and how many to keep could be read; all are options here, and
 *   rounds do a second slate to the counterfactual session, before what it did is kept.
 * Departs: confidence is the share of draws of the noise that agree on the choice at t; SCM4SR's and P2's filters could not be read.
 */
import { DataError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { sessionsOf } from "../data/sequences";
import type { Sessions, TrainSessions } from "../data/types";
import { quantileOf, trainingCounts } from "../evaluation/strata";
import { abduct, type Abducted } from "../response/abduct";
import { act, type Action, type Intervention } from "../response/act";
import { confidence, supportOf } from "../response/identify";
import type { Mechanism } from "../response/mechanism";
import type { SlatePolicy } from "../response/policy";
import { predict, type Counterfactual } from "../response/predict";
import { clickSessions, takeSessions, type SlateLog } from "../response/slate-log";
import { Collector, itemsOf } from "./collector";
import type { Augmentation, Augmenter, SlateProposer } from "./types";

/** Options of `counterfactualAugmenter`. */
export const counterfactualDefaults = {
  /** Whether only sessions count whose choice at the step is a less popular item than the threshold, and another one. */
  targeted: true,
  /** Of the items' training counts: what is at or below is less popular. */
  quantile: 0.8,
  /** Least share of draws that agree on the choice at the step; 0 keeps all. */
  leastConfidence: 0,
  /** Draws of the noise that confidence is taken over; the first is the one that is kept. */
  draws: 1,
  /** "prior" draws the noise anew: an intervention, and the control of what abduction is good for. */
  noise: "abducted" as "abducted" | "prior",
  /** Slates that are set in a session, one after the other, the later ones proposed for what the earlier ones led to. */
  rounds: 1,
  /** How often each session may be tried, each time at another step and with other noise. */
  passes: 20,
  /** Whether a session that comes out as its parent is added. */
  copies: false,
};

/** Options of `counterfactualAugmenter`. */
export type CounterfactualOptions = typeof counterfactualDefaults;

/** What it works with. */
export interface CounterfactualParts {
  /** How users answer slates: `ResponseModel.mechanism()`. */
  readonly mechanism: Mechanism;
  /** The training sessions with their slates: logged, or of `imputeSlates`. `session` numbers them as the training does. */
  readonly log: SlateLog;
  readonly proposer: SlateProposer;
  /** Slates after the one that is set, where the choices differ; default those of the log. */
  readonly later?: SlatePolicy;
  /** Default by the proposer's name. */
  readonly name?: string;
  /** The weight of the proposer's guidance, for the record. */
  readonly guidance?: number;
}

/** Sessions that are tried at a time. */
const triedAtOnce = 1024;
/** Items shown more rarely than this are valued by little evidence. */
const rarelyShown = 20;

/**
 * An augmenter by counterfactual slates.
 * @throws ConfigError for wrong options
 * @example
 * import { clickSessions, counterfactualAugmenter, makeWorld, randomPolicy, randomProposer, Rng, simulate, worldMechanism } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, steps: 4 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 40 }, new Rng(2));
 * const items = { ids: Array.from({ length: 20 }, (_, item) => String(item)), trained: 20 };
 * const train = { role: "train" as const, ...clickSessions(log), items, hash: "demo" };
 * const augmenter = counterfactualAugmenter({ mechanism: worldMechanism(world), log, proposer: randomProposer(20) }, { targeted: false });
 * const { parent, sessions, slates } = await augmenter.augment(train, 5, new Rng(3));
 * assert.deepEqual([parent.length, sessions.offsets.length, slates!.length], [5, 6, 5 * log.slots]);
 */
export function counterfactualAugmenter(parts: CounterfactualParts, given: Partial<CounterfactualOptions> = {}): Augmenter {
  const { positiveInteger, fraction } = rules;
  const options = resolveOptions("counterfactualAugmenter", counterfactualDefaults, given, {
    ...{ quantile: fraction, leastConfidence: (value) => (typeof value === "number" && value >= 0 && value <= 1 ? undefined : "a number in 0..1"), draws: positiveInteger },
    ...{ noise: rules.oneOf("abducted", "prior"), rounds: positiveInteger, passes: positiveInteger },
  });
  const name = parts.name ?? `counterfactual, ${parts.proposer.name}`;
  return { name, augment: (train, amount, rng) => augment(name, parts, options, train, amount, rng) };
}

async function augment(name: string, parts: CounterfactualParts, options: Readonly<CounterfactualOptions>, train: TrainSessions, amount: number, rng: Rng): Promise<Augmentation> {
  const { log, mechanism } = parts;
  const leads = leadsOf(log, train);
  const counts = trainingCounts(train);
  const threshold = quantileOf(Float64Array.from(counts).sort(), options.quantile);
  const { shown } = supportOf(log);
  const collector = new Collector(train, amount);
  let [tried, rare] = [0, 0];
  let assumptions: readonly string[] = [];
  for (let pass = 0; pass < options.passes && !collector.full; pass++) {
    const own = rng.child(`pass ${pass}`);
    const order = own.child("order").permutation(leads.length);
    for (let from = 0; from < order.length && !collector.full; from += triedAtOnce) {
      const chosen = order.subarray(from, Math.min(order.length, from + triedAtOnce));
      const part = takeSessions(log, chosen);
      const { done, steps, draws, slates } = await intervene(parts, options, part, chosen, leads, train, own, from);
      tried += chosen.length;
      const [kept] = draws as [Counterfactual, ...Counterfactual[]];
      assumptions = kept.assumptions;
      const sure = confidence(draws);
      const sessions = clickSessions(kept.log);
      chosen.forEach((s, at) => {
        const row = part.offsets[at]! + steps[at]!;
        const parent = log.session?.[s] ?? s;
        const lead = leads[s]!;
        const items = [...itemsOf(train, parent).slice(0, lead), ...itemsOf(sessions, at)];
        const [before, now] = [clicksAt(part, row), clicksAt(kept.log, row)];
        const fresh = now.filter((item) => !before.includes(item));
        const made = { items, parent, step: lead + clicksBefore(kept.log, at, steps[at]!), slate: slates.subarray(at * log.slots, (at + 1) * log.slots) };
        if (items.length < 2 || (!options.copies && collector.isCopy(made)) || sure[row]! < options.leastConfidence) return;
        if (options.targeted && !fresh.some((item) => counts[item]! <= threshold)) return;
        const had = collector.all.length;
        collector.add({ ...made, columns: { probability: probabilityAt(mechanism, kept, row), confidence: sure[row]!, round: done, pass, ...(parts.guidance !== undefined && { guidance: parts.guidance }) } }, options.copies);
        if (collector.all.length > had && fresh.some((item) => shown[item]! < rarelyShown)) rare++;
      });
    }
  }
  const made = collector.all.length;
  return collector.done(name, rng, [
    ...assumptions,
    `${made} sessions of ${tried} that were tried were kept`,
    ...(made === 0 ? [] : [`${((100 * rare) / made).toFixed(1)} % of them have a new choice that was shown fewer than ${rarelyShown} times in the log: how users value it was learnt from little`]),
  ]);
}

/** Sets slates in sessions, round after round, and predicts them in each draw of the noise. */
async function intervene(parts: CounterfactualParts, { rounds, draws: drawn, noise }: Readonly<CounterfactualOptions>, part: SlateLog, chosen: Uint32Array, leads: Int32Array, train: TrainSessions, rng: Rng, from: number) {
  const { mechanism, proposer, later } = parts;
  const { slots, offsets } = part;
  const abducted: Abducted[] = Array.from({ length: drawn }, (_, draw) => abduct(mechanism, part, rng.child(`draw ${draw}`)));
  const chooser = rng.child(`steps ${from}`);
  const interventions = new Map<string, Intervention>();
  let draws: Counterfactual[] = [];
  let steps: Int32Array = new Int32Array(chosen.length);
  let slates: Int32Array = new Int32Array(0);
  let done = 0;
  for (; done < rounds; done++) {
    steps = Int32Array.from(chosen, (_, at) => chooser.int(offsets[at + 1]! - offsets[at]!));
    const history = historiesOf(draws[0]?.log ?? part, steps, (at) => {
      const s = chosen[at]!;
      return itemsOf(train, parts.log.session?.[s] ?? s).slice(0, leads[s]!);
    });
    slates = await proposer.slates(history, slots, rng.child(`slates ${from}`).child(done));
    steps.forEach((step, session) => interventions.set(`${session} ${step}`, { session, step, slate: slates.subarray(session * slots, (session + 1) * slots) }));
    const action: Action = act(part, interventions.values());
    draws = abducted.map((one) => predict(mechanism, one, action, { later: later ?? "kept", noise }));
  }
  return { done, steps, slates, draws };
}

/** What was chosen before a step of each session, with what stands before the log's first step. */
function historiesOf(log: SlateLog, steps: Int32Array, leadOf: (at: number) => readonly number[]): Sessions {
  const lists = Array.from(steps, (step, at) => {
    const items = [...leadOf(at)];
    for (let row = log.offsets[at]!; row < log.offsets[at]! + step; row++) items.push(...clicksAt(log, row));
    return items;
  });
  return sessionsOf(lists);
}

function clicksAt({ slate, clicked, slots }: SlateLog, row: number): number[] {
  const items: number[] = [];
  for (let at = row * slots; at < (row + 1) * slots; at++) if (clicked[at] === 1) items.push(slate[at]!);
  return items;
}

function clicksBefore(log: SlateLog, at: number, step: number): number {
  let count = 0;
  for (let row = log.offsets[at]!; row < log.offsets[at]! + step; row++) count += clicksAt(log, row).length;
  return count;
}

/** Of what was chosen at a step, on the slate that was set, without the noise that is known. */
function probabilityAt({ kind }: Mechanism, { log, logits }: Counterfactual, row: number): number {
  const { slots, clicked } = log;
  const own = clicked.subarray(row * slots, (row + 1) * slots);
  if (kind === "multi") return own.reduce((product, click, i) => product / (1 + Math.exp((click === 1 ? -1 : 1) * logits[row * slots + i]!)), 1);
  const slot = own.indexOf(1);
  return Math.exp(logits[row * (slots + 1) + (slot < 0 ? slots : slot)]!);
}

/**
 * How many items of each session stand before its first logged step: one where slates were imputed, since the first item
 * answers none; else none.
 * @throws DataError where log and training are of different sessions
 */
function leadsOf(log: SlateLog, train: TrainSessions): Int32Array {
  if (log.items !== train.items.trained) throw new DataError(`Expected a log over the ${train.items.trained} items of the training sessions, found one over ${log.items}; impute or log slates for these sessions`);
  const chosen = clickSessions(log);
  return Int32Array.from({ length: log.offsets.length - 1 }, (_, s) => {
    const parent = log.session?.[s] ?? s;
    if (parent + 1 >= train.offsets.length) throw new DataError(`Expected a training session for session ${parent} of the log, found ${train.offsets.length - 1} sessions; take the log of these sessions`);
    const [whole, logged] = [itemsOf(train, parent), itemsOf(chosen, s)];
    const lead = whole.length - logged.length;
    if ((lead !== 0 && lead !== 1) || logged.some((item, at) => item !== whole[at + lead])) throw new DataError(`Expected the choices of training session ${parent} in the log, found others; take the log of these sessions`);
    return lead;
  });
}
