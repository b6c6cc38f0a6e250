/** What texts cost before they are sent: tokens, counted by the model's tokenizer or estimated, and a price. */
import { openTokenizer } from "./tokens";

/** What encoding some texts takes. */
export interface TokenEstimate {
  readonly texts: number;
  readonly tokens: number;
  /** Whether tokens were counted by the model's tokenizer; else they are estimated from the texts' bytes. */
  readonly counted: boolean;
  readonly requests: number;
  /** In the currency of the price; undefined without one. */
  readonly cost: number | undefined;
}

/**
 * Counts a text's tokens: by the tokenizer of a folder, else a token for every 3 bytes of UTF-8 (English has about 4,
 * most other scripts 2 to 3 a character).
 */
export async function tokenCounter(folder: string | undefined): Promise<(text: string) => number> {
  if (folder === undefined) return (text) => Math.ceil(Buffer.byteLength(text) / 3);
  const tokenise = await openTokenizer(folder, Number.MAX_SAFE_INTEGER);
  return (text) => tokenise(text).length;
}

/** Sums up. @param tokens of each text */
export function estimateOf(tokens: readonly number[], counted: boolean, requests: number, price: number | undefined): TokenEstimate {
  const total = tokens.reduce((sum, one) => sum + one, 0);
  return { texts: tokens.length, tokens: total, counted, requests, cost: price === undefined ? undefined : (total * price) / 1e6 };
}
