/**
 * An error as a value in a notebook: name, message and the lines of the stack that are the reader's own. The kernel
 * shows a thrown one by the protocol's own message, and knows the lines of its cells better than their stack does.
 */
import { types } from "node:util";
import { escapeHtml } from "./formats";
import type { MimeBundle, Renderer } from "./mime";
import { clip } from "./panel";

/** Lines of a stack that say nothing about the reader's code: Node's own, and the machinery that runs cells. */
const machinery = /\(node:|at node:|node_modules[\\/](tslab|@tslab|tsx|mocha)[\\/]|kernels[\\/]sessionlab[\\/]|<anonymous>$/;

const mostFrames = 12;
const mostCauses = 5;
const longestMessage = 2000;

/** Tells where an error was made, a line each. */
type StackReader = (error: Error) => readonly string[];

/**
 * The lines of a stack, without its message and without what the reader did not write.
 * @returns "at f (file:1:2)" and so on, at most twelve
 */
export function cleanStack(error: { readonly stack?: unknown }): readonly string[] {
  if (typeof error.stack !== "string") return [];
  const frames = error.stack.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("at "));
  return frames.filter((line) => !machinery.test(line)).slice(0, mostFrames);
}

/** An error and what it was caused by, the outermost first. */
function chainOf(error: Error, stackOf: StackReader): readonly { readonly name: string; readonly message: string; readonly stack: readonly string[] }[] {
  const errors: Error[] = [];
  for (let one: unknown = error; types.isNativeError(one) && errors.length < mostCauses; one = one.cause) errors.push(one);
  return errors.map((one) => {
    const message = one.message.length > longestMessage ? `${one.message.slice(0, longestMessage)}…` : one.message;
    return { name: clip(one.name, 80), message: message === "" ? "" : `: ${message}`, stack: stackOf(one) };
  });
}

/** @param stackOf by default, what V8 says */
export function errorBundle(error: Error, stackOf: StackReader = cleanStack): MimeBundle {
  const chain = chainOf(error, stackOf);
  const html = chain.map(({ name, message, stack }, at) => {
    const frames = stack.length === 0 ? "" : `<details><summary>where</summary><pre>${escapeHtml(stack.join("\n"))}</pre></details>`;
    return `<div>${at === 0 ? "" : "caused by "}<strong style="color:#b3261e">${escapeHtml(name)}</strong><span style="white-space:pre-wrap">${escapeHtml(message)}</span>${frames}</div>`;
  });
  const plain = chain.map(({ name, message, stack }, at) => [`${at === 0 ? "" : "caused by "}${name}${message}`, ...stack.map((line) => `    ${line}`)].join("\n"));
  return { "text/html": html.join("\n"), "text/plain": plain.join("\n") };
}

/** Errors of any realm. */
export const errorRenderer: Renderer = { matches: types.isNativeError, render: (value) => errorBundle(value as Error) };
