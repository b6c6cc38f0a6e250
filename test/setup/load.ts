/** Loads a module of scripts/: plain JavaScript, so that it runs before there is a compiler. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const scripts = join(__dirname, "..", "..", "scripts");

/** The exports of scripts/<name>, as `T` describes them. */
export async function load<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(scripts, name)).href)) as T;
}
