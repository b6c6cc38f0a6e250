/**
 * The rules of this repository as functions: files in, violations out, each "path:line: what". Imports and calls are
 * found by TypeScript's parser, so a word in a comment or a string breaks no rule.
 */
import { posix } from "node:path";
import ts from "typescript";

export interface SourceText {
  /** From the root of the repository, with "/". */
  readonly path: string;
  readonly text: string;
}

/** The folders of src in the order that data flows: a folder imports only from those before it, and itself. */
export const layers: readonly string[] = [
  "core", "tensor", "data", "evaluation", "text", "kg", "personas", "models", "response", "augmentation", "display", "papers", "engine", "cli", "index",
];

/** Who may import display: library values carry no display code. */
const displayUsers: readonly string[] = ["display", "papers", "cli", "index"];

/** Imports that go against the order of the folders, or leave src; tests import from src, kernels, bench and test alone. */
export function importOrderViolations(files: readonly SourceText[]): string[] {
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ line, specifier }) => {
      if (!specifier.startsWith(".")) return [];
      const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
      const at = `${file.path}:${line}:`;
      if (file.path.startsWith("test/")) {
        return /^(src|kernels|bench|test)\//.test(target) ? [] : [`${at} a test imports ${target}`];
      }
      if (!target.startsWith("src/")) return [`${at} src imports ${target}`];
      const [from, to] = [layerOf(file.path), layerOf(target)];
      if (!layers.includes(from)) return [`${at} the folder ${from} is not in the layout`];
      if (layers.indexOf(to) > layers.indexOf(from)) return [`${at} ${from} imports ${to}, which comes after it`];
      return to === "display" && !displayUsers.includes(from) ? [`${at} ${from} imports display`] : [];
    }),
  );
}

function layerOf(path: string): string {
  return path.split("/")[1]!.replace(/\.ts$/, "");
}

/** Every module that a file names: import, export from, import(), require(), import types. */
function importsOf(file: SourceText): { readonly line: number; readonly specifier: string }[] {
  const found: { line: number; specifier: string }[] = [];
  walk(file, (node, line) => {
    const named =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require")
            ? node.arguments[0]
            : undefined;
    if (named !== undefined && ts.isStringLiteralLike(named)) found.push({ line, specifier: named.text });
  });
  return found;
}

/** require.resolve() of a file that is not there: the compiler does not see it, and it fails only when it is run. */
export function resolveViolations(files: readonly SourceText[]): string[] {
  const known = new Set(files.map((file) => file.path));
  return files.flatMap((file) => {
    const violations: string[] = [];
    walk(file, (node, line) => {
      if (!ts.isCallExpression(node) || node.expression.getText() !== "require.resolve") return;
      const named = node.arguments[0];
      if (named === undefined || !ts.isStringLiteralLike(named) || !named.text.startsWith(".")) return;
      const target = posix.normalize(posix.join(posix.dirname(file.path), named.text));
      if (!known.has(`${target}.ts`)) violations.push(`${file.path}:${line}: there is no ${target}.ts`);
    });
    return violations;
  });
}

/** At which argument tfjs's random functions take their seed. */
const seedArgument: Readonly<Record<string, number>> = {
  randomNormal: 4, randomStandardNormal: 2, truncatedNormal: 4, randomUniform: 4, randomUniformInt: 3, randomGamma: 4, dropout: 3, multinomial: 2,
};
const randomInitialisers = /^(randomNormal|randomUniform|truncatedNormal|glorot\w+|he(Normal|Uniform)|leCun\w+|orthogonal|varianceScaling)$/;

/** What is banned in src: unseeded randomness, printing (outside cli/ and the streams of display/), `||` for defaults, eval, default exports. */
export function bannedViolations(files: readonly SourceText[]): string[] {
  return files.flatMap((file) => {
    const violations: string[] = [];
    const layer = layerOf(file.path);
    walk(file, (node, line) => {
      const fault = randomFault(node) ?? printFault(node, layer) ?? otherFault(node);
      if (fault !== undefined) violations.push(`${file.path}:${line}: ${fault}`);
    });
    return violations;
  });
}

function randomFault(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && node.getText() === "Math.random") return "Math.random; draw from an Rng";
  if (ts.isNewExpression(node) && node.expression.getText() === "Rng" && /Date\.now|performance\.now/.test(node.getText())) return "a seed from the clock";
  if (!ts.isCallExpression(node)) return undefined;
  const parts = node.expression.getText().split(".");
  const name = parts.at(-1)!;
  if (parts.includes("initializers") && randomInitialisers.test(name)) {
    return /\bseed\b/.test(node.arguments.map((one) => one.getText()).join()) ? undefined : `${node.expression.getText()} without a seed`;
  }
  if (parts[0] !== "tf") return undefined;
  if (name === "rand") return "tf.rand; draw from an Rng";
  const at = seedArgument[name];
  return at !== undefined && node.arguments.length <= at ? `tf.${name} without a seed` : undefined;
}

