/** Where verbs publish what they found: the marked blocks of the project's pages. */
import { join } from "node:path";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import { fillBlock, hasBlock, publishedPages } from "../papers/pages";

/**
 * Fills the blocks that README.md and the pages of docs/ have; what none has a block for is left out.
 * @param contents by the name of the block
 * @returns the names of those that were filled
 */
export function publishBlocks(contents: Readonly<Record<string, string>>): readonly string[] {
  return publishedPages(projectRoot).flatMap(({ file, text }) => {
    const names = Object.keys(contents).filter((name) => hasBlock(text, name));
    if (names.length > 0) writeFileAtomic(join(projectRoot, file), names.reduce((filled, name) => fillBlock(filled, name, contents[name]!), text));
    return names;
  });
}
