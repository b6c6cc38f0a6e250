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
  /** Weight of the diffusion model's guidance, and the quantile of popularity that its slates go towards; null: any. */
  guidance: 2,
  popularity: null as number | null,
  /** Of the start's learning rate, the share that it is trained on with. */
  rate: 1,
  /** Strength of the logit adjustment while it is trained on. */
  logQ: 0,
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
  /** What is tried on validation at the larger budgets, as many for each arm that is trained on; else the first. */
  readonly settings: readonly OnlineSetting[];
}

const [low, lower] = [0.5, 0.25];
const rates: readonly OnlineSetting[] = [1, 0.7, low, 0.35, lower, 0.15, 0.1, 0.05, 0.02, 1.4, 2, 3].map((rate) => ({ rate }));
const atRates = (settings: readonly OnlineSetting[]): readonly OnlineSetting[] => [1, low, lower].flatMap((rate) => settings.map((setting) => ({ ...setting, ...(rate !== 1 && { rate }) })));

/** Of slates, each by itself: how many are added, rate, targeting, rounds, confidence; and what the slates have of their own. */
const counterfactual = (...own: readonly OnlineSetting[]): Pick<OnlineArm, "with" | "noise" | "mechanism" | "settings"> => ({
  ...{ with: "counterfactuals", noise: "abducted", mechanism: "learnt" },
  settings: [{ amount: 0.5 }, { amount: 0.25 }, { amount: 1 }, { amount: 2 }, { rate: low }, { rate: lower }, { targeted: false }, { rounds: 2 }, { draws: 5, leastConfidence: 0.6 }, ...own],
});
const proposed = counterfactual({ guidance: 0 }, { guidance: 4 }, { popularity: 0.2 });
const plainSlates = counterfactual({ amount: 1, targeted: false }, { amount: 2, targeted: false }, { amount: 2, rate: low });

/** All of them, in the order of the tables. */
export const onlineArms: readonly OnlineArm[] = [
  { id: "base", title: "NISER+", role: "baseline", with: "nothing", settings: [{}] },
  { id: "continued", title: "trained on with the same sessions", role: "same compute", with: "the same", settings: rates },
  { id: "logq", title: "trained on with logit adjustment", role: "baseline", with: "the same", settings: atRates([0.5, 0.25, 0.75, 1].map((logQ) => ({ logQ }))) },
  { id: "recommender", title: "counterfactuals, slates of the recommender (as SCM4SR)", role: "baseline", slates: "recommender", ...plainSlates },
  { id: "duplicates", title: "duplicated sessions", role: "placebo", with: "duplicates", settings: atRates([0.5, 0.25, 1, 2].map((amount) => ({ amount }))) },
  { id: "random", title: "counterfactuals, random slates", role: "placebo", slates: "random", ...plainSlates },
  { id: "prior", title: "guided diffusion, noise from the prior", role: "placebo", slates: "diffusion", ...proposed, noise: "prior" },
  { id: "diffusion", title: "counterfactuals, slates by guided diffusion", role: "proposed", slates: "diffusion", ...proposed },
  { id: "oracle", title: "guided diffusion, the world's own mechanism", role: "bound", slates: "diffusion", ...proposed, mechanism: "true" },
];

/** In a world without bias: what the gain is held against there. */
export const unbiasedArms: readonly string[] = ["base", "continued", "diffusion"];

/** The recommender's options at the start, and the epochs that all arms go on for. */
export const onlineModel: Readonly<Record<Budget, { readonly start: object; readonly epochs: number }>> = {
  minute: { start: { dimension: 32, epochs: 5, patience: 5, rate: 0.005, maxLength: 12 }, epochs: 2 },
  hour: { start: { dimension: 64, epochs: 12, patience: 3, rate: 0.003, maxLength: 12 }, epochs: 4 },
  paper: { start: { dimension: 100, epochs: 30, patience: 3, maxLength: 20 }, epochs: 6 },
};
