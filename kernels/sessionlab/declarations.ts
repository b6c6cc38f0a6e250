/** The text of declarations that later cells are checked against. */
import ts from "typescript";

/**
 * `export` and `export default` of a cell, which the converter refuses, become blanks: all positions stay.
 * Cells see each other's names anyway.
 */
export function withoutExports(source: string): string {
  if (!/\bexport\b/.test(source)) return source;
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest);
  let result = source;
  const blank = (start: number, end: number): void => void (result = result.slice(0, start) + source.slice(start, end).replace(/[^\n]/g, " ") + result.slice(end));
  for (const statement of file.statements) {
    if (ts.isExportAssignment(statement) && statement.isExportEquals !== true) blank(statement.getStart(file), statement.expression.getStart(file));
    const modifiers = ts.canHaveModifiers(statement) ? statement.modifiers ?? [] : [];
    const isExport = ({ kind }: ts.ModifierLike): boolean => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword;
    for (const modifier of modifiers.filter(isExport)) blank(modifier.getStart(file), modifier.getEnd());
  }
  return result;
}

/**
 * The cell that papermill puts after the one tagged "parameters" declares the same names anew: each keeps the type that
 * it had, so that a text for `"minute" | "hour"` stays one of the two.
 */
export function typedParameters(source: string, declarations: string): string {
  if (!source.startsWith("// Parameters\n")) return source;
  const types = new Map(declaredIn(declarations).flatMap(({ names, text }) => {
    const type = /^declare (?:const|let) [\w$]+: ([^]*);$/.exec(text)?.[1];
    return type === undefined ? [] : [[names[0]!, type] as const];
  }));
  return source.replace(/^let ([\w$]+) =/gm, (text, name: string) => (types.has(name) ? `let ${name}: ${types.get(name)!} =` : text));
}

/**
 * What is declared after a cell that failed: what it had assigned by then as it declares it, everything else as before.
 * Types and interfaces count as assigned.
 */
export function mergeDeclarations(before: string, after: string, assigned: ReadonlySet<string>): string {
  const failed = new Set<string>();
  const isNew = new Set(declaredIn(after).map(({ text }) => text));
  for (const { text } of declaredIn(before)) isNew.delete(text);
  const kept = declaredIn(after).filter(({ names, isValue, text }) => {
    if (!isNew.has(text) || !isValue || names.some((name) => assigned.has(name))) return true;
    for (const name of names) failed.add(name);
    return false;
  });
  const known = new Set(kept.map(({ text }) => text));
  const restored = declaredIn(before).filter(({ names, text }) => !known.has(text) && names.some((name) => failed.has(name)));
  return [...kept, ...restored].map(({ text }) => text).join("\n");
}

interface Declared {
  readonly names: readonly string[];
  readonly isValue: boolean;
  readonly text: string;
}

/** The statements of a declaration text, a variable each. */
function declaredIn(declarations: string): Declared[] {
  const file = ts.createSourceFile("declarations.d.ts", declarations, ts.ScriptTarget.Latest);
  return file.statements.flatMap((statement): Declared[] => {
    if (ts.isVariableStatement(statement)) {
      const keyword = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0 ? "const" : "let";
      return statement.declarationList.declarations.map((one) => ({
        names: [one.name.getText(file)], isValue: true, text: `declare ${keyword} ${one.getText(file)};`,
      }));
    }
    const { name } = statement as { name?: ts.Identifier };
    const isValue = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement);
    return [{ names: name === undefined ? [] : [name.text], isValue, text: statement.getText(file) }];
  });
}
