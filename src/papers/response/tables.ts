/** The tables of the response model and the simulated world, from their results. */
import { passportKey } from "../../evaluation/passport";
import type { Estimate, Table } from "../../display/table";
import type { PolicyRow, ResponseResult } from "./response";
import type { Estimated, RateRow } from "./truth";

interface LikelihoodLine {
  readonly name: string;
  readonly sessions?: number;
  readonly nats: number;
  readonly gap?: number;
}

interface RateLine extends RateRow {
  readonly by: string;
}

/** All of them, in the order that they are read in. */
export function responseTables(result: ResponseResult): readonly [Table<LikelihoodLine>, Table<RateLine>, Table<PolicyRow>] {
  return [likelihoodTable(result), rateTable(result), policyTable(result)];
}

const idOf = (result: ResponseResult): string => `response-simulator@${passportKey(result.passport).slice(0, 8)}`;

function protocolOf({ passport: { split, candidates, budget, backend, threads } }: ResponseResult): string {
  return `a simulated world of known truth, ${candidates}; ${String(split["held"])} held-out sessions; budget ${budget}, backend ${backend}, ${threads} threads`;
}

function likelihoodTable(result: ResponseResult): Table<LikelihoodLine> {
  const { truth, bySlot, likelihood } = result;
  const best = likelihood.at(-1)!;
  return {
    title: "How users answer: the learnt response model beside the true mechanism",
    columns: [
      { header: "mechanism", cell: ({ name }) => name },
      { header: "logged sessions", cell: ({ sessions }) => sessions, digits: 0 },
      { header: "log-likelihood, nats a slate", cell: ({ nats }) => nats },
      { header: "% worse than the truth", cell: ({ gap }) => (gap === undefined ? undefined : 100 * gap), digits: 2 },
    ],
    rows: [
      { name: "the slots' shares", nats: bySlot, gap: bySlot / truth - 1 },
      ...likelihood.map(({ sessions, learnt, gap }) => ({ name: "learnt", sessions, nats: learnt, gap })),
      { name: "the world's own", nats: truth },
    ],
    protocol: protocolOf(result),
    results: [idOf(result)],
    notes: [`Goal: within 5 % of the true mechanism with enough logs: ${best.gap <= 0.05 ? "reached" : "not reached"} (${(100 * best.gap).toFixed(2)} % with ${best.sessions} sessions).`],
  };
}

function estimateOf({ mean, within }: Estimated): Estimate {
  return { mean, mark: within ? "" : "†" };
}

function rateTable(result: ResponseResult): Table<RateLine> {
  const { learnt, trueMechanism, otherCoupling } = result.rates;
  const lines = [
    ...learnt.map((row) => ({ by: "learnt", ...row })),
    ...trueMechanism.map((row) => ({ by: "the world's own", ...row })),
    ...otherCoupling.map((row) => ({ by: "the world's own, other coupling", ...row })),
  ];
  const count = (rows: readonly RateRow[], noise: "abducted" | "prior"): string => `${rows.filter((row) => row[noise].within).length} of ${rows.length}`;
  const nearer = learnt.filter((row) => row.abducted.brier < row.prior.brier).length;
  return {
    title: "Had every second item of a slate been a less popular one: click rates against the true ones",
    columns: [
      { header: "mechanism", cell: ({ by }) => by },
      { header: "sessions, and what is counted", cell: ({ name }) => name },
      { header: "sessions", cell: ({ sessions }) => sessions, digits: 0 },
      { header: "truth", cell: ({ truth }) => truth.mean, digits: 3 },
      { header: "its 95 % interval", cell: ({ truth }) => `[${truth.low.toFixed(3)}, ${truth.high.toFixed(3)}]` },
      { header: "counterfactual", cell: ({ abducted }) => estimateOf(abducted), digits: 3 },
      { header: "interventional", cell: ({ prior }) => estimateOf(prior), digits: 3 },
      { header: "Brier, counterfactual", cell: ({ abducted }) => abducted.brier },
      { header: "Brier, interventional", cell: ({ prior }) => prior.brier },
    ],
    rows: lines,
    protocol: protocolOf(result),
    results: [idOf(result)],
    notes: [
      "† outside the truth's interval. Counterfactual: noise abducted from the session; interventional: noise from the prior.",
      `Learnt model: ${count(learnt, "abducted")} rates within the interval with abducted noise, ${count(learnt, "prior")} without; nearer session by session (Brier's score) in ${nearer} of ${learnt.length}. The true mechanism: ${count(trueMechanism, "abducted")} and ${count(trueMechanism, "prior")}.`,
      `In the world of the other coupling (one number against the running sum of probabilities instead of Gumbel-max) the true mechanism has ${count(otherCoupling, "abducted")} within: logs cannot tell the couplings apart, so that Gumbel-max stays an assumption.`,
    ],
  };
}

function policyTable(result: ResponseResult): Table<PolicyRow> {
  const { policies, same } = result;
  const mean = ({ rates }: PolicyRow, of: "slate" | "item" | "lessPopular" | "lessPopularShown"): Estimate => {
    const values = rates.map((one) => one[of]).filter((value) => Number.isFinite(value));
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean: average, sd: values.length < 2 ? undefined : Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1)) };
  };
  const some = (row: PolicyRow, of: "lessPopular"): Estimate | undefined => (row.rates.every((one) => !Number.isFinite(one[of])) ? undefined : mean(row, of));
  return {
    title: "Policies online in simulated worlds: click-through rates",
    columns: [
      { header: "policy", cell: ({ name }) => name },
      { header: "CTR by slate", cell: (row) => mean(row, "slate"), digits: 3 },
      { header: "CTR by item", cell: (row) => mean(row, "item"), digits: 3 },
      { header: "CTR on less popular items", cell: (row) => some(row, "lessPopular"), digits: 3 },
      { header: "their share of what is shown", cell: (row) => mean(row, "lessPopularShown"), digits: 3 },
      { header: "sessions' CTR, 95 % interval", cell: ({ ctr }) => `${ctr.mean.toFixed(3)} [${ctr.low.toFixed(3)}, ${ctr.high.toFixed(3)}]` },
      { header: "ahead of the one before", cell: ({ gain }) => (gain === undefined ? "-" : `${gain.difference >= 0 ? "+" : ""}${gain.difference.toFixed(3)} [${gain.low.toFixed(3)}, ${gain.high.toFixed(3)}]`) },
      { header: "in worlds", cell: ({ gain, rates }) => (gain === undefined ? "-" : `${gain.seedsAhead} of ${rates.length}`) },
    ],
    rows: policies,
    protocol: protocolOf(result),
    results: [idOf(result)],
    notes: [
      `± standard deviation over ${result.passport.seeds.length} worlds. All policies meet the same users with the same noise; the intervals are paired, over sessions. Less popular: up to the 80th percentile of training clicks.`,
      "\"oracle\" knows the world and shows at each step the slate with the largest probability of a click: the optimum of one step.",
      `Random slates against random slates with other noise: ${same.rejected} of ${same.runs} tests at 5 % found a difference (${(100 * same.low).toFixed(1)} to ${(100 * same.high).toFixed(1)} % is what chance allows, 99 %).`,
    ],
  };
}
