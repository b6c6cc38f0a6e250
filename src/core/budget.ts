/** The three budgets. A table never mixes them. */

/** "minute": a notebook cell; "hour": a training under 10 minutes; "paper": the papers' full data and epochs. */
export type Budget = "minute" | "hour" | "paper";

/** The budgets by name, the smallest first. */
export const budgets: readonly Budget[] = ["minute", "hour", "paper"];
