/** Every recommender under the one contract: a new model is one line. */
import { DiffusionRecommender } from "../../src/augmentation/diffusion/recommender";
import { Bert4Rec } from "../../src/models/bert4rec";
import { Gru4Rec } from "../../src/models/gru4rec";
import { ItemKnn } from "../../src/models/item-knn";
import { Markov } from "../../src/models/markov";
import { Narm } from "../../src/models/narm";
import { Niser } from "../../src/models/niser";
import { PersonaSasrec } from "../../src/models/persona-sasrec";
import { Pop } from "../../src/models/pop";
import type { FitContext } from "../../src/models/recommender";
import { Sasrec } from "../../src/models/sasrec";
import { SequentialRules } from "../../src/models/sequential-rules";
import { SessionKnn } from "../../src/models/session-knn";
import { SessionPop } from "../../src/models/session-pop";
import { SrGnn } from "../../src/models/sr-gnn";
import { Stamp } from "../../src/models/stamp";
import { UserGru } from "../../src/models/user-gru";
import { Stan } from "../../src/models/stan";
import { VsKnn } from "../../src/models/vs-knn";
import { Vstan } from "../../src/models/vstan";
import { gathered, type PersonaSource } from "../../src/models/persona-source";
import type { Cases, Sessions, TrainSessions } from "../../src/data/types";
import { contract, type Contract } from "./recommender";
import { trained } from "./worlds";

const sasrec = { dimension: 32, inner: 32, blocks: 1, dropout: 0.1, batch: 32, rate: 0.01, epochs: 8 };
const small = { dimension: 32, batch: 64, rate: 0.01, metric: "MRR@10" };
const gru = { ...small, batch: 16, negatives: 30, rate: 0.1, momentum: 0.1, inputDropout: 0, stateDropout: 0, epochs: 8 };
const graph = { ...small, rateDecay: 1, epochs: 5 };
const diffusion = { base: "niser", baseOptions: graph, width: 32, blocks: 1, times: 50, steps: 5, draws: 2, batch: 64, rate: 0.005, epochs: 5, metric: "MRR@10" } as const;

/** Personas of four users, though the worlds have none: whoever comes has one by the first item. */
class WithPersonas extends PersonaSasrec {
  override fit(train: TrainSessions, valid: Cases<"valid">, context: FitContext) {
    return super.fit(train, valid, { ...context, personas });
  }
}

const users = { shape: [4, 3] as [number, number], data: Float32Array.from({ length: 12 }, (_, at) => Math.sin(at)) };
const infer = ({ offsets, item }: Sessions): PersonaSource["users"] =>
  gathered(users, Array.from(offsets.subarray(1), (stop, s) => (item.subarray(offsets[s], stop).find((one) => one < trained) ?? -1) % 4));
const personas = { users, infer };

const models: readonly Contract[] = [
  { name: "POP", make: (options) => new Pop(options), load: Pop.load, world: "popular" },
  { name: "S-POP", make: (options) => new SessionPop(options), load: SessionPop.load, world: "repeat" },
  { name: "S-POP by recency", make: (options) => new SessionPop({ by: "recency", ...options }), load: SessionPop.load, world: "repeat" },
  { name: "Markov", make: (options) => new Markov(options), load: Markov.load, world: "cycle" },
  { name: "SR", make: (options) => new SequentialRules(options), load: SequentialRules.load, world: "cycle" },
  { name: "Item-kNN", make: (options) => new ItemKnn(options), load: ItemKnn.load, world: "groups" },
  { name: "Item-kNN over a window", make: (options) => new ItemKnn({ window: 5, ...options }), load: ItemKnn.load, world: "groups" },
  { name: "S-KNN", make: (options) => new SessionKnn(options), load: SessionKnn.load, world: "company" },
  { name: "VS-KNN", make: (options) => new VsKnn(options), load: VsKnn.load, world: "company" },
  { name: "STAN", make: (options) => new Stan(options), load: Stan.load, world: "company" },
  { name: "VSTAN", make: (options) => new Vstan(options), load: Vstan.load, world: "company" },
  { name: "GRU4Rec", make: (options) => new Gru4Rec({ ...gru, ...options }), load: Gru4Rec.load, world: "cycle", timeout: 240000 },
  { name: "GRU4Rec with cross-entropy", make: (options) => new Gru4Rec({ ...gru, loss: "cross-entropy", logQ: 1, ...options }), load: Gru4Rec.load, world: "cycle", timeout: 240000 },
  { name: "NARM", make: (options) => new Narm({ ...small, units: 32, inputDropout: 0.1, outputDropout: 0.1, epochs: 6, ...options }), load: Narm.load, world: "cycle", timeout: 240000 },
  { name: "STAMP", make: (options) => new Stamp({ ...small, rate: 0.02, epochs: 10, ...options }), load: Stamp.load, world: "cycle", timeout: 240000 },
  { name: "SR-GNN", make: (options) => new SrGnn({ ...graph, ...options }), load: SrGnn.load, world: "cycle", timeout: 240000 },
  { name: "NISER+", make: (options) => new Niser({ ...graph, ...options }), load: Niser.load, world: "cycle", timeout: 240000 },
  { name: "BERT4Rec", make: (options) => new Bert4Rec({ ...small, inner: 32, blocks: 1, dropout: 0, lastShare: 1, batch: 16, rate: 0.005, epochs: 14, ...options }), load: Bert4Rec.load, world: "cycle", timeout: 240000 },
  { name: "GRU with a session user", make: (options) => new UserGru({ ...small, batch: 32, maxLength: 12, dropout: 0.1, epochs: 6, ...options }), load: UserGru.load, world: "cycle", timeout: 240000 },
  { name: "SASRec with a session user", make: (options) => new Sasrec({ ...sasrec, maxLength: 12, user: "attention", ...options }), load: Sasrec.load, world: "cycle", timeout: 240000 },
  { name: "Persona-SASRec", make: (options) => new WithPersonas({ ...sasrec, maxLength: 12, ...options }), load: (folder) => PersonaSasrec.load(folder, infer), world: "cycle", timeout: 240000 },
  { name: "guided diffusion", make: (options) => new DiffusionRecommender({ ...diffusion, ...options }), load: DiffusionRecommender.load, world: "cycle", timeout: 240000 },
  { name: "SASRec", make: (options) => new Sasrec({ ...sasrec, ...options }), load: Sasrec.load, world: "cycle", timeout: 240000 },
];

for (const model of models) contract(model);
