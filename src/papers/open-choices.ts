/**
 * What the two papers leave open, choice by choice: the option that decides it here, its default, and the values that an
 * ablation takes. Neither paper has published code, and their tables of settings could not be read, so nothing here is theirs.
 */

/** The two papers. */
export type PaperName = "persona" | "counterfactual";

/** Where a choice is made: a key of the defaults in a file of src; "fixed": there is one way; "not built": nothing decides it yet. */
export type ChoicePlace = { readonly file: string; readonly key: string } | "fixed" | "not built";

/** One choice that a paper leaves open. */
export interface OpenChoice {
  readonly paper: PaperName;
  /** What the paper does not say. */
  readonly choice: string;
  readonly place: ChoicePlace;
  /** The option's default, undefined if it has none; in words what is done, where there is one way; undefined for what is not built. */
  readonly ours: string | number | boolean | undefined;
  /** In words: the values that are tried, or could be. */
  readonly range: string;
  /** Whether a table of ours shows what another value does. */
  readonly ablated: boolean;
}

const at = (file: string, key: string): ChoicePlace => ({ file: `src/${file}`, key });

/** The persona paper's, in the order of its pipeline. */
const persona: readonly (Omit<OpenChoice, "paper" | "ablated"> & { readonly ablated?: true })[] = [
  { choice: "What a session is on Amazon", place: at("data/sessions.ts", "by"), ours: "user", range: "user (all events of a user in time order), day, gap" },
  { choice: "How many of a session's last events count", place: at("models/neural.ts", "maxLength"), ours: 50, range: "20, 50, 100" },
  { choice: "How training and test are told apart", place: "fixed", ours: "cuts in time, the same for all users", range: "leave-one-out for comparison" },
  { choice: "Which text of an item is encoded", place: at("text/item-vectors.ts", "template"), ours: "described", range: "title, title-year, described" },
  { choice: "How LLM vectors are normalised", place: at("text/item-vectors.ts", "normalise"), ours: "unit", range: "none, unit, centred, centred-unit, pca(k), whitened(k)" },
  { choice: "Items near each other: within how many places of a session", place: at("kg/build.ts", "window"), ours: 3, range: "0 (none), 1, 3, 5" },
  { choice: "Features that most items have: the largest share", place: at("kg/build.ts", "maxShare"), ours: 1, range: "0.05, 0.2, 1 (all)" },
  { choice: "Steps of linked data from an item's entity", place: at("kg/build.ts", "hops"), ours: 1, range: "0 (no DBpedia), 1, 2", ablated: true },
  { choice: "Features of users", place: "fixed", ours: "the mean of their training items' vectors, each as often as chosen", range: "-" },
  { choice: "Whether the users' common direction is taken out", place: at("personas/from-graph.ts", "centre"), ours: true, range: "true, false" },
  { choice: "Meta-paths", place: at("personas/from-graph.ts", "paths"), ours: undefined, range: "the usual ones of the graph, each left out in turn", ablated: true },
  { choice: "Weight of a path by its middle nodes", place: at("personas/from-graph.ts", "weight"), ours: "idf", range: "idf, count" },
  { choice: "Hubs: most nodes that a middle node may join", place: at("personas/from-graph.ts", "maxDegree"), ours: 0, range: "0 (any), 100, 1000", ablated: true },
  { choice: "Neighbours that a node keeps on a path without a half", place: at("personas/from-graph.ts", "topK"), ours: 50, range: "20, 50, 100" },
  { choice: "HDGI's encoder", place: at("personas/hdgi.ts", "variant"), ours: "gcn", range: "gcn, gat" },
  { choice: "Size of the semantic attention over meta-paths", place: at("personas/hdgi.ts", "semantic"), ours: 8, range: "8, 16" },
  { choice: "Dimensions of a persona", place: at("personas/hdgi.ts", "dimension"), ours: 64, range: "32, 64, 256", ablated: true },
  { choice: "Whether a user's own row counts twice", place: at("personas/hdgi.ts", "doubleSelf"), ours: false, range: "true (the released dense code), false (the equation)" },
  { choice: "What an item is in the recommender; without a value its ID", place: at("models/neural.ts", "input"), ours: undefined, range: "id, text, both", ablated: true },
  { choice: "How a persona enters the recommender", place: at("models/persona-sasrec.ts", "inject"), ours: "concat", range: "prefix, bias, gate, concat", ablated: true },
  { choice: "Whose persona: the user's, or one inferred from the session's items", place: at("models/persona-sasrec.ts", "persona"), ours: "user", range: "user, session", ablated: true },
  { choice: "The persona of a session without a known user", place: at("models/persona-sasrec.ts", "unknown"), ours: "infer", range: "infer, none" },
  { choice: "Share of training windows that see no persona", place: at("models/persona-sasrec.ts", "personaDropout"), ours: 0, range: "0, 0.2, 0.5", ablated: true },
  { choice: "Size of the candidate set", place: at("models/two-stage.ts", "candidates"), ours: 100, range: "20, 50, 100, 200, 500", ablated: true },
  { choice: "Whether candidates are reranked alone (0) or the two models blended", place: at("models/two-stage.ts", "blend"), ours: 0, range: "0 to 1 in tenths", ablated: true },
];

