/**
 * Who takes part in the counterfactual experiment: the trained recommender that goes on with its own sessions, losses against
 * popularity, other augmentations, guided diffusion, and what must not be as good if counterfactuals are what helps. All go on from
 * the same weights for the same steps; every arm chooses among as many settings on validation.
 */
import type { Budget } from "../../core/budget";
import type { CasrOptions } from "../../augmentation/casr";
import type { CounterfactualOptions } from "../../augmentation/counterfactual";
import type { CprOptions } from "../../augmentation/cpr";
import type { ItemEdit } from "../../augmentation/item-edits";
import type { Role } from "../experiment";

/** The recommender M_r. */
export type BaseId = "niser" | "sr-gnn";

/** What decides, and what is not searched at the smallest budget. */
export const counterfactualPaperDefaults = {
  base: "niser" as BaseId,
  /** Of the training counts: a target at or below is less popular. */
  quantile: 0.8,
  /** How much of the overall Recall@20 may be lost, as a share of that without augmentation. */
  margin: 0.02,
  /** Added sessions for each real one. */
  dose: 1,
};

/** What an arm's sessions are made by; none: it has the real ones. */
export type Making =
  | { readonly by: "none" }
  | { readonly by: "duplicates" }
  | { readonly by: "edit"; readonly edit: ItemEdit }
  | { readonly by: "casr"; readonly kind: CasrOptions["kind"] }
  | { readonly by: "cpr"; readonly learnt: number }
  | { readonly by: "slates"; readonly proposer: "diffusion" | "recommender" | "random"; readonly noise?: "prior"; readonly permuted?: true };

/** One setting of an arm. */
export interface Setting {
  /** Added sessions for each real one, 0 to 4. */
  readonly dose?: number;
  /** Of the continued training. */
  readonly train?: { readonly rate?: number; readonly logQ?: number; readonly propensity?: number };
  /** Of the augmentation. */
  readonly augment?: Partial<CounterfactualOptions & CasrOptions & CprOptions & { readonly share: number }>;
  /** w, and the quantile of popularity that slates go towards; of diffusion. */
  readonly guidance?: number;
  readonly popularity?: number;
  /** Whether a slate is the best of one sample, or each item a sample of its own; of diffusion. */
  readonly retrieval?: "top" | "draws";
  /** Of the recommender's slates. */
  readonly temperature?: number;
  /** Of the diffusion model: its items and noise. */
  readonly diffusion?: { readonly items?: "frozen" | "joint"; readonly schedule?: "cosine" | "linear" };
}

/** What a row is there for; "sweep" shows the proposed arm at other doses and guidances, and is compared with nothing. */
export type CounterfactualRole = Role | "sweep";

/** One arm. */
export interface CounterfactualArm {
  readonly id: string;
  readonly title: string;
  readonly role: CounterfactualRole;
  readonly making: Making;
  /** What is tried on validation, the first at the smallest budget. Of a sweep, what is laid over the proposed arm's choice. */
  readonly settings: readonly Setting[];
}

/** Settings that an arm has. */
export const settingsOfArm = 12;

/** A search gives each of them a share of the steps, and so many of the best all steps. */
export const search = { share: 1 / 3, finalists: 4 } as const;

/** A sweep is shown for so many seeds: a curve beside the table, compared with nothing. */
export const sweepSeeds = 2;

/** The id of the proposed arm, and of the two that it is always held against. */
export const [proposedArm, plainArm, duplicatesArm] = ["diffusion", "none", "duplicates"] as const;

const { dose } = counterfactualPaperDefaults;
const [low, lower] = [0.5, 0.25];

/** Doses, each with the usual rate of the continued training and with lower ones. */
function overDoses(setting: Setting = {}): readonly Setting[] {
  return [1, low, lower].flatMap((rate) => [dose, 0.25, 0.5, 2].map((one): Setting => ({ ...setting, dose: one, train: { ...setting.train, rate } })));
}

/** Of what scores sessions again and again: each is tried four times at most. */
const few: Setting = { augment: { passes: 4 } };
const rates: readonly Setting[] = [1, 0.7, low, 0.35, lower, 0.15, 0.1, 0.05, 0.02, 1.4, 2, 3].map((rate) => ({ train: { rate } }));
const strengths = (name: "logQ" | "propensity", values: readonly number[]): readonly Setting[] => [1, low, lower].flatMap((rate) => values.map((value) => ({ train: { rate, [name]: value } })));

/** Of slates, each by itself: dose, rate, targeting, whose popularity, confidence, rounds; and what the proposer has of its own. */
const slateSettings = (...own: readonly Setting[]): readonly Setting[] => [
  { dose },
  { dose: 0.25 },
  { dose: 2 },
  { dose, train: { rate: low } },
  { dose, train: { rate: lower } },
  { dose, augment: { targeted: false } },
  { dose, augment: { quantile: 0.5 } },
  { dose, augment: { draws: 5, leastConfidence: 0.6 } },
  { dose, augment: { rounds: 2 } },
  ...own,
];
/** Of diffusion, each by itself: dose, guidance, rate, targeting, popularity, confidence, rounds, vectors, schedule. */
const diffusionSettings: readonly Setting[] = [
  { dose, guidance: 2 },
  { dose: 0.25, guidance: 2 },
  { dose: 2, guidance: 2 },
  { dose, guidance: 0 },
  { dose, guidance: 4 },
  { dose, guidance: 2, train: { rate: low } },
  { dose, guidance: 2, augment: { targeted: false } },
  { dose, guidance: 2, popularity: 0.5 },
  { dose, guidance: 2, augment: { draws: 5, leastConfidence: 0.6 } },
  { dose, guidance: 2, augment: { rounds: 2 } },
  { dose, guidance: 2, diffusion: { items: "joint" } },
  { dose, guidance: 2, diffusion: { schedule: "linear" } },
];

