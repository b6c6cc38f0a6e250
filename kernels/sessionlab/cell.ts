/**
 * From the ES module that tslab's converter emits for a cell to the body of the function that its executor runs.
 * A variable of a cell stays a local of that function, at full speed; the scope that later cells read and write has an
 * accessor for it, so a `let` changed later is changed for the functions that closed over it. Where a signal does not reach,
 * loops get a check by which an interrupt stops them, and calls are made so that it does reach (stoppable.ts). All changes are
 * made within lines: line numbers stay those of the emitted module, whose source map leads back to the cell.
 */
import ts from "typescript";
import { apply, insert, wayBack, type Edit } from "./edits";
import { awaits, stoppable } from "./stoppable";

/** The name of the object that the compiled code finds its scope and helpers in. */
export const hooksKey = "sessionlab.cell";

/** What the compiled code calls. */
export interface CellHooks {
  /** The variables of all cells, by name. */
  readonly scope: object;
  /** Makes a variable of this cell visible to later ones. */
  def(name: string, get: () => unknown, set?: (value: unknown) => void): void;
  /** Throws if the running cell was interrupted. */
  tick(): void;
  /** Calls a function in such a way that SIGINT ends it. */
  call<T>(work: () => T): T;
  /** Takes the value of the last expression. */
  last(value: unknown): void;
  /** import.meta of cells. */
  readonly meta: object;
}

/** A cell, ready to run. */
export interface CompiledCell {
  readonly code: string;
  /** From `code` to the emitted module with the changes of this file; undefined where they are the same but for the prologue. */
  readonly map: string | undefined;
  /** From where the map leads to a position in the emitted module; 0-based. */
  original(line: number, column: number): { readonly line: number; readonly column: number };
  readonly hasTopLevelAwait: boolean;
}

/** Compiles what the converter emitted. @param known is there a variable of this name from earlier cells? */
export function compileCell(emitted: string, known: (name: string) => boolean): CompiledCell {
  const file = ts.createSourceFile("cell.js", emitted, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  (ts as unknown as { bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void }).bindSourceFile(file, { allowJs: true });
  const exported = new Set(file.statements.flatMap(exportedNames));
  const atTop: string[] = [];
  const edits: Edit[] = [];
  const define = (name: string, writable: boolean): string =>
    exported.delete(name) ? ` __def(${JSON.stringify(name)}, () => ${name}${writable ? `, (v) => { ${name} = v; }` : ""});` : "";
  const hasTopLevelAwait = awaits(file);

  for (const statement of file.statements) {
    const [start, end] = [statement.getStart(file), statement.getEnd()];
    if (ts.isExportDeclaration(statement)) edits.push({ start, end, text: "" });
    else if (ts.isImportDeclaration(statement)) edits.push(insert(end, importedNames(statement).map((name) => define(name, false)).join("")));
    else if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) atTop.push(define(statement.name.text, true));
    else if (ts.isClassDeclaration(statement) && statement.name !== undefined) edits.push(insert(end, define(statement.name.text, true)));
    else if (ts.isVariableStatement(statement)) {
      const [first] = statement.declarationList.declarations;
      if (statement.modifiers !== undefined) {
        // "export const tsLastExpr = ...": the converter's variable for the last expression.
        edits.push({ start, end: first!.initializer!.getFullStart(), text: "__last(" }, { start: first!.initializer!.getEnd(), end, text: ");" });
      } else {
        const writable = (statement.declarationList.flags & ts.NodeFlags.Const) === 0;
        edits.push(insert(end, statement.declarationList.declarations.flatMap(({ name }) => boundNames(name)).map((name) => define(name, writable)).join("")));
      }
    }
  }
  for (const name of [...exported]) atTop.push(define(name, true)); // a var inside a block
  inner(file, hasTopLevelAwait, known, edits);

  const head = `const { scope: __scope, def: __def, tick: __tick, call: __call, last: __last, meta: __meta } = globalThis[Symbol.for(${JSON.stringify(hooksKey)})]; let __n = 0; __tick();${atTop.join("")} `;
  const changed = apply(emitted, [insert(0, head), ...edits]);
  const needsCommonJs = file.statements.some(ts.isImportDeclaration) || /\bimport\s*\(/.test(emitted);
  const { code, map } = needsCommonJs ? commonJs(changed.text) : { code: `"use strict"; ${changed.text}`, map: undefined };
  const original = wayBack(emitted, changed); // not with the syntax tree or the texts, which must not be kept
  return { code, map, original, hasTopLevelAwait };
}

/** Imports as calls of require. */
function commonJs(text: string): { readonly code: string; readonly map: string | undefined } {
  const { outputText, sourceMapText } = ts.transpileModule(text, {
    fileName: "cell.js",
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true, sourceMap: true, allowJs: true },
  });
  return { code: outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ""), map: sourceMapText };
}