/** The counterfactual paper's, in the order of its pipeline. */
const counterfactual: readonly Omit<OpenChoice, "paper" | "ablated">[] = [
  { choice: "Which targets are less popular: at or below which quantile of the items' training counts", place: at("papers/counterfactual/arms.ts", "quantile"), ours: 0.8, range: "0.5, 0.8, 0.9" },
  { choice: "Less popular targets, of error analyses: quantiles of training counts", place: at("evaluation/slices.ts", "quantiles"), ours: "deciles", range: "deciles, the 80th percentile" },
  { choice: "How much of the overall Recall may be lost for them", place: at("papers/counterfactual/arms.ts", "margin"), ours: 0.02, range: "0, 0.02, 0.05" },
  { choice: "The network of the recommender M_r", place: at("papers/counterfactual/arms.ts", "base"), ours: "niser", range: "niser, sr-gnn" },
  { choice: "Item vectors of the diffusion model", place: at("augmentation/diffusion/diffusion-model.ts", "items"), ours: "frozen", range: "frozen (M_r's, standardised), joint (learnt beside)" },
  { choice: "The denoiser", place: at("augmentation/diffusion/diffusion-model.ts", "denoiser"), ours: "adaln", range: "linear, mlp, adaln, transformer" },
  { choice: "Schedule of the noise", place: at("augmentation/diffusion/diffusion-model.ts", "schedule"), ours: "cosine", range: "linear, rescaled, cosine, exponential, sqrt" },
  { choice: "Steps of the noise", place: at("augmentation/diffusion/diffusion-model.ts", "times"), ours: 1000, range: "100, 1000" },
  { choice: "Steps of the sampler", place: at("augmentation/diffusion/diffusion-model.ts", "steps"), ours: 20, range: "10, 20, 50, all" },
  { choice: "Share of training cases without a condition", place: at("augmentation/diffusion/diffusion-model.ts", "drop"), ours: 0.1, range: "0.1, 0.2" },
  { choice: "Weight of the guidance", place: at("augmentation/diffusion/diffusion-model.ts", "guidance"), ours: 1, range: "0, 1, 2, 4, 8" },
  { choice: "Popularity that slates go towards; without a value any", place: at("augmentation/diffusion/slates.ts", "popularity"), ours: undefined, range: "any, 0.5" },
  { choice: "A slate: the best of one sample (top), or one item a sample (draws)", place: at("augmentation/diffusion/slates.ts", "retrieval"), ours: "top", range: "top, draws" },
  { choice: "The recommender's slates (SCM4SR): temperature of their draws", place: at("augmentation/proposers.ts", "temperature"), ours: 1, range: "0 (the best), 1" },
  { choice: "Size of a slate", place: at("response/impute.ts", "slots"), ours: 10, range: "5, 10, 20" },
  { choice: "Slates of real sessions, which no log has", place: "fixed", ours: "the recommender's best with the item that was chosen", range: "as said; recorded as an assumption" },
  { choice: "Where the chosen item stands that the recommender would not have shown", place: at("response/impute.ts", "insert"), ours: "random", range: "random, last" },
  { choice: "How a response is drawn: Gumbel-max over slate and no click, or each item by itself", place: at("response/response-model.ts", "kind"), ours: "single", range: "single, multi" },
  { choice: "State of the user in the response model: dimension of the GRU", place: at("response/response-model.ts", "dimension"), ours: 16, range: "8, 16, 32" },
  { choice: "Noise of the response: abducted, or drawn anew", place: at("augmentation/counterfactual.ts", "noise"), ours: "abducted", range: "abducted; prior as a control" },
  { choice: "Whether only less popular choices are kept", place: at("augmentation/counterfactual.ts", "targeted"), ours: true, range: "true, false" },
  { choice: "Least confidence of a counterfactual response", place: at("augmentation/counterfactual.ts", "leastConfidence"), ours: 0, range: "0 (none), 0.6" },
  { choice: "Slates that are set in one session", place: at("augmentation/counterfactual.ts", "rounds"), ours: 1, range: "1, 2" },
  { choice: "Counterfactual sessions for one real session", place: at("papers/counterfactual/arms.ts", "dose"), ours: 1, range: "0.25, 0.5, 1, 2, 4" },
  { choice: "How the recommender learns from both", place: "fixed", ours: "it goes on from its weights, with real and added sessions in one mixture, as many steps for each arm", range: "-" },
];

/** All of them; `departureTables` shows them beside the departures. */
export const openChoices: readonly OpenChoice[] = [
  ...persona.map((one) => ({ paper: "persona" as const, ...one, ablated: one.ablated ?? false })),
  ...counterfactual.map((one) => ({ paper: "counterfactual" as const, ...one, ablated: false })),
];
