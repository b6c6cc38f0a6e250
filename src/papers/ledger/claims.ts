/**
 * What others published that can be set against ours: the sentences of the two papers' abstracts, and figures of what the papers stand on. Each number
 * is typed once, here or in references.ts, with where it was read. Figures that could not be read at their source are not here: such a row
 * says so, and has no number.
 */
import type { CounterfactualSet } from "../counterfactual/data";
import type { Budget } from "../../core/budget";
import { models, type ModelId } from "../../models/index";
import { leastOnDiginetica, measuredOnDiginetica } from "../benchmark/table";
import { personaRuns } from "../hdgi/hdgi";
import { leastNmi } from "../hdgi/table";
import { recboleSasrec } from "../references";
import { linkingGoals } from "../linking";
import { baseFigure, benchmarkFigure, hdgiFigure } from "./figures";
import { counterfactualGain, onlineGain, personaGain, type PersonaPlace } from "./gains";
import { diffusionGoal, featuresGoal, leastGoal, likelihoodGoal, linkingGoal, noBiasGoal, policiesGoal, ratesGoal, sameGoal } from "./goals";
import { notAttempted, type Found } from "./rules";

/** The parts of the ledger, in its order. */
export const ledgerSections = {
  persona: "The persona paper (arXiv 2604.06928)",
  counterfactual: "The counterfactual paper (arXiv 2410.21892)",
  linking: "Items as entities of DBpedia, which personas stand on",
  hdgi: "HDGI, which personas stand on (arXiv 1911.08538)",
  sessions: "Session recommenders, which both papers stand on",
  diffusion: "Guided diffusion and the response model, which counterfactual sessions stand on",
} as const;

/** One of them. */
export type LedgerSection = keyof typeof ledgerSections;

/** One published number or sentence. */
export interface Claim {
  readonly id: string;
  readonly section: LedgerSection;
  /** Where it stands: "abstract", "README of the authors' code". */
  readonly source: string;
  readonly claim: string;
  /** As it is printed there; left out where there is no figure, or none that was verified. */
  readonly published?: string;
  /** How our data differ from theirs. */
  readonly data: string;
  /** Starts of files under src/ whose departures bear on it. */
  readonly code: readonly string[];
  /** Ours, from a folder of results. */
  find(results: string): Found;
}

/** What was set beforehand, published by nobody. */
const goal = "goal of this project";
const unverified = "figure not verified: the source could not be read, so nothing is set beside it";

const personaCode = ["kg/", "personas/", "text/", "models/persona-sasrec", "models/sasrec", "models/two-stage", "models/user-gru", "papers/persona/"];
const personaClaim = "personas from a graph, with LLM item vectors, ahead of sequential models";

function personaRows(name: string, place: Omit<PersonaPlace, "results">, data: string, metrics: readonly string[]): readonly Claim[] {
  const rows = metrics.map((metric): Claim => ({ id: `persona-${place.source}-${metric.toLowerCase()}`, section: "persona", source: "abstract", claim: `${name}, ${metric}: ${personaClaim}`, data, code: personaCode, find: (results) => personaGain({ results, ...place }, metric) }));
  const form: Claim = { id: `persona-${place.source}-reranked`, section: "persona", source: "abstract", claim: `${name}, NDCG@10: personas with candidates that SASRec reranks, the paper's own form, ahead of the same models`, data, code: personaCode, find: (results) => personaGain({ results, ...place }, "NDCG@10", "rerank") };
  return [...rows, form];
}

const persona: readonly Claim[] = [
  ...personaRows("Amazon Movies & TV", { source: "amazon-movies", budget: "hour" }, "a dense sample of 2014's reviews: 2,579 users, 3,107 items; the paper's sizes are not known", ["NDCG@10", "HR@10", "HR@100", "MRR@10"]),
  ...personaRows("Amazon Books", { source: "books-linked", budget: "hour" }, "the part of a sample of 2014's reviews whose items are linked: 13,010 users, 7,924 items; the paper's sizes are not known", ["NDCG@10", "HR@10", "HR@100", "MRR@10"]),
  ...personaRows("MovieLens-100K", { source: "ml-100k", budget: "minute" }, "not a data set of the paper; genres and Freebase in place of DBpedia", ["NDCG@10"]),
  { id: "persona-tables", section: "persona", source: "result tables", claim: "HR@10, HR@100, NDCG and MRR of each model on Amazon Books and Amazon Movies & TV", data: "-", code: personaCode, find: () => notAttempted(unverified) },
];

const counterfactualCode = ["augmentation/", "response/", "models/niser", "models/sr-gnn", "papers/counterfactual/", "papers/online/"];

