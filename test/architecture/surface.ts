/**
 * The public surface by TypeScript's checker: every export of an entry file with its docstring and its examples,
 * and the examples as programs: type-checked as a reader would paste them, and run.
 */
import assert from "node:assert/strict";
import nodeFs, { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { withFolder } from "../scratch";

export interface Export {
  readonly name: string;
  /** From the root, with the line: "src/core/rng.ts:20". */
  readonly place: string;
  readonly documentation: string;
  /** Functions and classes owe an example; types, interfaces and values only a sentence. */
  readonly owesExample: boolean;
  readonly examples: readonly string[];
}

/** Files that exist for the compiler alone, by path from the root. */
export type Overlay = Readonly<Record<string, string>>;

const globals = 'declare const assert: typeof import("node:assert/strict");\n';

/** The exports of `entry`, by name. @throws an error if the entry does not parse */
export function surfaceOf(root: string, entry: string, overlay: Overlay = {}): Export[] {
  const program = programOf(root, [entry], overlay);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, entry));
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`Expected a module at ${entry}, found none`);
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.declarations?.[0];
    const file = declaration?.getSourceFile();
    if (file?.fileName.includes("/node_modules/") === true) return []; // handed on as it is: its own project documents it
    const line = declaration === undefined ? 0 : file!.getLineAndCharacterOfPosition(declaration.getStart()).line + 1;
    return {
      name: exported.name,
      place: `${file?.fileName.slice(root.length + 1) ?? entry}:${line}`,
      documentation: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
      owesExample: (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) !== 0,
      examples: (symbol.declarations ?? []).flatMap(examplesAt),
    };
  });
}

/** The code after each `@example` of a declaration, as written: the parser would take " @" in it for the next tag. */
function examplesAt(declaration: ts.Declaration): string[] {
  return ts.getJSDocCommentsAndTags(declaration).filter(ts.isJSDoc).flatMap((comment) => {
    const lines = comment.getText().replace(/^\/\*\*|\*\/$/g, "").split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
    const starts = lines.flatMap((line, i) => (/^\s*@[a-z]+\b/.test(line) ? [i] : []));
    return starts
      .filter((start) => lines[start]!.trim().startsWith("@example"))
      .map((start) => lines.slice(start, starts.find((next) => next > start)).join("\n").replace(/^\s*@example/, ""))
      .map((code) => code.replace(/^```.*$/gm, "").trim())
      .filter((code) => code !== "");
  });
}

/** Exports without a docstring, and functions and classes without an example. */
export function documentationFaults(surface: readonly Export[]): string[] {
  return surface.flatMap(({ name, place, documentation, owesExample, examples }) => [
    ...(documentation === "" ? [`${place}: ${name} has no docstring`] : []),
    ...(owesExample && examples.length === 0 ? [`${place}: ${name} has no @example`] : []),
  ]);
}

/** What the compiler says about the examples, each as a module of its own that imports "sessionlab". */
export function exampleErrors(root: string, surface: readonly Export[], overlay: Overlay = {}): string[] {
  const files = new Map(surface.flatMap(({ name, examples, place }) => examples.map((code, i) => [`test/architecture/example-${name}-${i}.mts`, { code, place }])));
  const virtual = { ...overlay, "test/architecture/globals.d.ts": globals, ...Object.fromEntries([...files].map(([path, { code }]) => [path, `${code}\nexport {};\n`])) };
  const program = programOf(root, ["test/architecture/globals.d.ts", ...files.keys()], virtual);
  return [...files].flatMap(([path, { place }]) => {
    const source = program.getSourceFile(join(root, path));
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      (one) => `${place}: ${ts.flattenDiagnosticMessageText(one.messageText, "\n")}`,
    );
  });
}

/** What the compiler says about files that are not there, by path from the root: they import as those that are. */
export function fileErrors(root: string, files: Overlay): string[] {
  const program = programOf(root, Object.keys(files), files);
  return Object.keys(files).flatMap((path) => {
    const source = program.getSourceFile(join(root, path));
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((one) => `${path}: ${ts.flattenDiagnosticMessageText(one.messageText, "\n")}`);
  });
}

/**
 * Runs one example in this process, with `assert` as a global and "sessionlab" as `library`. Temporary folders that it
 * makes are removed after it.
 * @throws what the example throws
 */
export async function runExample(root: string, code: string, library: unknown): Promise<void> {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
  const { outputText } = ts.transpileModule(code, { compilerOptions: options });
  const fromRoot = createRequire(join(root, "src", "index.ts"));
  // An async function takes the top-level await that a notebook's cell would.
  const run = new Function("require", "exports", "assert", "__filename", `return (async () => {${outputText}\n})();`) as (...given: unknown[]) => Promise<void>;
  await withFolder(async (folder) => {
    let made = 0;
    const mkdtempSync = (): string => mkdirSync(join(folder, String(made++)), { recursive: true })!;
    const modules: Readonly<Record<string, unknown>> = { sessionlab: library, "node:fs": { ...nodeFs, mkdtempSync } };
    await run((name: string) => modules[name] ?? fromRoot(name), {}, assert, join(root, "src", "index.ts"));
  });
}

function programOf(root: string, entries: readonly string[], overlay: Overlay): ts.Program {
  const config = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, include: [], files: [] }, ts.sys, root);
  // Examples show how a thing is called; what they leave unused is no fault.
  const relaxed: ts.CompilerOptions = { ...options, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(relaxed, true);
  const virtual = new Map(Object.entries(overlay).map(([path, text]) => [join(root, path), text]));
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  host.readFile = (path) => virtual.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = virtual.get(path);
    return text === undefined ? getSourceFile(path, language, ...rest) : ts.createSourceFile(path, text, language, true);
  };
  return ts.createProgram(entries.map((entry) => join(root, entry)), relaxed, host);
}
