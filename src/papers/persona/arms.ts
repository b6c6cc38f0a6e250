/**
 * Who takes part in the persona experiment: the paper's model, the baselines, and what must not be as good if personas are what
 * helps. Every learnt arm chooses among as many settings on validation.
 */
import type { Budget } from "../../core/budget";
import { personaSasrecDefaults, type PersonaSasrecOptions } from "../../models/persona-sasrec";
import type { SasrecOptions } from "../../models/sasrec";
import type { UserGruOptions } from "../../models/user-gru";
import { vsKnnSpace } from "../../models/vs-knn";
import type { Role } from "../experiment";
import type { LearningOptions } from "./sources";

/** What a user's persona is made of. */
export const personaKinds = {
  graph: "HDGI on the knowledge graph",
  "no-linked": "HDGI on the graph without linked data",
  "text-mean": "mean of the user's text vectors, no graph",
  rewired: "HDGI on the rewired graph",
  shuffled: "another user's persona",
  random: "random vectors",
} as const;

/** One of them. */
export type PersonaKind = keyof typeof personaKinds;

/** How an arm makes its list: by itself, as candidates that SASRec puts in order (the paper), or both together. */
export const forms = { alone: "candidates alone", rerank: "reranked by SASRec", blend: "blended with SASRec" } as const;

/** One of them. */
export type Form = keyof typeof forms;

/** One arm. */
export interface Arm {
  readonly id: string;
  readonly title: string;
  readonly role: Role;
  readonly model: "pop" | "vs-knn" | "user-gru" | "sasrec" | "persona";
  /** Whether it is given the items' text vectors. */
  readonly vectors: boolean;
  readonly personas?: PersonaKind;
  /** Its forms; the first stage of two where there are several. */
  readonly forms: readonly Form[];
  /** What is tried on validation, over the shared options; one: nothing is. `learn` is of how the personas are learnt. */
  readonly settings: readonly Setting[];
}

/** One setting of an arm. */
export type Setting = { readonly learn?: LearningOptions } & Readonly<Record<string, unknown>>;

/** Settings that a learnt arm has. */
export const settingsOfArm = 12;

/** N of reranking, and of a blend where nothing is searched; the paper's is not known. */
export const usualCandidates = 100;

/** Numbers of candidates that a blend chooses from. */
export const candidateSizes: readonly number[] = [10, 20, 50, 100, 200];

/** Options that all of SASRec's kin share, by budget: chosen for SASRec on MovieLens-100K's validation cases; not searched here. */
export const sharedOptions: Readonly<Record<Budget, Partial<SasrecOptions>>> = {
  minute: { rate: 3e-3, epochs: 12, patience: 3, blocks: 1, validationCases: 1000 },
  hour: { rate: 2e-3, epochs: 60, patience: 5, validationCases: 2000 },
  paper: { epochs: 200, patience: 10 },
};

/** The GRU's, likewise. */
export const sharedGruOptions: Readonly<Record<Budget, Partial<UserGruOptions>>> = {
  minute: { rate: 5e-3, epochs: 8, patience: 2, validationCases: 1000 },
  hour: { rate: 2e-3, epochs: 60, patience: 5, metric: "NDCG@10", validationCases: 2000 },
  paper: { epochs: 100, patience: 10, metric: "NDCG@10" },
};

type Settings<O> = readonly Partial<O>[];

/** Every pair of two lists of options, the first list's first setting first. */
function crossed(first: readonly Setting[], second: Settings<object>): Setting[] {
  return first.flatMap((one) => second.map((other) => ({ ...one, ...other })));
}

