/** Where verbs publish what they found: the marked blocks of the project's README.md. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import { fillBlock, hasBlock } from "../papers/report";

/**
 * Fills the blocks that README has; what it has no block for is left out.
 * @param contents by the name of the block
 * @returns the names of those that were filled
 */
export function publishBlocks(contents: Readonly<Record<string, string>>): readonly string[] {
  const readme = join(projectRoot, "README.md");
  if (!existsSync(readme)) return [];
  const text = readFileSync(readme, "utf8");
  const names = Object.keys(contents).filter((name) => hasBlock(text, name));
  if (names.length > 0) writeFileAtomic(readme, names.reduce((filled, name) => fillBlock(filled, name, contents[name]!), text));
  return names;
}
