/** The recommenders by id: how each is made, loaded, tuned and budgeted. What the command line and the experiments offer. */
import type { Budget } from "../core/budget";
import { Bert4Rec, bert4RecBudgets } from "./bert4rec";
import { Gru4Rec, gru4RecBudgets, gru4RecRanges } from "./gru4rec";
import { ItemKnn, itemKnnSpace } from "./item-knn";
import { Markov, markovSpace } from "./markov";
import { Narm, narmBudgets, narmRanges } from "./narm";
import { Niser, niserBudgets, niserRanges } from "./niser";
import { Pop } from "./pop";
import type { Recommender } from "./recommender";
import { Sasrec, sasrecBudgets, sasrecRanges } from "./sasrec";
import { SequentialRules, sequentialRulesSpace } from "./sequential-rules";
import { SessionKnn, sessionKnnSpace } from "./session-knn";
import { SessionPop, sessionPopSpace } from "./session-pop";
import type { Space } from "./space";
import { SrGnn, srGnnBudgets, srGnnRanges } from "./sr-gnn";
import { Stamp, stampBudgets, stampRanges } from "./stamp";
import { UserGru, userGruBudgets } from "./user-gru";
import { Stan, stanSpace } from "./stan";
import { VsKnn, vsKnnSpace } from "./vs-knn";
import { Vstan, vstanSpace } from "./vstan";

/** One kind of recommender. */
export interface ModelMaker {
  /** The name in tables. */
  readonly title: string;
  /** A model that is not fitted. @throws ConfigError for unknown or wrong options */
  make(options: object): Recommender;
  /** A fitted model from the folder that its `save` wrote. @throws ConfigError, DataError */
  load(folder: string): Promise<Recommender>;
  /** Settings to choose among on validation; absent where the budget's options stand as they are. */
  readonly space?: readonly object[];
  /** What a search draws settings from, where there is more to choose than a list holds. */
  readonly ranges?: Space<Readonly<Record<string, unknown>>>;
  /** Options over the defaults, by budget. */
  readonly budgets: Readonly<Record<Budget, object>>;
  /** Whether a fit draws random numbers: then it is run once a seed. */
  readonly seeded: boolean;
  /** Whether it runs on the tensor backend: then its bits depend on the backend, and fit and load start it. */
  readonly tensors: boolean;
  /** The module, for the code version of steps. */
  readonly code: string;
}

const neural = { seeded: true, tensors: true } as const;
const counting = { budgets: { minute: {}, hour: {}, paper: {} }, seeded: false, tensors: false } as const;

/**
 * All recommenders.
 * @example
 * import { models } from "sessionlab";
 * assert.deepEqual(Object.keys(models), ["pop", "session-pop", "markov", "sequential-rules", "item-knn", "session-knn", "vs-knn", "stan", "vstan", "gru4rec", "narm", "stamp", "sr-gnn", "niser", "bert4rec", "user-gru", "sasrec"]);
 * assert.throws(() => models.markov.make({ backof: 0.1 }), /did you mean "backoff"/);
 */
export const models = {
  pop: { ...counting, title: "POP", make: (options) => new Pop(options), load: (folder) => Pop.load(folder), code: require.resolve("./pop") },
  "session-pop": {
    ...counting,
    title: "S-POP",
    make: (options) => new SessionPop(options),
    load: (folder) => SessionPop.load(folder),
    space: sessionPopSpace,
    code: require.resolve("./session-pop"),
  },
  markov: { ...counting, title: "Markov", make: (options) => new Markov(options), load: (folder) => Markov.load(folder), space: markovSpace, code: require.resolve("./markov") },
  "sequential-rules": {
    ...counting,
    title: "SR",
    make: (options) => new SequentialRules(options),
    load: (folder) => SequentialRules.load(folder),
    space: sequentialRulesSpace,
    code: require.resolve("./sequential-rules"),
  },
  "item-knn": {
    ...counting,
    title: "Item-kNN",
    make: (options) => new ItemKnn(options),
    load: (folder) => ItemKnn.load(folder),
    space: itemKnnSpace,
    code: require.resolve("./item-knn"),
  },
  "session-knn": {
    ...counting,
    title: "S-KNN",
    make: (options) => new SessionKnn(options),
    load: (folder) => SessionKnn.load(folder),
    space: sessionKnnSpace,
    code: require.resolve("./session-knn"),
  },
  "vs-knn": { ...counting, title: "VS-KNN", make: (options) => new VsKnn(options), load: (folder) => VsKnn.load(folder), space: vsKnnSpace, code: require.resolve("./vs-knn") },
  stan: { ...counting, title: "STAN", make: (options) => new Stan(options), load: (folder) => Stan.load(folder), space: stanSpace, code: require.resolve("./stan") },
  vstan: { ...counting, title: "VSTAN", make: (options) => new Vstan(options), load: (folder) => Vstan.load(folder), space: vstanSpace, code: require.resolve("./vstan") },
  gru4rec: { ...neural, title: "GRU4Rec", make: (options) => new Gru4Rec(options), load: (folder) => Gru4Rec.load(folder), budgets: gru4RecBudgets, ranges: gru4RecRanges, code: require.resolve("./gru4rec") },
  narm: { ...neural, title: "NARM", make: (options) => new Narm(options), load: (folder) => Narm.load(folder), budgets: narmBudgets, ranges: narmRanges, code: require.resolve("./narm") },
  stamp: { ...neural, title: "STAMP", make: (options) => new Stamp(options), load: (folder) => Stamp.load(folder), budgets: stampBudgets, ranges: stampRanges, code: require.resolve("./stamp") },
  "sr-gnn": { ...neural, title: "SR-GNN", make: (options) => new SrGnn(options), load: (folder) => SrGnn.load(folder), budgets: srGnnBudgets, ranges: srGnnRanges, code: require.resolve("./sr-gnn") },
  niser: { ...neural, title: "NISER+", make: (options) => new Niser(options), load: (folder) => Niser.load(folder), budgets: niserBudgets, ranges: niserRanges, code: require.resolve("./niser") },
  bert4rec: { ...neural, title: "BERT4Rec", make: (options) => new Bert4Rec(options), load: (folder) => Bert4Rec.load(folder), budgets: bert4RecBudgets, code: require.resolve("./bert4rec") },
  "user-gru": { ...neural, title: "GRU with a session user", make: (options) => new UserGru(options), load: (folder) => UserGru.load(folder), budgets: userGruBudgets, code: require.resolve("./user-gru") },
  sasrec: {
    ...neural,
    title: "SASRec",
    make: (options) => new Sasrec(options),
    load: (folder) => Sasrec.load(folder),
    budgets: sasrecBudgets, ranges: sasrecRanges,
    code: require.resolve("./sasrec"),
  },
} as const satisfies Readonly<Record<string, ModelMaker>>;

/** The id of a recommender: "session-pop". */
export type ModelId = keyof typeof models;

/**
 * A maker by id, as the interface.
 * @example
 * import { makerOf } from "sessionlab";
 * assert.equal(makerOf("session-pop").title, "S-POP");
 */
export function makerOf(id: ModelId): ModelMaker {
  return models[id];
}