function printFault(node: ts.Node, layer: string): string | undefined {
  if (!ts.isPropertyAccessExpression(node) || layer === "cli") return undefined;
  const text = node.getText();
  if (text === "process.stdout" || text === "process.stderr") {
    return layer === "display" || layer === "engine" ? undefined : `${text}; the library does not print`; // a progress bar draws on a stream, a worker speaks on one
  }
  const called = ts.isCallExpression(node.parent) && node.parent.expression === node;
  return called && /^console\.\w+$/.test(text) ? `${text}; the library does not print` : undefined;
}

function otherFault(node: ts.Node): string | undefined {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const or = kind === ts.SyntaxKind.BarBarToken || kind === ts.SyntaxKind.BarBarEqualsToken;
    if (or && isLiteral(node.right)) return `|| ${node.right.getText()}; a default is given by ??`;
  }
  const caller = ts.isCallExpression(node) || ts.isNewExpression(node) ? node.expression.getText() : undefined;
  if (caller === "eval" || caller === "Function") return caller;
  const isDefault = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((one) => one.kind === ts.SyntaxKind.DefaultKeyword);
  return ts.isExportAssignment(node) || isDefault === true ? "a default export" : undefined;
}

function isLiteral(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node)) return isLiteral(node.expression);
  if (ts.isPrefixUnaryExpression(node)) return ts.isNumericLiteral(node.operand);
  return ts.isLiteralExpression(node) || ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node);
}

export const longest = 350;

/** Files without a comment at their head, and files that are too long. */
export function shapeViolations(files: readonly SourceText[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return [
      ...(/^(\/\*\*|\/\/)/.test(text.replace(/^#!.*\n/, "")) ? [] : [`${path}:1: no comment at its head says what it does`]),
      ...(lines > longest ? [`${path}: ${lines} lines, more than ${longest}`] : []),
    ];
  });
}

/** Tests take temporary folders from test/scratch.ts, which removes them. */
export function scratchViolations(files: readonly SourceText[]): string[] {
  return files.filter(({ path }) => path.startsWith("test/") && path !== "test/scratch.ts").flatMap((file) => {
    const violations: string[] = [];
    walk(file, (node, line) => {
      const callee = ts.isCallExpression(node) ? node.expression.getText() : "";
      if (/(^|\.)mkdtemp(Sync)?$/.test(callee)) violations.push(`${file.path}:${line}: ${callee} leaves its folder behind; take one from test/scratch.ts`);
    });
    return violations;
  });
}

const forbidden: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: "a path of one machine", pattern: /(?<![\w.~:/$}-])(\/(root|work|home|Users)\/[\w.-]+|[A-Z]:\\Users\\)/ },
  { what: "a package registry's host", pattern: /registry\.(npmjs|yarnpkg)\.(org|com)|files\.pythonhosted\.org|pypi\.org\/simple|npmmirror\.com/ },
];

/** Text that belongs to one machine, in any file of the repository. */
export function textViolations(files: readonly SourceText[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, i) =>
      forbidden.filter(({ pattern }) => pattern.test(line)).map(({ what }) => `${path}:${i + 1}: ${what}: ${line.trim().slice(0, 120)}`),
    ),
  );
}

/** Dependencies of package.json and requirements.txt that are not one exact version. */
export function pinViolations(packageJson: string, requirements: string): string[] {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {}, overrides = {} } = JSON.parse(packageJson) as Record<string, object>;
  const flatten = (given: object): [string, string][] =>
    Object.entries(given).flatMap(([name, value]): [string, string][] => (typeof value === "string" ? [[name, value]] : flatten(value as object)));
  const exact = /^(npm:[@\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$|^file:\.\/|^\$/;
  return [
    ...[dependencies, devDependencies, optionalDependencies, overrides].flatMap(flatten)
      .filter(([, version]) => !exact.test(version))
      .map(([name, version]) => `package.json: ${name} ${version}`),
    ...requirements.split("\n")
      .filter((line) => line.trim() !== "" && !line.startsWith("#") && !/^[\w.[\]-]+==[\w.+!-]+( ?;.*)?$/.test(line.trim()))
      .map((line) => `requirements.txt: ${line}`),
  ];
}

function walk(file: SourceText, visit: (node: ts.Node, line: number) => void): void {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
  const go = (node: ts.Node): void => {
    visit(node, source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1);
    ts.forEachChild(node, go);
  };
  go(source);
}
