/** The arms of the online experiment: what a recommender's training goes on with after the same start, for the same number of steps. */
import type { Budget } from "../../core/budget";

/** What an arm stands for. "bound" knows the world's own mechanism: nobody could run it on logs. */
export type OnlineRole = "baseline" | "same compute" | "placebo" | "proposed" | "bound";

/** How sessions are added. */
export const onlineDefaults = {
  /** Added sessions over real ones. */
  amount: 0.5,
  /** Whether only choices of less popular items count. */
  targeted: true,
  /** Slates that are set in a session. */
  rounds: 1,
  /** Least share of draws of the noise that agree. */
  leastConfidence: 0,
  /** Draws of the noise that this is taken over. */
  draws: 1,
  /** Weight of the diffusion model's guidance. */
  guidance: 2,
};

/** What may be set for an arm. */
export type OnlineSetting = Partial<typeof onlineDefaults>;

/** One arm. */
export interface OnlineArm {
  readonly id: string;
  readonly title: string;
  readonly role: OnlineRole;
  /** Goes on with: nothing (the start itself), the same sessions, sessions once more, or counterfactual ones. */
  readonly with: "nothing" | "the same" | "duplicates" | "counterfactuals";
  readonly slates?: "random" | "recommender" | "diffusion";
  readonly noise?: "abducted" | "prior";
  /** "true" is the world's own. */
  readonly mechanism?: "learnt" | "true";
  /** Options of the recommender over those of the start, while it goes on. */
  readonly model?: Readonly<Record<string, number>>;
  /** What is tried on validation, at the larger budgets. */
  readonly settings: readonly OnlineSetting[];
}

const amounts: readonly OnlineSetting[] = [{ amount: 0.5 }, { amount: 0.25 }, { amount: 1 }];
const counterfactual = { with: "counterfactuals", noise: "abducted", mechanism: "learnt", settings: amounts } as const;

/** All of them, in the order of the tables. */
export const onlineArms: readonly OnlineArm[] = [
  { id: "base", title: "NISER+", role: "baseline", with: "nothing", settings: [{}] },
  { id: "continued", title: "trained on with the same sessions", role: "same compute", with: "the same", settings: [{}] },
  { id: "logq", title: "trained on with logit adjustment", role: "baseline", with: "the same", model: { logQ: 0.5 }, settings: [{}] },
  { id: "recommender", title: "counterfactuals, slates of the recommender (as SCM4SR)", role: "baseline", slates: "recommender", ...counterfactual },
  { id: "duplicates", title: "duplicated sessions", role: "placebo", with: "duplicates", settings: amounts },
  { id: "random", title: "counterfactuals, random slates", role: "placebo", slates: "random", ...counterfactual },
  { id: "prior", title: "guided diffusion, noise from the prior", role: "placebo", slates: "diffusion", ...counterfactual, noise: "prior" },
  { id: "diffusion", title: "counterfactuals, slates by guided diffusion", role: "proposed", slates: "diffusion", ...counterfactual },
  { id: "oracle", title: "guided diffusion, the world's own mechanism", role: "bound", slates: "diffusion", ...counterfactual, mechanism: "true" },
];

/** In a world without bias: what the gain is held against there. */
export const unbiasedArms: readonly string[] = ["base", "continued", "diffusion"];

/** The recommender's options at the start, and the epochs that all arms go on for. */
export const onlineModel: Readonly<Record<Budget, { readonly start: object; readonly epochs: number }>> = {
  minute: { start: { dimension: 32, epochs: 5, patience: 5, rate: 0.005, maxLength: 12 }, epochs: 2 },
  hour: { start: { dimension: 64, epochs: 12, patience: 3, rate: 0.003, maxLength: 12 }, epochs: 4 },
  paper: { start: { dimension: 100, epochs: 30, patience: 3, maxLength: 20 }, epochs: 6 },
};
