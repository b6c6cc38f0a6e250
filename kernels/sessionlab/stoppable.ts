/**
 * Calls after an `await`. SIGINT ends code that Node runs with `breakOnSigint`: the first stretch of a cell, up to its first
 * await, and nothing of what comes later. So what calls something there, in a cell or an asynchronous function of one, is
 * made a call of its own in that way. It costs some microseconds, so the largest pieces without an await are taken, such as
 * a whole loop.
 */
import ts from "typescript";

/** Does code await outside of its functions? */
export function awaits(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true;
  return !isApart(node) && (ts.forEachChild(node, awaits) ?? false);
}

/** What to write before and after a piece of asynchronous code that can be called as a whole; undefined for others. */
export function stoppable(node: ts.Node): { readonly before: string; readonly after: string } | undefined {
  if (isWhole(node)) return calls(node) && isClosed(node) ? { before: "__call(() => { ", after: " });" } : undefined;
  return isValue(node) && calls(node) && isClosed(node) ? { before: "__call(() => (", after: "))" } : undefined;
}

/** Statements that can be the body of a function, if they are closed. */
function isWhole(node: ts.Node): boolean {
  return ts.isIterationStatement(node, false) || ts.isIfStatement(node) || ts.isTryStatement(node) || ts.isSwitchStatement(node);
}

/** Expressions that are a value and nothing else: no targets of assignments, no part of a chain of calls. */
function isValue(node: ts.Node): boolean {
  const { parent } = node;
  if (parent === undefined) return false;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  if (ts.isArrowFunction(parent)) return parent.body === node && !ts.isBlock(node);
  const of = ts.isExpressionStatement(parent) || ts.isReturnStatement(parent) || ts.isThrowStatement(parent) || ts.isAwaitExpression(parent)
    || ts.isIfStatement(parent) || ts.isSwitchStatement(parent) || ts.isForOfStatement(parent);
  return of && parent.expression === node;
}

function isApart(node: ts.Node): boolean {
  return ts.isFunctionLike(node) || ts.isClassLike(node);
}

/** Does a node call anything by itself? */
function calls(node: ts.Node): boolean {
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)) return true;
  return !isApart(node) && (ts.forEachChild(node, calls) ?? false);
}

/** Does a node mean the same inside a function of its own? It does not with await, return, var, or a jump out of it. */
function isClosed(node: ts.Node): boolean {
  const opens = (one: ts.Node, canBreak: boolean, canContinue: boolean): boolean => {
    if (isApart(one)) return false;
    if (ts.isAwaitExpression(one) || ts.isYieldExpression(one) || ts.isReturnStatement(one)) return true;
    if (ts.isForOfStatement(one) && one.awaitModifier !== undefined) return true;
    if (ts.isVariableDeclarationList(one) && (one.flags & ts.NodeFlags.BlockScoped) === 0) return true;
    if (ts.isBreakStatement(one)) return !canBreak || one.label !== undefined;
    if (ts.isContinueStatement(one)) return !canContinue || one.label !== undefined;
    const isLoop = ts.isIterationStatement(one, false);
    return ts.forEachChild(one, (child) => opens(child, canBreak || isLoop || ts.isSwitchStatement(one), canContinue || isLoop)) ?? false;
  };
  return !opens(node, false, false);
}
