/** Texts to token ids by a hub folder's tokenizer.json, cut to a length as transformers cuts them: special tokens stay. */
import { join } from "node:path";
import { ConfigError, DataError } from "../core/errors";
import { readJson } from "./hub-folder";

/** What is used of the package's class; its own types do not resolve under Node's rules. */
interface Tokenizer {
  encode(text: string, options?: { readonly add_special_tokens: boolean }): { readonly ids: readonly number[] };
}

/** Makes token ids of a text. */
export type Tokenise = (text: string) => Int32Array;

/**
 * Opens a folder's tokenizer.
 * @param maxLength tokens of the longest text, special tokens included
 * @throws ConfigError if the folder has none; DataError if it is damaged
 */
export async function openTokenizer(folder: string, maxLength: number): Promise<Tokenise> {
  const description = readJson<object>(folder, "tokenizer.json");
  const file = join(folder, "tokenizer.json");
  if (description === undefined) throw new ConfigError(`Expected ${file}, found none; save the model with its fast tokenizer`);
  const { Tokenizer } = await import("@huggingface/tokenizers");
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(description, readJson<object>(folder, "tokenizer_config.json") ?? {}) as Tokenizer;
  } catch (error) {
    throw new DataError(`Expected a tokenizer that can be read, found one that cannot: ${(error as Error).message}; fetch it again`, { file }, { cause: error });
  }
  const { before, after } = specials(tokenizer, file);
  const room = maxLength - before.length - after.length;
  if (room < 1) throw new ConfigError(`Expected a longest text of more than ${before.length + after.length} special tokens, found ${maxLength}`);
  return (text) => {
    const own = tokenizer.encode(text, { add_special_tokens: false }).ids;
    return Int32Array.from([...before, ...(own.length > room ? own.slice(0, room) : own), ...after]);
  };
}

/** The tokens that the tokenizer puts before and after a text. */
function specials(tokenizer: Tokenizer, file: string): { readonly before: readonly number[]; readonly after: readonly number[] } {
  const probe = "a";
  const bare = tokenizer.encode(probe, { add_special_tokens: false }).ids;
  const whole = tokenizer.encode(probe).ids;
  const at = whole.findIndex((_, start) => bare.length > 0 && bare.every((id, n) => whole[start + n] === id));
  if (at < 0) throw new DataError(`Expected a tokenizer that puts its special tokens around a text, found other tokens for "${probe}"`, { file });
  return { before: whole.slice(0, at), after: whole.slice(at + bare.length) };
}
