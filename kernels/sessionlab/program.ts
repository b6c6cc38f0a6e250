/**
 * The program that cells are checked in, on stock TypeScript, behind the two functions of TypeScript's watch API that
 * tslab's converter calls. A library's declarations are read, parsed and bound once: only the cell and the declarations
 * of the cells before it are parsed again, and a program is made only when something asks for one.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** The checkout: where the library, its packages and the kernel's own declarations are. */
export const root = join(__dirname, "..", "..");

const libFolder = dirname(require.resolve("typescript"));
const declarations = join(root, "kernels", "sessionlab", "types");

/** Names that are there without an import, whose types are read when a cell first mentions one. */
export const lazyNames = ["lab", "tf", "dfd", "plot", "progress"] as const;
const mentions = lazyNames.map((name) => ({ pattern: new RegExp(`\\b${name}\\b`), file: join(declarations, `${name}.d.ts`) }));

/** What tslab's converter hands over: its virtual files are behind `system`. */
interface WatchHost {
  readonly rootFiles: readonly string[];
  readonly options: ts.CompilerOptions;
  readonly system: ts.System;
  afterProgramCreate?(builder: unknown): void;
}

/** How often files were read and parsed, for tests and the doctor. */
export const counts = { parsed: 0, programs: 0 };

/** The last cell's source map, as emitted; the converter drops it. */
export let emittedMap: string | undefined;

let extraRoots: readonly string[] = [join(declarations, "cell.d.ts")];

/**
 * Makes the types of the names that a text mentions part of the next program.
 * @returns whether there was a new one
 */
export function mention(text: string): boolean {
  const found = mentions.filter(({ pattern, file }) => !extraRoots.includes(file) && pattern.test(text)).map(({ file }) => file);
  extraRoots = [...extraRoots, ...found];
  return found.length > 0;
}

/** The options of cells. tslab's own are for TypeScript 5.0; two of them are gone. */
function cellOptions(cwd: string): ts.CompilerOptions {
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ["lib.esnext.d.ts"],
    types: ["node"],
    paths: { "*": [join(root, "node_modules", "*")] }, // by which declarations name the types of the checkout's packages
    typeRoots: [join(cwd, "node_modules", "@types"), join(root, "node_modules", "@types")],
    strict: true,
    esModuleInterop: true,
    resolveJsonModule: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    declaration: true,
    sourceMap: true,
    allowJs: true,
    jsx: ts.JsxEmit.React,
    newLine: ts.NewLineKind.LineFeed,
    rootDir: cwd,
    outDir: "outDir",
  };
}

/** In place of ts.createWatchCompilerHost. */
export function createWatchCompilerHost(rootFiles: readonly string[], _options: ts.CompilerOptions, system: ts.System): WatchHost {
  return { rootFiles, options: cellOptions(system.getCurrentDirectory()), system };
}

