/**
 * What cells import: packages of the notebook's folder first, then those of the checkout; modules in TypeScript are
 * compiled when they are required, and compiled again when they changed.
 */
import { readFileSync, statSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { root } from "./program";
import { positions, register } from "./trace";

interface Loader {
  _resolveFilename(request: string, parent: { readonly filename?: string | null } | undefined, ...rest: readonly unknown[]): string;
  _extensions: Record<string, (module: { _compile(code: string, file: string): void }, file: string) => void>;
}
const loader = Module as unknown as Loader;
const fromRoot = createRequire(join(root, "package.json"));
const extensions = [".ts", ".tsx", "/index.ts"] as const;

/** TypeScript modules by file, with the time of the change that was compiled. */
const compiled = new Map<string, number>();

/** Lets `require` find the checkout's packages from anywhere, and TypeScript modules. */
export function installModules(): void {
  const original = loader._resolveFilename.bind(Module);
  loader._resolveFilename = (request, parent, ...rest) => {
    try {
      return original(request, parent, ...rest);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
      const found = /^\.{0,2}\//.test(request) ? typescriptFile(request, parent) : packageOfRoot(request, parent, original);
      if (found === undefined) throw error;
      return found;
    }
  };
  for (const extension of [".ts", ".tsx"]) loader._extensions[extension] = (module, file) => module._compile(compile(file), file);
}

/** Forgets TypeScript modules if one of them has changed since. */
export function refreshModules(): void {
  if ([...compiled].every(([file, time]) => modified(file) === time)) return;
  for (const file of compiled.keys()) delete require.cache[file];
  compiled.clear();
}

function typescriptFile(request: string, parent: { readonly filename?: string | null } | undefined): string | undefined {
  const base = resolve(dirname(parent?.filename ?? join(process.cwd(), "cell.js")), request).replace(/\.js$/, "");
  return extensions.map((extension) => base + extension).find((file) => modified(file) !== undefined);
}

function packageOfRoot(request: string, parent: { readonly filename?: string | null } | undefined, original: Loader["_resolveFilename"]): string | undefined {
  if (parent?.filename === join(root, "package.json")) return undefined;
  try {
    return request === "sessionlab" ? fromRoot.resolve(request) : original(request, { filename: join(root, "package.json"), ...{ paths: [join(root, "node_modules")] } });
  } catch {
    return undefined;
  }
}

function modified(file: string): number | undefined {
  try {
    const stat = statSync(file);
    return stat.isFile() ? stat.mtimeMs : undefined;
  } catch {
    return undefined;
  }
}

function compile(file: string): string {
  const source = readFileSync(file, "utf8");
  compiled.set(file, modified(file) ?? 0);
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true, sourceMap: true, jsx: ts.JsxEmit.React },
  });
  if (sourceMapText !== undefined) register(file, { title: file, source, position: positions(sourceMapText) });
  return outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, "");
}
