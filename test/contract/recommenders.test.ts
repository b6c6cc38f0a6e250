/** Every recommender under the one contract: a new model is one line. */
import { ItemKnn } from "../../src/models/item-knn";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import { Sasrec } from "../../src/models/sasrec";
import { SessionKnn } from "../../src/models/session-knn";
import { SessionPop } from "../../src/models/session-pop";
import { VsKnn } from "../../src/models/vs-knn";
import { contract, type Contract } from "./recommender";

const sasrec = { dimension: 32, inner: 32, blocks: 1, dropout: 0.1, batch: 32, rate: 0.01, epochs: 8 };

const models: readonly Contract[] = [
  { name: "POP", make: (options) => new Pop(options), load: Pop.load, world: "popular" },
  { name: "S-POP", make: (options) => new SessionPop(options), load: SessionPop.load, world: "repeat" },
  { name: "S-POP by recency", make: (options) => new SessionPop({ by: "recency", ...options }), load: SessionPop.load, world: "repeat" },
  { name: "Markov", make: (options) => new Markov(options), load: Markov.load, world: "cycle" },
  { name: "Item-kNN", make: (options) => new ItemKnn(options), load: ItemKnn.load, world: "groups" },
  { name: "Item-kNN over a window", make: (options) => new ItemKnn({ window: 5, ...options }), load: ItemKnn.load, world: "groups" },
  { name: "S-KNN", make: (options) => new SessionKnn(options), load: SessionKnn.load, world: "company" },
  { name: "VS-KNN", make: (options) => new VsKnn(options), load: VsKnn.load, world: "company" },
  { name: "SASRec", make: (options) => new Sasrec({ ...sasrec, ...options }), load: Sasrec.load, world: "cycle", timeout: 240000 },
];

for (const model of models) contract(model);
