/** The pages that the project publishes its results on: README.md and those of docs/, with marked blocks that tables go into. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../core/errors";

/** A page of Markdown. */
export interface Page {
  /** From the project's folder: "README.md", "docs/ledger.md". */
  readonly file: string;
  readonly text: string;
}

/**
 * README.md and the pages of docs/, by name.
 * @param project the project's folder
 * @returns none where there is no README.md
 * @example
 * import { publishedPages } from "sessionlab";
 * assert.deepEqual(publishedPages("no such folder"), []);
 * assert.equal(publishedPages(".")[0]!.file, "README.md");
 */
export function publishedPages(project: string): readonly Page[] {
  if (!existsSync(join(project, "README.md"))) return [];
  const docs = join(project, "docs");
  const names = existsSync(docs) ? readdirSync(docs).filter((name) => name.endsWith(".md")).sort() : [];
  return ["README.md", ...names.map((name) => `docs/${name}`)].map((file) => ({ file, text: readFileSync(join(project, file), "utf8") }));
}

/** The page that has a block. */
export function pageWith(pages: readonly Page[], block: string): Page | undefined {
  return pages.find(({ text }) => hasBlock(text, block));
}

/** What stands in a block, on whichever page has it. @throws ConfigError if none has */
export function publishedBlock(pages: readonly Page[], block: string): string {
  const page = pageWith(pages, block);
  if (page === undefined) throw new ConfigError(`Expected a page with the comments "${open(block)} ... ${close(block)}", found none; put the two where the table belongs`);
  return readBlock(page.text, block);
}

const open = (name: string): string => `<!-- table:${name} -->`;
const close = (name: string): string => `<!-- /table:${name} -->`;

/** Whether a text has the marker comments of a block. */
export function hasBlock(text: string, name: string): boolean {
  return text.includes(open(name));
}

/**
 * Puts `content` between the marker comments of a block in a text: <!-- table:NAME --> and <!-- /table:NAME -->.
 * @throws ConfigError if the text has no such block
 */
export function fillBlock(text: string, name: string, content: string): string {
  const [from, to] = [text.indexOf(open(name)), text.indexOf(close(name))];
  if (from < 0 || to < from) throw new ConfigError(`Expected a block "${open(name)} ... ${close(name)}", found none; put the two comments where the table belongs`);
  return `${text.slice(0, from + open(name).length)}\n${content.trim()}\n${text.slice(to)}`;
}

/** What stands between the marker comments of a block. @throws ConfigError if there is no such block */
export function readBlock(text: string, name: string): string {
  fillBlock(text, name, ""); // checks
  return text.slice(text.indexOf(open(name)) + open(name).length, text.indexOf(close(name))).trim();
}
