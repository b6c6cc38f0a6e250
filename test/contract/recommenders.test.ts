/** Every recommender under the one contract: a new model is one line. */
import { ItemKnn } from "../../src/models/item-knn";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import { SessionPop } from "../../src/models/session-pop";
import { contract, type Contract } from "./recommender";

const models: readonly Contract[] = [
  { name: "POP", make: (options) => new Pop(options), load: Pop.load, world: "popular" },
  { name: "S-POP", make: (options) => new SessionPop(options), load: SessionPop.load, world: "repeat" },
  { name: "S-POP by recency", make: (options) => new SessionPop({ by: "recency", ...options }), load: SessionPop.load, world: "repeat" },
  { name: "Markov", make: (options) => new Markov(options), load: Markov.load, world: "cycle" },
  { name: "Item-kNN", make: (options) => new ItemKnn(options), load: ItemKnn.load, world: "groups" },
  { name: "Item-kNN over a window", make: (options) => new ItemKnn({ window: 5, ...options }), load: ItemKnn.load, world: "groups" },
];

for (const model of models) contract(model);