function recallRow(name: string, source: CounterfactualSet, budget: Budget, data: string): Claim {
  return {
    id: `counterfactual-recall-${source}`, section: "counterfactual", source: "abstract", published: "up to +20 %", data, code: counterfactualCode,
    claim: `${name}, Recall of less popular targets: counterfactual sessions with slates by guided diffusion ahead`,
    find: (results) => counterfactualGain(results, source, budget),
  };
}

function clickRow(id: string, name: string, budget: Budget, data: string): Claim {
  return {
    id, section: "counterfactual", source: "abstract", published: "up to +13 %", data, code: counterfactualCode,
    claim: `${name}, click rate on less popular items: counterfactual sessions with slates by guided diffusion ahead`,
    find: (results) => onlineGain(results, budget),
  };
}

const counterfactual: readonly Claim[] = [
  recallRow("Diginetica", "diginetica", "hour", "the benchmark's files, at the hour budget their most recent sessions; slates are imputed, since no log has them"),
  recallRow("YooChoose", "yoochoose", "hour", "a sample of 145,716 clicks"),
  recallRow("MovieLens-100K", "ml-100k", "minute", "not a data set of the paper: ratings in place of clicks; slates are imputed"),
  clickRow("counterfactual-ctr", "Simulated worlds", "hour", "simulated worlds of our own; the paper's could not be read"),
  clickRow("counterfactual-ctr-minute", "Small simulated worlds", "minute", "the same with fewer items and sessions, and settings set by hand: it does not stand for the row above"),
  { id: "counterfactual-no-bias", section: "counterfactual", source: goal, published: "within ±0.01", claim: "Simulated worlds whose logs have no popularity bias, click rate on less popular items: no gain over the same compute, else it is no de-biasing", data: "simulated worlds of our own", code: counterfactualCode, find: (results) => noBiasGoal(results, "hour") },
  { id: "counterfactual-tables", section: "counterfactual", source: "result tables", claim: "Recall and CTR of each model by popularity", data: "-", code: counterfactualCode, find: () => notAttempted(unverified) },
];

const hdgiCode = ["personas/"];
const noGraph = (name: string): (() => Found) => () => notAttempted(`${name}'s graph is not among our data`);

function hdgiRow(id: string, source: string, claim: string, published: string, find: Claim["find"], data: string): Claim {
  return { id: `hdgi-${id}`, section: "hdgi", source, claim, published, data, code: hdgiCode, find };
}

const acm = "ACM3025: the graph of HAN's authors, 600/300/2,125 papers";
const paperTable = "its tables, as an index of papers quotes them";
const elsewhere = "-";
const someoneElse = "issue 8 of the authors' repository: their code in another's hands";

const linking = (["films", "books"] as const).map((domain): Claim => {
  const [precision, recall] = linkingGoals[domain];
  return { id: `linking-${domain}`, section: "linking", source: goal, claim: `titles of ${domain} find their entity: precision, at recall`, published: `${precision} at ${recall}`, data: `LODrecsys' map of ${domain === "films" ? "MovieLens-1M" : "LibraryThing"}, the half that nothing was chosen on`, code: ["kg/link"], find: (results) => linkingGoal(results, domain) };
});

const hdgi: readonly Claim[] = [
  ...(["hdgi-c", "hdgi-a"] as const).map((model) => hdgiRow(`acm-features-${model}`, goal, `ACM, ${personaRuns[model]}: micro-F1 above the features alone, and above their means over meta-paths`, "by more than the seeds' spread", (results) => featuresGoal(results, model), acm)),
  hdgiRow("acm-ari", paperTable, "ACM, ARI of k-means on the vectors", "50.86", (results) => hdgiFigure(results, "hdgi-c", "ARI", { published: 0.5086, reach: true }), acm),
  hdgiRow("acm-nmi-rerun", someoneElse, "ACM, NMI of HDGI-C", String(leastNmi["acm3025"]), (results) => hdgiFigure(results, "hdgi-c", "NMI", { published: leastNmi["acm3025"]!, reach: true }), acm),
  hdgiRow("acm-ari-rerun", someoneElse, "ACM, ARI of HDGI-C", "0.46", (results) => hdgiFigure(results, "hdgi-c", "ARI", { published: 0.46, reach: true }), acm),
  ...([["DBLP, HDGI-A, 20 % training, micro/macro-F1", "90.62/89.88"], ["DBLP, HDGI-A, 80 % training, micro/macro-F1", "91.92/91.06"], ["DBLP, HDGI-C, 20 % training, micro/macro-F1", "91.75/90.94"], ["DBLP, HDGI-C, 80 % training, micro-F1", "92.26"], ["DBLP, NMI", "60.76"]] as const).map(([claim, value], at) => hdgiRow(`dblp-${at + 1}`, paperTable, claim, value, noGraph("DBLP"), elsewhere)),
  hdgiRow("imdb", paperTable, "IMDB, NMI / macro-F1 at 20 % training", "1.87 / 59.14", noGraph("IMDB"), elsewhere),
];