const arm = (id: string, title: string, role: CounterfactualRole, making: Making, settings: readonly Setting[]): CounterfactualArm => ({ id, title, role, making, settings });
const sweep = (id: string, title: string, setting: Setting): CounterfactualArm => arm(id, title, "sweep", { by: "slates", proposer: "diffusion" }, [setting]);

/** All arms, in the order of the table. */
export const counterfactualArms: readonly CounterfactualArm[] = [
  arm(plainArm, "no augmentation", "baseline", { by: "none" }, rates),
  arm("propensity", "inverse propensities", "baseline", { by: "none" }, strengths("propensity", [0.5, 0.25, 0.75, 1])),
  arm("logq", "logQ correction", "baseline", { by: "none" }, strengths("logQ", [0.5, 0.25, 0.75, 1])),
  arm("dropout", "item dropout", "baseline", { by: "edit", edit: "dropout" }, overDoses()),
  arm("crop", "cropped sessions", "baseline", { by: "edit", edit: "crop" }, overDoses({ augment: { share: 0.6 } })),
  arm("mask", "masked items", "baseline", { by: "edit", edit: "mask" }, overDoses()),
  arm("reorder", "reordered sessions", "baseline", { by: "edit", edit: "reorder" }, overDoses()),
  arm("casr-data", "CASR-like, data-oriented", "baseline", { by: "casr", kind: "data" }, overDoses(few)),
  arm("casr-model", "CASR-like, model-oriented", "baseline", { by: "casr", kind: "model" }, overDoses(few)),
  arm("cpr-random", "CPR-like, random lists", "baseline", { by: "cpr", learnt: 0 }, overDoses(few)),
  arm("cpr-learnt", "CPR-like, learnt lists", "baseline", { by: "cpr", learnt: 100 }, overDoses(few)),
  arm("recommender", "slates of the recommender (SCM4SR's way)", "baseline", { by: "slates", proposer: "recommender" }, slateSettings({ dose, temperature: 0.5 }, { dose, temperature: 2 }, { dose: 0.5 })),
  arm(proposedArm, "slates by guided diffusion", "proposed", { by: "slates", proposer: "diffusion" }, diffusionSettings),
  arm(duplicatesArm, "duplicated real sessions", "control", { by: "duplicates" }, overDoses()),
  arm("prior", "guided diffusion, noise of the prior", "placebo", { by: "slates", proposer: "diffusion", noise: "prior" }, diffusionSettings),
  arm("permuted", "guided diffusion, permuted responses", "placebo", { by: "slates", proposer: "diffusion", permuted: true }, diffusionSettings),
  arm("random", "random slates", "placebo", { by: "slates", proposer: "random" }, slateSettings({ dose: 0.5 }, { dose: 2, train: { rate: low } }, { dose: 0.25, train: { rate: low } })),
  ...[0.25, 0.5, 1, 2, 4].map((one) => sweep(`dose-${100 * one}`, `guided diffusion, dose ${100 * one} %`, { dose: one })),
  ...[0, 1, 2, 4, 8].map((guidance) => sweep(`guidance-${guidance}`, `guided diffusion, guidance ${guidance}`, { guidance })),
];

/** Arms of the smallest budget. */
export const minuteArms: readonly string[] = [plainArm, "logq", "recommender", proposedArm, duplicatesArm, "random"];

/** How much is spent: options of the base, the response model, the diffusion model; steps and checks of the continued training. */
export interface Sizes {
  /** `sigma` is of NISER+ alone. */
  readonly base: Readonly<Record<string, unknown>>;
  readonly response: Readonly<Record<string, unknown>>;
  readonly diffusion: Readonly<Record<string, unknown>>;
  /** K of a slate. */
  readonly slots: number;
  /** Steps of the optimiser that every arm goes on for. */
  readonly steps: number;
  /** How often validation is looked at in them; the best is kept. */
  readonly checks: number;
  /** The share of the base's first rate that it goes on with. */
  readonly rate: number;
  /** Validation cases of the training of bases and continuations. */
  readonly validationCases: number;
}

/** By budget. */
export const sizesOf: Readonly<Record<Budget, Sizes>> = {
  minute: {
    base: { dimension: 32, maxLength: 20, batch: 192, epochs: 3, rate: 0.02, rateDecay: 0.5, rateEpochs: 1, sigma: 10 },
    response: { dimension: 8, epochs: 2 },
    diffusion: { epochs: 3, width: 32, blocks: 1, transitions: 10_000, validationCases: 200, times: 100, steps: 10, patience: 3 },
    ...{ slots: 10, steps: 25, checks: 1, rate: 0.1, validationCases: 1000 },
  },
  hour: {
    base: { batch: 512, epochs: 6, rate: 4e-3, rateDecay: 0.1, rateEpochs: 4 },
    response: { epochs: 8 },
    diffusion: { epochs: 20, transitions: 100_000 },
    ...{ slots: 10, steps: 150, checks: 3, rate: 0.1, validationCases: 5000 },
  },
  paper: {
    base: {},
    response: {},
    diffusion: {},
    ...{ slots: 10, steps: 6000, checks: 3, rate: 0.1, validationCases: 10_000 },
  },
};