const sasrecVariants: Settings<SasrecOptions> = [{ dropout: 0.5 }, { dropout: 0.3 }, { dropout: 0.7 }, { dropout: 0.5, dimension: 100, inner: 100 }, { dropout: 0.5, blocks: 1 }, { dropout: 0.5, rate: 4e-3 }];
const sasrecSettings: Settings<SasrecOptions> = [...sasrecVariants, { dropout: 0.3, dimension: 100, inner: 100 }, { dropout: 0.7, dimension: 100, inner: 100 }, { dropout: 0.3, blocks: 1 }, { dropout: 0.5, inner: 256 }, { dropout: 0.5, heads: 2 }, { dropout: 0.5, maxLength: 20 }];
const gruVariants: Settings<UserGruOptions> = [{ dropout: 0.3 }, { dropout: 0.5 }, { dropout: 0.7 }, { dropout: 0.3, dimension: 100 }, { dropout: 0.3, rate: 4e-3 }, { dropout: 0.3, maxLength: 20 }];
const gruSettings: Settings<UserGruOptions> = [...gruVariants, { dropout: 0.1 }, { dropout: 0.5, dimension: 100 }, { dropout: 0.7, dimension: 100 }, { dropout: 0.5, rate: 4e-3 }, { dropout: 0.5, maxLength: 20 }, { dropout: 0.5, batch: 64 }];
const users = [{ user: "attention" }, { user: "mean" }];
const userSettings = crossed(users, sasrecVariants);
const gruUserSettings = crossed(users, gruVariants);
const textSettings = crossed([{ input: "both" }, { input: "text" }], sasrecVariants);
/** The four ways in; of users' personas partly hidden while training, and of personas inferred from the session. */
const injectionSettings: Settings<PersonaSasrecOptions> = [
  { inject: "concat", persona: "session", blocks: 1 },
  { inject: "bias", persona: "session", blocks: 1 },
  { inject: "concat", personaDropout: 0.5, blocks: 1 },
  { inject: "gate", personaDropout: 0.5, blocks: 1 },
  { inject: "bias", personaDropout: 0.5, blocks: 1 },
  { inject: "prefix", personaDropout: 0.3, blocks: 1 },
  { inject: "prefix", personaDropout: 0.3, blocks: 1, dropout: 0.3 },
  { inject: "prefix", personaDropout: 0.3, dropout: 0.3 },
  { inject: "prefix", personaDropout: 0.3, blocks: 1, dropout: 0.3, input: "text" },
].map((one) => ({ input: "both" as const, dropout: personaSasrecDefaults.dropout, ...one })) as Settings<PersonaSasrecOptions>;
const prefix = injectionSettings[6]!;
/** Other personas: over shared items alone, without what joins everybody, and wider ones. */
const learningSettings: readonly Setting[] = [{ graph: { paths: [["user", "item", "user"]] } }, { graph: { maxDegree: 100 } }, { hdgi: { dimension: 128 } }].map((learn) => ({ ...prefix, learn }));
/** For personas that nothing is learnt of: as many more of the recommender. */
const moreSettings: readonly Setting[] = [{ ...prefix, dimension: 100, inner: 100 }, { ...prefix, rate: 4e-3 }, { ...prefix, dropout: 0.7 }];

const one = { forms: ["alone"] } as const;
const two = { forms: ["alone", "rerank", "blend"] } as const;
const persona = (id: string, title: string, role: Role, personas: PersonaKind): Arm => ({ id, title, role, model: "persona", vectors: true, personas, settings: [...injectionSettings, ...(personas === "text-mean" ? moreSettings : learningSettings)], ...two });

/** All arms, in the order of the table. SASRec comes before whatever it reranks. */
export const personaArms: readonly Arm[] = [
  { ...one, id: "pop", title: "POP", role: "baseline", model: "pop", vectors: false, settings: [{}] },
  { ...one, id: "vs-knn", title: "VS-KNN", role: "baseline", model: "vs-knn", vectors: false, settings: vsKnnSpace as readonly Setting[] },
  { ...one, id: "gru", title: "GRU4Rec, exact softmax", role: "baseline", model: "user-gru", vectors: false, settings: gruSettings.map((setting): Setting => ({ user: undefined, ...setting })) },
  { ...one, id: "gru-user", title: "GRU4Rec, user of the session's items", role: "baseline", model: "user-gru", vectors: false, settings: gruUserSettings },
  { ...one, id: "gru-user-text", title: "GRU4Rec, user of the session's texts", role: "baseline", model: "user-gru", vectors: true, settings: gruUserSettings.map((setting) => ({ userFrom: "text", ...setting })) },
  { ...one, id: "sasrec", title: "SASRec", role: "baseline", model: "sasrec", vectors: false, settings: sasrecSettings as readonly Setting[] },
  { ...one, id: "sasrec-user", title: "SASRec, user of the session's items", role: "baseline", model: "sasrec", vectors: false, settings: userSettings },
  { ...one, id: "sasrec-user-text", title: "SASRec, user of the session's texts", role: "baseline", model: "sasrec", vectors: true, settings: userSettings.map((setting) => ({ userFrom: "text", ...setting })) },
  { ...two, id: "sasrec-text", title: "SASRec with LLM vectors, no persona", role: "control", model: "sasrec", vectors: true, settings: textSettings },
  persona("persona", "Persona-SASRec", "proposed", "graph"),
  persona("persona-no-linked", "Persona-SASRec, graph without linked data", "control", "no-linked"),
  persona("persona-text-mean", "Persona-SASRec, persona the mean of texts", "control", "text-mean"),
  persona("persona-rewired", "Persona-SASRec, rewired graph", "placebo", "rewired"),
  persona("persona-shuffled", "Persona-SASRec, shuffled personas", "placebo", "shuffled"),
  persona("persona-random", "Persona-SASRec, random personas", "placebo", "random"),
];

/** Arms of the smallest budget: the tables' rows without what takes longest. */
export const minuteArms: readonly string[] = ["pop", "vs-knn", "sasrec", "sasrec-user", "sasrec-text", "persona", "persona-text-mean", "persona-shuffled"];

/** The model's options of an arm's setting: shared, then its own. */
export function optionsOfArm({ model }: Arm, { learn: _, ...setting }: Setting, budget: Budget): Readonly<Record<string, unknown>> {
  const shared = model === "user-gru" ? sharedGruOptions[budget] : model === "sasrec" || model === "persona" ? sharedOptions[budget] : {};
  return { ...shared, ...setting };
}