const modelFiles: Readonly<Partial<Record<ModelId, string>>> = { niser: "models/niser", "sr-gnn": "models/sr-gnn", "session-knn": "models/session-knn", "vs-knn": "models/vs-knn", gru4rec: "models/gru4rec", narm: "models/narm", pop: "models/pop", "session-pop": "models/session-pop", markov: "models/markov" };
const sameFiles = "the same files: 60,858 cases, 43,097 items";

/** A published figure on Diginetica, in percent. @param otherCases measured on other cases than ours */
function diginetica(model: ModelId, source: string, metric: "P@20" | "MRR@20", published: number, data: string, otherCases: boolean): Claim {
  return {
    id: `diginetica-${model}-${metric.toLowerCase()}-${source.startsWith("README") ? "readme" : source.startsWith("session-rec") ? "session-rec" : "paper"}`,
    section: "sessions", source, claim: `Diginetica, ${metric} % of ${models[model].title}`, published: String(published), data, code: [modelFiles[model]!],
    find: (results) => benchmarkFigure(results, model, metric, { published, reach: true, otherCases }),
  };
}

const lineOf = "its figure, as a repository or a page quotes it";
const sessionRec = "session-rec's tables, one split";
const ownSplit = "the benchmark's files; theirs is another preparation and split of the same log";

const recboleData = "the same ratings; RecBole ranks the whole catalogue, ours the training items";
/** How near to RecBole's NDCG@10 ours was to come. */
const nearRecbole = 0.006;

const sessions: readonly Claim[] = [
  diginetica("niser", lineOf, "P@20", 53.39, sameFiles, false),
  diginetica("niser", lineOf, "MRR@20", 18.72, sameFiles, false),
  { id: "diginetica-sr-gnn-p@20", section: "sessions", source: "its tables", claim: "Diginetica, P@20 % of SR-GNN", data: sameFiles, code: ["models/sr-gnn"], find: () => notAttempted(unverified) },
  diginetica("sr-gnn", lineOf, "MRR@20", 17.59, sameFiles, false),
  diginetica("gru4rec", "README of the authors' code", "P@20", 49.95, ownSplit, true),
  diginetica("gru4rec", "README of the authors' code", "MRR@20", 15.42, ownSplit, true),
  ...([["session-knn", 48.46, 17.36], ["vs-knn", 52.03, 18.41], ["gru4rec", 50.97, 17.5], ["narm", 49.79, 15.85]] as const).flatMap(([model, p, mrr]) => [diginetica(model, sessionRec, "P@20", p, ownSplit, true), diginetica(model, sessionRec, "MRR@20", mrr, ownSplit, true)]),
  ...Object.entries(measuredOnDiginetica).flatMap(([model, goal]) =>
    (["P@20", "MRR@20"] as const).map((metric): Claim => {
      const [published, margin] = metric === "P@20" ? [goal.p, goal.within.p] : [goal.mrr, goal.within.mrr];
      return { id: `diginetica-${model}-${metric.toLowerCase()}-measured`, section: "sessions", source: "measured by others on these files", claim: `Diginetica, ${metric} % of ${models[model as ModelId].title}`, published: String(published), data: goal.sampled ? "the same files; theirs on 4,000 of the cases" : sameFiles, code: [modelFiles[model as ModelId]!], find: (results) => benchmarkFigure(results, model as ModelId, metric, { published, margin, own: goal.sampled ? margin / 2 : 0, otherCases: false }) };
    }),
  ),
  ...(Object.entries(leastOnDiginetica) as [keyof typeof leastOnDiginetica, { readonly p: number; readonly mrr: number }][]).map(([model, least]): Claim => ({ id: `diginetica-${model}-least`, section: "sessions", source: goal, claim: `Diginetica, P@20/MRR@20 % of ${models[model].title}`, published: `at least ${least.p}/${least.mrr}`, data: sameFiles, code: [modelFiles[model]!], find: (results) => leastGoal(results, model, least) })),
  ...([["GRU4Rec", "22.89"], ["NARM", "28.63"], ["SR-GNN", "30.94"], ["TAGNN", "31.12"], ["NISER+", "31.61"], ["SGNN-HN", "32.61"]] as const).map(([model, value]): Claim => ({ id: `yoochoose-64-${model.toLowerCase()}`, section: "sessions", source: lineOf, claim: `YooChoose 1/64, MRR@20 % of ${model}`, published: value, data: "-", code: [], find: () => notAttempted("YooChoose 1/64 is not among our data") })),
  ...(["NDCG@10", "HR@10", "MRR@10"] as const).map((metric): Claim => ({ id: `ml-100k-loo-sasrec-${metric.toLowerCase()}`, section: "sessions", source: "RecBole 1.2.1, run by us", claim: `MovieLens-100K, leave-one-out, ${metric} of SASRec`, published: String(recboleSasrec.test[metric]), data: recboleData, code: ["models/sasrec"], find: (results) => baseFigure(results, "ml-100k-loo-hour", "sasrec", metric, { published: recboleSasrec.test[metric]! }) })),
  { id: "ml-100k-loo-sasrec-valid-ndcg@10", section: "sessions", source: "RecBole 1.2.1, run by us", claim: "MovieLens-100K, leave-one-out, validation NDCG@10 of SASRec", published: String(recboleSasrec.valid["NDCG@10"]), data: recboleData, code: ["models/sasrec"], find: (results) => baseFigure(results, "ml-100k-loo-hour", "sasrec", "NDCG@10", { published: recboleSasrec.valid["NDCG@10"]!, margin: nearRecbole, reach: true, on: "valid" }) },
  { id: "ml-100k-loo-sasrec-goal", section: "sessions", source: goal, claim: "MovieLens-100K, leave-one-out, NDCG@10 of SASRec: within .006 of RecBole's, or above", published: String(recboleSasrec.test["NDCG@10"]), data: recboleData, code: ["models/sasrec"], find: (results) => baseFigure(results, "ml-100k-loo-hour", "sasrec", "NDCG@10", { published: recboleSasrec.test["NDCG@10"]!, margin: nearRecbole, reach: true }) },
  ...([["HR@10", "0.3152"], ["NDCG@10", "0.1821"]] as const).map(([metric, value]): Claim => ({ id: `ml-1m-sasrec-${metric.toLowerCase()}`, section: "sessions", source: "README of antklen/sasrec-bert4rec-recsys23", claim: `MovieLens-1M, leave-one-out, seen items filtered, ${metric} of SASRec with full cross-entropy`, published: value, data: "-", code: ["models/sasrec"], find: () => notAttempted("no run on MovieLens-1M is in results") })),
];