/** In place of ts.createWatchProgram. */
export function createWatchProgram(host: WatchHost): { close(): void; updateRootFileNames(files: readonly string[]): void } {
  const { system, options } = host;
  const files = new SourceFiles(system, options);
  const imports = new Map<string, readonly string[]>();
  const compilerHost = hostOf(system, files, options, imports);
  let rootFiles = host.rootFiles;
  let program: ts.Program | undefined; // the newest; stale while `fresh` is false
  let fresh = false;
  let timer: unknown;

  const current = (): ts.Program => {
    if (program === undefined || !fresh) {
      counts.programs++;
      program = ts.createProgram({ rootNames: [...rootFiles, ...extraRoots], options, host: compilerHost, oldProgram: program });
      files.keepOnly(program);
      fresh = true;
    }
    return program;
  };
  const update = (): void => {
    timer = undefined;
    fresh = false;
    host.afterProgramCreate?.(facade());
  };
  const schedule = (): void => {
    if (timer !== undefined) system.clearTimeout!(timer);
    timer = system.setTimeout!(update, 0);
  };
  /** What the converter uses of a builder program. Cells' own files need no program to be looked at. */
  const facade = () => ({
    getProgram: current,
    getSourceFile: (name: string) => (rootFiles.includes(name) ? files.bound(name) : current().getSourceFile(name)),
    emit: (file: ts.SourceFile, write: (name: string, text: string) => void, _cancel: undefined, _only: undefined, transformers: ts.CustomTransformers) =>
      // Modules on disk are compiled when they are required (modules.ts); those of @module cells are the converter's.
      !rootFiles.includes(file.fileName) ? undefined : current().emit(file, (name, text) => {
        if (name.endsWith(".js.map")) emittedMap = text;
        else if (name.endsWith(".d.ts")) write(name, text + blockVariables(file, current().getTypeChecker()));
        else write(name, text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
      }, undefined, undefined, transformers),
    /** The files whose errors are the cell's errors. */
    getAllDependencies(file: ts.SourceFile) {
      const made = current();
      const found = new Set([file.fileName]);
      for (const name of found) {
        for (const imported of imports.get(name) ?? []) if (isUsers(made.getSourceFile(imported))) found.add(imported);
      }
      return [...found];
    },
  });
  const isUsers = (file: ts.SourceFile | undefined): boolean => file !== undefined && !file.isDeclarationFile && !file.fileName.includes("/node_modules/");
  for (const name of rootFiles) {
    system.watchFile!(name, () => {
      files.drop(name);
      imports.delete(name);
      schedule();
    });
  }
  update();
  return {
    close: () => undefined,
    updateRootFileNames(names) {
      for (const name of names) if (!rootFiles.includes(name) || !existsSync(name)) files.drop(name);
      rootFiles = names;
      schedule();
    },
  };
}

/** Declarations of each `var` inside a block of a cell: it belongs to the cell, and the emitted declarations leave it out. */
function blockVariables(file: ts.SourceFile, checker: ts.TypeChecker): string {
  const { locals } = file as ts.SourceFile & { readonly locals?: ReadonlyMap<string, ts.Symbol> };
  const isInside = (node: ts.Node): boolean =>
    ts.isVariableDeclaration(node) && ts.isVariableDeclarationList(node.parent) && !(ts.isVariableStatement(node.parent.parent) && node.parent.parent.parent === file);
  const variableOf = (node: ts.Node): ts.Node => (ts.isBindingElement(node) ? variableOf(node.parent.parent) : node);
  return [...(locals ?? [])].flatMap(([name, symbol]) => {
    const declared = symbol.declarations ?? [];
    if (declared.length === 0 || !declared.every((node) => isInside(variableOf(node)))) return [];
    const type = checker.typeToString(checker.getTypeOfSymbol(symbol), file, ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope);
    return [`declare let ${name}: ${type};\n`];
  }).join("");
}

/** Source files by name. Those of packages never change while the kernel runs; those of the user are looked at again. */
class SourceFiles {
  readonly #files = new Map<string, { readonly file: ts.SourceFile | undefined; readonly modified: number | undefined }>();
  readonly #system: ts.System;
  readonly #options: ts.CompilerOptions;

  constructor(system: ts.System, options: ts.CompilerOptions) {
    this.#system = system;
    this.#options = options;
  }

  get(name: string, languageVersion: ts.ScriptTarget | ts.CreateSourceFileOptions = ts.ScriptTarget.ES2022): ts.SourceFile | undefined {
    const known = this.#files.get(name);
    const modified = modificationTime(name);
    if (known !== undefined && known.modified === modified) return known.file;
    const text = this.#system.readFile(name);
    counts.parsed++;
    const file = text === undefined ? undefined : ts.createSourceFile(name, text, languageVersion);
    if (file !== undefined) Object.assign(file, { version: `${counts.parsed}` });
    if (file !== undefined) this.#files.set(name, { file, modified });
    return file;
  }

  /** A file with its locals, without a program. */
  bound(name: string): ts.SourceFile | undefined {
    const file = this.get(name);
    if (file !== undefined) (ts as unknown as { bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void }).bindSourceFile(file, this.#options);
    return file;
  }

  drop(name: string): void {
    this.#files.delete(name);
  }

  /** Forgets the user's files that no program holds any more. */
  keepOnly(program: ts.Program): void {
    for (const [name, { modified }] of this.#files) {
      if (modified !== undefined && program.getSourceFile(name) === undefined) this.#files.delete(name);
    }
  }
}

/** undefined for files that do not change while the kernel runs. */
function modificationTime(name: string): number | undefined {
  if (name.includes("/node_modules/") || name.startsWith(libFolder) || name.startsWith(`${root}/dist/`) || name.startsWith(declarations)) return undefined;
  try {
    return statSync(name).mtimeMs;
  } catch {
    return undefined; // one of the converter's virtual files
  }
}

/** @param imports is given the files that each file imports */
function hostOf(system: ts.System, files: SourceFiles, options: ts.CompilerOptions, imports: Map<string, readonly string[]>): ts.CompilerHost {
  const cwd = system.getCurrentDirectory();
  const { paths: _, ...searching } = options; // packages are looked for beside the notebook first
  const cache = ts.createModuleResolutionCache(cwd, (name) => name, searching);
  const typeCache = ts.createTypeReferenceDirectiveResolutionCache(cwd, (name) => name, searching, cache.getPackageJsonInfoCache());
  const reader: ts.ModuleResolutionHost = {
    fileExists: (name) => behind(name).fileExists(name),
    readFile: (name) => behind(name).readFile(name),
    directoryExists: (name) => behind(name).directoryExists(name),
    realpath: (name) => ts.sys.realpath?.(name) ?? name,
    getCurrentDirectory: () => cwd,
  };
  /** The converter's virtual files are in the notebook's folder, and only there. */
  const behind = (name: string): ts.System => (dirname(name) === cwd ? system : ts.sys);
  const resolve = (name: string, from: string, mode: ts.ResolutionMode): ts.ResolvedModuleFull | undefined => {
    // A package may be installed, a module written, while the notebook is open: nothing is remembered for the cell itself.
    const remembered = dirname(from) === cwd ? undefined : cache;
    const found = ts.resolveModuleName(name, from, searching, reader, remembered, undefined, mode).resolvedModule;
    if (found !== undefined || name.startsWith(".")) return found;
    return ts.resolveModuleName(name, join(root, "package.json"), searching, reader, cache, undefined, mode).resolvedModule;
  };
  return {
    getSourceFile: (name, languageVersion) => files.get(name, languageVersion),
    getDefaultLibFileName: () => join(libFolder, "lib.esnext.full.d.ts"),
    getDefaultLibLocation: () => libFolder,
    getCurrentDirectory: () => cwd,
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    fileExists: reader.fileExists,
    readFile: reader.readFile,
    directoryExists: (name) => behind(name).directoryExists(name),
    getDirectories: (name) => ts.sys.getDirectories(name),
    realpath: reader.realpath!,
    writeFile: () => undefined,
    hasInvalidatedResolutions: () => false,
    getModuleResolutionCache: () => cache, // or package.json files are read again for each file of each program
    resolveTypeReferenceDirectiveReferences: (references, from, _redirected, _options, file) =>
      references.map((reference) => {
        const name = typeof reference === "string" ? reference : reference.fileName;
        return ts.resolveTypeReferenceDirective(name, from, searching, reader, undefined, typeCache, typeof reference === "string" ? undefined : (reference.resolutionMode ?? file?.impliedNodeFormat));
      }),
    resolveModuleNameLiterals(literals, from, _redirected, _options, file) {
      const found = literals.map((literal) => resolve(literal.text, from, ts.getModeForUsageLocation(file, literal, options)));
      imports.set(from, found.flatMap((one) => (one === undefined ? [] : [one.resolvedFileName])));
      return found.map((resolvedModule) => ({ resolvedModule }));
    },
  };
}

