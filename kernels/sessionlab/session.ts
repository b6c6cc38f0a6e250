/**
 * The cells of one notebook, on tslab's converter and executor: compiles a cell, runs it, takes the value of its last
 * expression or its error, and keeps the declarations that later cells are checked against.
 */
import { executionAsyncId } from "node:async_hooks";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import type { Converter, ConvertResult, Diagnostic } from "tslab/dist/converter";
import type { Executor } from "tslab/dist/executor";
import { compileCell, hooksKey, type CellHooks } from "./cell";
import { mergeDeclarations, typedParameters, withoutExports } from "./declarations";
import { installModules, refreshModules } from "./modules";
import * as program from "./program";
import { Interrupted, leaveScopes, type RunningCell, type Runner } from "./running";
import { faultsAbove, installShim } from "./shim";
import { CompileError, positions, propertyOf, register, type Fault } from "./trace";

/** How a cell ended. */
export type Outcome = { readonly status: "ok"; readonly value: unknown } | { readonly status: "error"; readonly error: unknown };

export class Session {
  readonly #runner: Runner;
  readonly #cwd: string;
  readonly #converter: Converter;
  readonly #executor: Executor;
  readonly #scope: Record<string, unknown> = {};
  #declarations = "";
  /** Of the cell that runs: how it is called, what it declares, its last value, what the executor said of an error. */
  #name = "";
  #title = "";
  #converted: ConvertResult | undefined;
  #assigned = new Set<string>();
  #value: unknown;
  #thrown: { readonly error: unknown } | undefined;
  /** Called with the source of each cell before it runs. */
  beforeRun: (source: string) => Promise<void> = () => Promise.resolve();

