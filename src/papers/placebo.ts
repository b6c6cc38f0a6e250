/**
 * A gain that a placebo shows too is marked wherever it stands: in red where there are colours, by a word everywhere. And the table
 * and the sentences of the primary comparisons, which carry the mark.
 */
import type { Sentence } from "../display/sentences";
import type { Cell, Table } from "../display/table";
import type { PaperComparison } from "./comparisons";
import { alpha, differenceText, signed } from "./words";

/** What a gain is marked with that a placebo shows too. */
export const placeboToo = "PLACEBO TOO";
export const [baseline, placebo] = ["best baseline", "strongest placebo"] as const;

/** Whether a placebo is as good as the proposed model, as far as the tests can tell; undefined without one. */
export function placeboKeepsUp(comparisons: readonly PaperComparison[]): boolean | undefined {
  const found = comparisons.find(({ as }) => as === placebo);
  return found && !(found.difference > 0 && found.holm < alpha);
}

/** The mark of a comparison, where it shows a gain that a placebo shows too. */
export function warningOf({ as, difference }: PaperComparison, comparisons: readonly PaperComparison[]): string | undefined {
  return as !== placebo && difference > 0 && placeboKeepsUp(comparisons) === true ? placeboToo : undefined;
}

/** The proposed row's mark. */
export function warningOfProposed(comparisons: readonly PaperComparison[]): string | undefined {
  return comparisons.map((one) => warningOf(one, comparisons)).find((warning) => warning !== undefined);
}

/** The mark where nothing was tested: above the best baseline, and the strongest placebo no lower. */
export function untestedMark(own: number | undefined, rival: number | undefined, sham: number | undefined): string | undefined {
  return own !== undefined && rival !== undefined && sham !== undefined && own > rival && sham >= own ? placeboToo : undefined;
}

/** What a comparison is shown with. */
export interface ComparisonWords {
  /** "NDCG@10" */
  readonly metric: string;
  /** The title of a row by its name. */
  readonly titleOf: (name: string) => string;
  /** How many sealed cases there are, of a table of them; left out for test. */
  readonly sealed?: number;
}

/** The columns, rows and notes of the proposed model against its rivals. */
export function comparisonRows(comparisons: readonly PaperComparison[], { metric, titleOf, sealed }: ComparisonWords): Pick<Table<PaperComparison>, "columns" | "rows" | "notes"> {
  return {
    columns: [
      { header: "against", cell: ({ against }) => titleOf(against) },
      { header: "as", cell: ({ as }) => as },
      { header: `${metric} difference`, cell: (one): Cell => ({ mean: one.difference, warning: warningOf(one, comparisons) }) },
      { header: "its 95 % interval", cell: ({ low, high }) => `[${signed(low)}, ${signed(high)}]` },
      { header: "p", cell: ({ p }) => p, digits: 4 },
      { header: "p by Holm", cell: ({ holm }) => holm, digits: 4 },
      { header: "smallest gain that is found", cell: ({ detectable }) => detectable },
      { header: "sessions", cell: ({ clusters }) => clusters, digits: 0 },
    ],
    rows: comparisons,
    notes: [
      sealed === undefined ? "Exploratory: test cases were looked at. The sealed confirm period decides." : `${sealed} sealed cases, read once: this decides.`,
      "Paired bootstrap over sessions, on means over seeds; Holm's correction over these comparisons. The smallest gain is found in four of five tests of this size.",
    ],
  };
}

/** What comparisons say, a sentence each. @param rivalWords how the control of the same compute is called: "the same model without personas" */
export function comparisonSentences(proposed: string, comparisons: readonly PaperComparison[], { metric, titleOf }: ComparisonWords, rivalWords: string): readonly Sentence[] {
  return comparisons.map((one) => {
    const { as, difference, holm, detectable, against } = one;
    const rival = as === placebo ? `its ${as}, ${titleOf(against)}` : as === baseline ? `the ${as}, ${titleOf(against)}` : `${rivalWords}, ${titleOf(against)}`;
    const found = holm >= alpha ? `cannot be told apart from ${rival}` : `is ${difference > 0 ? "ahead of" : "behind"} ${rival}`;
    return { text: `${proposed} ${found} (${differenceText(one, metric)}; a gain of ${detectable.toFixed(4)} would be found in four of five tests).`, warning: warningOf(one, comparisons) };
  });
}
