/** Sentences about results: as lines of a text and as a list of a page, in red where they must not be taken as they stand. */
import { escapeHtml } from "./formats";

/** A sentence; with a warning, a word or two, where it must not be taken as it stands. */
export interface Sentence {
  readonly text: string;
  /** "PLACEBO TOO" */
  readonly warning?: string;
}

/** One line of text: the warning comes first. */
export function sentenceText({ text, warning }: Sentence): string {
  return warning === undefined ? text : `${warning}: ${text}`;
}

/** A list in HTML. Red is the class "warning" of our pages; a notebook needs `styled`. */
export function sentenceList(sentences: readonly Sentence[]): string {
  return `<ul>${sentences.map((one) => `<li${one.warning === undefined ? "" : ' class="warning"'}>${escapeHtml(sentenceText(one))}</li>`).join("")}</ul>`;
}