/** Edits below the statements: names of earlier cells, checks in loops, calls that a signal ends. */
function inner(file: ts.SourceFile, hasTopLevelAwait: boolean, known: (name: string) => boolean, edits: Edit[]): void {
  /** @param where guarded: no signal is sure to reach; async: after an await; called: inside such a call */
  const visit = (node: ts.Node, where: { readonly guarded: boolean; readonly async: boolean; readonly called: boolean }): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "exports") {
      const called = ts.isCallExpression(node.parent) && node.parent.expression === node;
      const start = node.expression.getStart(file);
      edits.push({ start, end: node.expression.getEnd(), text: called ? "(0, __scope" : "__scope" });
      if (called) edits.push(insert(node.getEnd(), ")"));
      return;
    }
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) edits.push({ start: node.getStart(file), end: node.getEnd(), text: "__meta" });
    // The converter leaves { x } as it is.
    if (ts.isShorthandPropertyAssignment(node) && known(node.name.text) && !isLocal(node.name)) {
      edits.push(insert(node.name.getEnd(), `: __scope.${node.name.text}`));
    }
    const around = where.async && !where.called ? stoppable(node) : undefined;
    if (around !== undefined) edits.push(insert(node.getStart(file), around.before));
    const body = where.guarded && ts.isIterationStatement(node, false) ? node.statement : undefined;
    const isFunction = ts.isFunctionLike(node);
    const inside = isFunction ? { guarded: true, async: isAsync(node), called: false } : { ...where, called: where.called || around !== undefined };
    ts.forEachChild(node, (child) => {
      if (child !== body) return visit(child, inside);
      const check = awaits(child) ? "__tick(); " : "if (!(__n = __n + 1 & 15)) __tick(); ";
      const isBlock = ts.isBlock(child);
      edits.push(isBlock ? insert(child.getStart(file) + 1, ` ${check}`) : insert(child.getStart(file), `{ ${check}`));
      visit(child, inside);
      if (!isBlock) edits.push(insert(child.getEnd(), " }"));
    });
    if (around !== undefined) edits.push(insert(node.getEnd(), around.after));
  };
  visit(file, { guarded: hasTopLevelAwait, async: hasTopLevelAwait, called: false });
}

function isAsync(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true;
}

/** Is an identifier bound inside the cell? */
function isLocal(name: ts.Identifier): boolean {
  for (let node: ts.Node | undefined = name; node !== undefined; node = node.parent) {
    if ((node as ts.Node & { locals?: ReadonlyMap<string, unknown> }).locals?.has(name.text) === true) return true;
  }
  return false;
}

function exportedNames(statement: ts.Statement): string[] {
  if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) return [];
  return statement.exportClause.elements.map(({ name }) => name.text);
}

function importedNames({ importClause }: ts.ImportDeclaration): string[] {
  const bindings = importClause?.namedBindings;
  const named = bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? [bindings.name.text] : bindings.elements.map(({ name }) => name.text);
  return importClause?.name === undefined ? named : [importClause.name.text, ...named];
}

function boundNames(name: ts.BindingName): string[] {
  return ts.isIdentifier(name) ? [name.text] : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)));
}
