/** Every optimiser under the one contract: a new one is one line. */
import { Adagrad } from "../../src/tensor/adagrad";
import { Adam } from "../../src/tensor/adam";
import { LazyAdam } from "../../src/tensor/lazy-adam";
import { optimiserContract, type OptimiserContract } from "./optimiser";

const optimisers: readonly OptimiserContract[] = [
  { name: "Adam", make: (weights, options) => new Adam(weights, options) },
  { name: "Adam with decay", make: (weights, options) => new Adam(weights, { decay: 0.1, ...options }) },
  { name: "Adam with an L2 penalty", make: (weights, options) => new Adam(weights, { l2: 0.1, ...options }) },
  { name: "Adagrad", make: (weights, options) => new Adagrad(weights, options) },
  { name: "Adagrad with momentum", make: (weights, options) => new Adagrad(weights, { momentum: 0.4, ...options }) },
  { name: "Adagrad on rows", byRow: true, make: (weights, options) => new Adagrad(weights, options) },
  { name: "Adagrad on rows with momentum", byRow: true, make: (weights, options) => new Adagrad(weights, { momentum: 0.4, ...options }) },
  { name: "LazyAdam on whole gradients", make: (weights, options) => new LazyAdam(weights, options) },
  { name: "LazyAdam on rows", byRow: true, make: (weights, options) => new LazyAdam(weights, options) },
];

for (const optimiser of optimisers) optimiserContract(optimiser);
