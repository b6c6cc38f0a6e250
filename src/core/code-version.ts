/**
 * The version of a piece of code: a hash over the files that it is made of, found by walking its local imports.
 * Nobody has to remember to raise a number: an edit in any file that the work can reach gives another version,
 * and an edit elsewhere does not. Imports of types are not followed (they leave nothing to run); packages count
 * by name and installed version. Source and compiled files give different versions: both are right, neither is stale.
 * The modules that keep results and compute none are counted by a fixed word: see `keepers`.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { ConfigError } from "./errors";
import { hashOf } from "./hash";

/** What one file contributes. */
interface Unit {
  readonly content: string;
  readonly local: readonly string[];
  readonly packages: readonly string[];
}

/**
 * The modules of this folder that keep results: how they lock, evict and clean never changes a bit that was computed, so
 * work on them must not throw away trainings of hours. A word, or no mention at all where there is none, stands for their
 * content. Change `step`'s word by hand if ever a stored result must not be read any more.
 */
const keepers: Readonly<Record<string, string | undefined>> = {
  step: "404c93c2a0c2e9034ce094abdec55f11811922dde07c325f4f6c7c89ed52f12e",
  files: "c5fd1ab3a11494e1aa532c9dc17ac95057287bbd674310a0087887e23d9825b5",
  "code-version": "21a4e2f66c2df3d08374bd5ff8b626986ae74adc0610ad938952dd44654f6603",
  cache: undefined,
  lock: undefined,
  processes: undefined,
  store: undefined,
};

const unitsOfThisProcess = new Map<string, Unit>();

/**
 * @param files absolute names of the modules that the work starts from: usually `__filename`
 * @param units what was read before; by default each file is read once a process
 * @returns 64 hexadecimal digits, the same on every machine that holds the same files and package versions
 * @throws ConfigError if a file is not there
 */
export function codeVersion(files: string | readonly string[], units: Map<string, Unit> = unitsOfThisProcess): string {
  const roots = typeof files === "string" ? [files] : files;
  const seen = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...roots];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    let unit = units.get(file);
    if (unit === undefined) units.set(file, (unit = readUnit(file)));
    waiting.push(...unit.local);
    for (const name of unit.packages) packages.add(name);
  }
  const base = projectFolder(roots[0]!);
  const contents = Object.fromEntries([...seen].map((file) => [relative(base, file).split(sep).join("/"), contentOf(file, units)]));
  return hashOf({ contents, packages: [...packages].sort() });
}

/** @returns undefined for a file that does not count */
function contentOf(file: string, units: ReadonlyMap<string, Unit>): string | undefined {
  const name = relative(__dirname, file).slice(0, -extname(file).length);
  return Object.hasOwn(keepers, name) ? keepers[name] : units.get(file)!.content;
}

/** The nearest folder above `file` with a package.json; else the file's own. */
export function projectFolder(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return dirname(file);
  }
}

function readUnit(file: string): Unit {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigError(`Expected the code of a step at ${file}, found no readable file; give __filename of the module`, { cause });
  }
  const local: string[] = [];
  const packages: string[] = [];
  for (const specifier of specifiersOf(text)) {
    if (specifier.startsWith(".")) {
      const found = resolveLocal(resolve(dirname(file), specifier));
      if (found !== undefined) local.push(found);
    } else if (!isBuiltin(specifier)) {
      packages.push(packageVersion(specifier, file));
    }
  }
  return { content: hashOf(text), local, packages };
}

/** What a file imports, requires or re-exports at run time. */
function specifiersOf(text: string): Set<string> {
  const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, "");
  const patterns = [
    /\b(?:require|import)\s*\(\s*["']([^"'\n]+)["']/g,
    /^\s*(?:import|export)\s+(?!type\b)[^"';]*?\bfrom\s*["']([^"'\n]+)["']/gm,
    /^\s*import\s+["']([^"'\n]+)["']/gm,
  ];
  return new Set(patterns.flatMap((pattern) => Array.from(code.matchAll(pattern), (match) => match[1]!)));
}

function resolveLocal(path: string): string | undefined {
  const bare = path.replace(/\.js$/, "");
  const candidates = [path, `${path}.ts`, `${path}.js`, `${bare}.ts`, join(path, "index.ts"), join(path, "index.js")];
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
}

function packageVersion(specifier: string, from: string): string {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    const manifest = join(folder, "node_modules", name, "package.json");
    if (existsSync(manifest)) return `${name}@${(JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version}`;
    if (dirname(folder) === folder) return `${name}@none`;
  }
}
