/** A made-up report of the persona experiment: numbers that are easy to follow by hand. */
import type { PersonaComparison, PersonaReport, PersonaRow } from "../../src/papers/persona/report";

const cases = { cases: 100, sessions: 20, medianPrefix: 3, coldTargetShare: 0.1, repeatShare: 0 };

/** A row; two seeds unless it is POP. */
function row(arm: string, form: PersonaRow["form"], title: string, role: PersonaRow["role"], ndcg: number, more: Partial<PersonaRow> = {}): PersonaRow {
  const sd = arm === "pop" ? undefined : 0.001;
  const seeds = arm === "pop" ? [1] : [1, 2];
  const name = form === "alone" ? arm : `${arm}-${form}`;
  return {
    ...{ arm, form, title, role, seeds, searched: arm === "pop" ? 1 : 6, options: arm === "sasrec" ? { dropout: 0.3 } : {} },
    results: seeds.map((seed) => `persona-toy-hour-${name}-${seed}@12345678`),
    valid: { "NDCG@10": { mean: ndcg + 0.1, sd } },
    test: { "NDCG@10": { mean: ndcg, sd, low: ndcg - 0.01, high: ndcg + 0.01 }, "HR@10": { mean: 2 * ndcg, sd }, "HR@100": { mean: 6 * ndcg, sd }, "MRR@10": { mean: ndcg / 2, sd } },
    ...more,
  };
}

const anonymous = (ndcg: number) => ({ anonymous: { "NDCG@10": { mean: ndcg, sd: 0.002 } } });
const losses = { losses: [{ k: 10, hits: 0.14, lostByCandidates: 0.6, lostByReranking: 0.26 }, { k: 20, hits: 0.2, lostByCandidates: 0.6, lostByReranking: 0.2 }, { k: 100, hits: 0.4, lostByCandidates: 0.6, lostByReranking: 0 }] };

function comparison(as: string, against: string, difference: number, holm: number): PersonaComparison {
  return { as, against, difference, low: difference - 0.002, high: difference + 0.002, p: holm / 3, holm, sd: 0.01, clusters: 20, detectable: 0.0063 };
}

/** The proposed model ahead of the best baseline by .01; the placebo ahead or not. */
export function toyPersonaReport({ placeboKeepsUp }: { readonly placeboKeepsUp: boolean }): PersonaReport {
  const sham = placeboKeepsUp ? 0.0695 : 0.055;
  const rows = [
    row("pop", "alone", "POP", "baseline", 0.02),
    row("sasrec", "alone", "SASRec", "baseline", 0.06),
    row("sasrec-text", "rerank", "SASRec with LLM vectors, no persona, reranked by SASRec", "control", 0.062, losses),
    row("persona", "alone", "Persona-SASRec", "proposed", 0.065, anonymous(0.05)),
    row("persona", "rerank", "Persona-SASRec, reranked by SASRec", "proposed", 0.07, { ...anonymous(0.061), ...losses, blend: undefined }),
    row("persona-shuffled", "rerank", "Persona-SASRec, shuffled personas, reranked by SASRec", "placebo", sham, { ...anonymous(0.058), ...losses }),
  ];
  return {
    ...{ paper: "persona", dataset: "toy", budget: "hour", experiment: "persona-toy-hour", words: "training before the first cut", candidates: "full ranking over 1000 training items", backend: "cpu CPU, 2 threads", notes: ["No linked data here."] },
    counts: { items: { trained: 1000, cold: 7 }, train: { sessions: 50, events: 900, medianLength: 9, repeatShare: 0 }, valid: cases, test: cases },
    rows,
    trials: [{ round: 1, setting: 2, share: 1, kept: true, options: { inject: "prefix", learn: { graph: { maxDegree: 100 } } }, epochs: 4, seconds: 9, metrics: { "NDCG@10": 0.051 } }],
    proposed: "persona-rerank",
    comparisons: [
      comparison("best baseline", "sasrec", 0.01, 0.003),
      comparison("strongest placebo", "persona-shuffled-rerank", 0.07 - sham, placeboKeepsUp ? 0.6 : 0.003),
      comparison("same compute without personas", "sasrec-text-rerank", 0.008, 0.09),
    ],
    slices: [
      { name: "all cases", cases: 100, values: [0.02, 0.06, 0.062, 0.065, 0.07, sham] },
      { name: "known users", cases: 70, values: [0.02, 0.07, 0.07, 0.07, 0.08, 0.06] },
      { name: "new users (cold)", cases: 30, values: [0.02, 0.04, 0.04, 0.05, 0.05, 0.052] },
      { name: "sessions of 1-3", cases: 40, values: [0.02, 0.06, 0.06, 0.06, 0.05, 0.08] },
    ],
  };
}
