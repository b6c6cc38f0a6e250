/** The code blocks of a Markdown page. */

/** A block as it stands there. */
export interface CodeBlock {
  readonly language: string;
  /** The file that it belongs into: what follows the language. */
  readonly file?: string;
  readonly code: string;
}

/** All fenced blocks, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return Array.from(markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm), ([, language, file, code]) => ({ language: language!, ...(file !== undefined && { file }), code: code! }));
}