function diffusionRow(id: string, data: string, claim: string, published: string, find: Claim["find"]): Claim {
  return { id, section: "diffusion", source: goal, claim: `${claim}, NDCG@20`, published, data, code: ["augmentation/diffusion/"], find };
}

const simulated = "a simulated world whose truth is known";
const responseCode = ["response/"];

const diffusion: readonly Claim[] = [
  { id: "dreamrec-tables", section: "diffusion", source: "DreamRec's tables", claim: "YooChoose, KuaiRec and Zhihu, HR@20 and NDCG@20 of DreamRec", data: "-", code: ["augmentation/diffusion/"], find: () => notAttempted(unverified) },
  { id: "dreamrec-zhihu", section: "diffusion", source: "issue 6 of the authors' repository: the best that users got from their code", claim: "Zhihu, HR@20 % of DreamRec", published: "2.038", data: "-", code: ["augmentation/diffusion/"], find: () => notAttempted("the training files of its data are not published") },
  diffusionRow("diffusion-pop", "MovieLens-100K", "a guided diffusion model ranks better than popularity", "ahead of POP", (results) => diffusionGoal(results, "ml-100k-minute", "POP")),
  diffusionRow("diffusion-base", "MovieLens-100K", "a guided diffusion model ranks as well as the recommender that it stands on", "not behind SASRec", (results) => diffusionGoal(results, "ml-100k-minute", "SASRec")),
  diffusionRow("diffusion-diginetica-pop", "Diginetica, the most recent quarter of training", "a guided diffusion model ranks twice as well as popularity at least", "twice POP", (results) => diffusionGoal(results, "diginetica-minute", "POP", 2)),
  diffusionRow("diffusion-diginetica-base", "Diginetica, the most recent quarter of training", "a guided diffusion model ranks as well as the recommender that it stands on", "not behind GRU4Rec", (results) => diffusionGoal(results, "diginetica-minute", "GRU4Rec")),
  { id: "response-likelihood", section: "diffusion", source: goal, claim: "the learnt response model's likelihood comes near that of the true mechanism", published: "within 5 %", data: simulated, code: responseCode, find: likelihoodGoal },
  { id: "response-rates", section: "diffusion", source: goal, claim: "counterfactual click rates by abducted noise lie in the truth's 95 % interval, nearer to it than without abduction", published: "all of them", data: simulated, code: responseCode, find: ratesGoal },
  { id: "response-policies", section: "diffusion", source: goal, claim: "better policies have higher click rates online: random, popular, recommender, optimum", published: "each ahead of the one before", data: simulated, code: responseCode, find: policiesGoal },
  { id: "response-same", section: "diffusion", source: goal, claim: "a policy tested against itself is told apart as often as the test's 5 % say", published: "5 %", data: simulated, code: responseCode, find: sameGoal },
];

/** All of them, section by section. */
export const claims: readonly Claim[] = [...persona, ...counterfactual, ...linking, ...hdgi, ...sessions, ...diffusion];