  constructor(runner: Runner, cwd: string) {
    this.#runner = runner;
    this.#cwd = cwd;
    installShim();
    installModules();
    const { createConverter } = require("tslab/dist/converter.js") as typeof import("tslab/dist/converter");
    const { createExecutor } = require("tslab/dist/executor.js") as typeof import("tslab/dist/executor");
    this.#converter = createConverter();
    const mine: Converter = { ...this.#converter, convert: (_declarations, source) => this.#convert(source) };
    const converters = { node: mine, browser: mine, close: () => this.#converter.close() };
    this.#executor = createExecutor(cwd, converters, {
      log: () => undefined, // the value comes through the hooks
      error: (...said: readonly unknown[]) => void (this.#thrown ??= { error: said.length === 1 ? said[0] : new Error(moduleFault(said)) }),
    });
    runner.onInterrupt = () => this.#executor.interrupt();
    const hooks: CellHooks = {
      scope: this.#scope,
      def: (name, get, set) => {
        this.#assigned.add(name);
        Object.defineProperty(this.#scope, name, { get, set, enumerable: true, configurable: true });
      },
      tick: () => runner.tick(),
      call: (work) => runner.call(work),
      last: (value) => void (this.#value = value),
      meta: { dirname: cwd, filename: join(cwd, "notebook.ts"), url: pathToFileURL(join(cwd, "notebook.ts")).href },
    };
    (globalThis as Record<symbol, unknown>)[Symbol.for(hooksKey)] = hooks;
  }

  /** Compiles a first cell, so that the first one of the user finds everything warm. */
  warm(): void {
    this.#name = "warm";
    this.#convert("const warm = [1].map((one) => one + 1); warm");
    this.#runner.interruptible = false;
    this.#declarations = "";
  }

  /** Makes ready what a source mentions, such as the library's types, before somebody waits for it. */
  prepare(source: string): void {
    if (program.mention(source)) this.#converter.inspect(this.#declarations, "0", 0);
  }

  /**
   * Runs a cell to its end.
   * @param name of its code in stack traces; @param title how a traceback calls it
   */
  async run(cell: RunningCell, source: string, name: string, title: string): Promise<Outcome> {
    [this.#name, this.#title] = [name, title];
    [this.#converted, this.#value, this.#thrown] = [undefined, undefined, undefined];
    this.#assigned = new Set();
    refreshModules();
    return this.#runner.run(cell, async () => {
      try {
        await this.beforeRun(source);
        const outer = executionAsyncId();
        const running = this.#executor.execute(source);
        this.#runner.interruptible = false;
        leaveScopes(outer);
        const done = await running;
        if (done && this.#thrown === undefined) await turn(); // promises that nobody awaits have failed by now
        const error = this.#errorOf(cell, done);
        if (error === undefined) {
          if (this.#converted !== undefined) this.#declarations = this.#converted.declOutput ?? "";
          return { status: "ok", value: this.#value };
        }
        this.#keepAssigned();
        return { status: "error", error: error.error };
      } catch (error) {
        this.#keepAssigned();
        return { status: "error", error };
      } finally {
        this.#runner.interruptible = false;
        this.#value = undefined;
        this.#executor.interrupt(); // nothing waits any more; or its one promise would hold what each cell waited for
      }
    });
  }

  #errorOf(cell: RunningCell, done: boolean): { readonly error: unknown } | undefined {
    const { error } = this.#thrown ?? {};
    const bySignal = propertyOf(error, "code") === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
    if (bySignal && !cell.interrupted) cell.interrupt();
    if (cell.interrupted) return { error: new Interrupted() };
    if (cell.failure !== undefined) return cell.failure;
    if (!done || this.#thrown !== undefined) return this.#thrown ?? { error: new Error("the cell failed") };
    for (const reason of cell.rejected.values()) return { error: reason };
    return undefined;
  }

  /** Of a cell that failed, later cells know what it had made by then. */
  #keepAssigned(): void {
    const after = this.#converted?.declOutput;
    if (after !== undefined) this.#declarations = mergeDeclarations(this.#declarations, after, this.#assigned);
  }

  /** What the executor calls to compile. @throws CompileError */
  #convert(source: string): ConvertResult {
    program.mention(source);
    const plain = withoutExports(typedParameters(source, this.#declarations));
    const converted = this.#converter.convert(this.#declarations, plain);
    const faults = [...faultsOf(converted.diagnostics, this.#cwd), ...faultsAbove.map((fault) => faultOf(fault, this.#cwd))];
    if (faults.length > 0) throw new CompileError(faults, source, this.#title);
    const { code, map, original, hasTopLevelAwait } = compileCell(converted.output ?? "", (name) => name in this.#scope);
    const toEmitted = map === undefined ? (line: number, column: number) => ({ line, column: line === 0 ? Math.max(0, column - prologue) : column }) : positions(map);
    const toSource = program.emittedMap === undefined ? undefined : positions(program.emittedMap);
    const lines = code.split("\n").length;
    register(this.#name, {
      title: this.#title,
      source,
      position(line, column) {
        if (line >= lines) return undefined; // the executor's call
        const emitted = toEmitted(line, line === 0 ? Math.max(0, column - executorPrefix(hasTopLevelAwait)) : column);
        const at = emitted === undefined ? undefined : original(emitted.line, emitted.column);
        const found = at === undefined ? undefined : toSource?.(at.line, at.column);
        return found === undefined || found.line < 1 ? undefined : { line: found.line - 1, column: found.column }; // after "export {};"
      },
    });
    this.#converted = converted;
    this.#runner.interruptible = true; // the executor starts it at once
    return { ...converted, output: `${code}\n//# sourceURL=${this.#name}`, hasToplevelAwait: hasTopLevelAwait, lastExpressionVar: undefined };
  }

  complete(source: string, position: number): ReturnType<Converter["complete"]> {
    program.mention(source);
    return this.#converter.complete(this.#declarations, source, position);
  }

  inspect(source: string, position: number): ReturnType<Converter["inspect"]> | undefined {
    program.mention(source);
    return this.#converter.inspect(this.#declarations, source, position);
  }
}

/** `"use strict"; ` */
const prologue = 14;

/** What the executor writes before the code, on its first line. */
function executorPrefix(isAsync: boolean): number {
  return isAsync ? "(async function(exports, require) { ".length : "(function(exports, require) { ".length;
}

/** The converter flattens a message with details into several at one place. */
function faultsOf(diagnostics: readonly Diagnostic[], cwd: string): Fault[] {
  const faults: Fault[] = [];
  for (const { start, end, messageText, code, fileName } of diagnostics) {
    const last = faults.at(-1);
    const sameLine = start.line === end.line;
    const fault = { line: start.line, column: start.character, length: sameLine ? end.character - start.character : Infinity, text: messageText, code, file: fileName, source: fileName === undefined ? undefined : ts.sys.readFile(join(cwd, fileName)) };
    const isDetail = last !== undefined && last.line === fault.line && last.column === fault.column && last.length === fault.length && last.file === fault.file;
    if (isDetail) faults[faults.length - 1] = { ...last, text: `${last.text}\n  ${messageText}` };
    else faults.push(fault);
  }
  return faults;
}

/** A fault in a module above the notebook. */
function faultOf({ file, start, length, messageText, code }: ts.DiagnosticWithLocation, cwd: string): Fault {
  const { line, character: column } = file.getLineAndCharacterOfPosition(start);
  return { line, column, length, text: ts.flattenDiagnosticMessageText(messageText, "\n"), code, file: relative(cwd, file.fileName), source: file.text };
}

/** What the executor says of a fault in a @module cell: a format, file, line, column, text. */
function moduleFault([, file, line, column, text]: readonly unknown[]): string {
  return `${String(file)}${String(line)}:${String(column)} - ${String(text)}`;
}

/** One turn of the event loop, whatever cells do to timers. */
const { setImmediate: nextTurn } = globalThis;
function turn(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}
