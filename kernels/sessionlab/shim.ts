/**
 * Stock TypeScript in the place of the fork that tslab brings (5.0): put into require's cache before tslab is loaded.
 * The fork adds five functions and two options to TypeScript; the functions are written here on what stock TypeScript
 * has at run time, and the options are not needed, since cells are compiled by program.ts.
 */
import { createRequire } from "node:module";
import { relative } from "node:path";
import ts from "typescript";
import { createWatchCompilerHost, createWatchProgram } from "./program";

/** What stock TypeScript has at run time and does not declare. */
interface Internals {
  readonly nullTransformationContext: ts.TransformationContext;
  readonly Completions: { getCompletionsAtPosition(...args: readonly unknown[]): ts.CompletionInfo | undefined };
  readonly SymbolDisplay: {
    getSymbolDisplayPartsDocumentationAndSymbolKind(checker: ts.TypeChecker, symbol: ts.Symbol, file: ts.SourceFile, container: ts.Node | undefined, node: ts.Node): {
      symbolKind: ts.ScriptElementKind;
      displayParts: ts.SymbolDisplayPart[];
      documentation: ts.SymbolDisplayPart[];
      tags: ts.JSDocTagInfo[] | undefined;
    };
    getSymbolKind(checker: ts.TypeChecker, symbol: ts.Symbol, location: ts.Node): ts.ScriptElementKind;
    getSymbolModifiers(checker: ts.TypeChecker, symbol: ts.Symbol): string;
  };
  getTouchingPropertyName(file: ts.SourceFile, position: number): ts.Node;
  getContainerNode(node: ts.Node): ts.Node | undefined;
  typeToDisplayParts(checker: ts.TypeChecker, type: ts.Type, container?: ts.Node): ts.SymbolDisplayPart[];
}
const internals = ts as unknown as Internals;

/** What is at a position, as the language service would say: the type, what it is, its documentation. */
function getQuickInfoAtPosition(file: ts.SourceFile, checker: ts.TypeChecker, _token: unknown, position: number): ts.QuickInfo | undefined {
  const touched = internals.getTouchingPropertyName(file, position);
  if (touched === file) return undefined;
  const node = ts.isNewExpression(touched.parent) && touched.pos === touched.parent.pos ? touched.parent.expression : touched;
  const textSpan = { start: node.getStart(file), length: node.getEnd() - node.getStart(file) };
  const symbol = checker.getSymbolAtLocation(node);
  if (symbol === undefined || checker.isUnknownSymbol(symbol)) {
    if (!ts.isIdentifier(node) && node.kind !== ts.SyntaxKind.ThisKeyword && node.kind !== ts.SyntaxKind.SuperKeyword) return undefined;
    const type = checker.getTypeAtLocation(node);
    return {
      kind: ts.ScriptElementKind.unknown,
      kindModifiers: "",
      textSpan,
      displayParts: internals.typeToDisplayParts(checker, type, internals.getContainerNode(node)),
      documentation: type.symbol?.getDocumentationComment(checker),
      tags: type.symbol?.getJsDocTags(checker),
    };
  }
  const shown = internals.SymbolDisplay.getSymbolDisplayPartsDocumentationAndSymbolKind(checker, symbol, file, internals.getContainerNode(node), node);
  return {
    kind: shown.symbolKind,
    kindModifiers: internals.SymbolDisplay.getSymbolModifiers(checker, symbol),
    textSpan,
    displayParts: shown.displayParts,
    documentation: shown.documentation,
    tags: shown.tags,
  };
}

/** Completions; what a module hands on from another one is given the kind that it has there. */
function getCompletionsAtPosition(host: object, program: ts.Program, log: () => void, file: ts.SourceFile, ...rest: readonly unknown[]): ts.CompletionInfo | undefined {
  const includeSymbol = [undefined, true]; // after a format context
  const info = internals.Completions.getCompletionsAtPosition(host, program, log, file, ...rest, ...includeSymbol);
  const checker = program.getTypeChecker();
  for (const entry of info?.entries ?? []) {
    const { symbol } = entry as { symbol?: ts.Symbol };
    if (entry.kind !== ts.ScriptElementKind.alias || symbol === undefined || (symbol.flags & ts.SymbolFlags.Alias) === 0) continue;
    entry.kind = internals.SymbolDisplay.getSymbolKind(checker, checker.getAliasedSymbol(symbol), file);
  }
  return info;
}

/** "Not under rootDir", "only with noEmit": the converter emits each cell by itself, whatever it imports. */
const ofTheProject: readonly number[] = [5096, 5097, 6059];

/** Faults of the last cell in modules that are not below the notebook's folder: the converter drops them. */
export let faultsAbove: readonly ts.DiagnosticWithLocation[] = [];

function getPreEmitDiagnosticsOfFiles(program: ts.Program, files: readonly ts.SourceFile[]): readonly ts.Diagnostic[] {
  const found = files.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
    ...program.getDeclarationDiagnostics(file),
  ]);
  const faults = ts.sortAndDeduplicateDiagnostics(found).filter(({ code }) => !ofTheProject.includes(code));
  const isAbove = (fault: ts.Diagnostic): fault is ts.DiagnosticWithLocation => fault.file !== undefined && relative(program.getCurrentDirectory(), fault.file.fileName).startsWith("..");
  faultsAbove = faults.filter(isAbove);
  return faults;
}

/** The converter turns its emitted ES module into CommonJS by this; cells keep theirs, which cell.ts goes on with. */
const isFromConverter = (options: ts.TranspileOptions): boolean => options.fileName === "custom.js";

/** Makes `require("@tslab/typescript-for-tslab")` give stock TypeScript. Call before tslab is loaded. */
export function installShim(): void {
  ts.sys.watchFile = () => ({ close: () => undefined }); // program.ts looks at the user's files itself
  const shim: object = Object.create(ts, {
    __esModule: { value: true },
    getDefaultTypeRoots: { value: () => [] },
    getQuickInfoAtPosition: { value: getQuickInfoAtPosition },
    getNullTransformationContext: { value: () => internals.nullTransformationContext },
    getPreEmitDiagnosticsOfFiles: { value: getPreEmitDiagnosticsOfFiles },
    getPreEmitDiagnostics: { value: (program: ts.Program, file: ts.SourceFile) => getPreEmitDiagnosticsOfFiles(program, [file]) },
    createWatchCompilerHost: { value: createWatchCompilerHost },
    createWatchProgram: { value: createWatchProgram },
    Completions: { value: { ...internals.Completions, getCompletionsAtPositionForTslab: getCompletionsAtPosition } },
    transpileModule: {
      value: (text: string, options: ts.TranspileOptions) => (isFromConverter(options) ? { outputText: text } : ts.transpileModule(text, options)),
    },
  });
  const fromTslab = createRequire(require.resolve("tslab/dist/converter.js"));
  const file = fromTslab.resolve("@tslab/typescript-for-tslab");
  const module = new (require("node:module") as typeof import("node:module"))(file);
  module.filename = file;
  module.loaded = true;
  module.exports = shim;
  require.cache[file] = module;
}
