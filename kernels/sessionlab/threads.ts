/**
 * What the kernel's threads say to each other. User code runs on the main thread, and may keep it busy for hours; the
 * sockets are on a thread of their own, so that output, heartbeats, interrupts and shutdown never wait for it.
 */
import type { Connection } from "./connection";
import type { Header, Message } from "./wire";

/** What the socket thread starts with. */
export interface ServerData {
  readonly connection: Connection;
  readonly ring: SharedArrayBuffer;
  readonly flags: SharedArrayBuffer;
  readonly input: SharedArrayBuffer;
  readonly session: string;
  /** Whose end is the kernel's end; 0: nobody's. */
  readonly parentPid: number;
}

/** From the sockets to the main thread. */
export type FromServer =
  | { readonly kind: "bound" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "request"; readonly channel: "shell" | "control"; readonly message: Message; readonly received: number }
  | { readonly kind: "interrupt" }
  | { readonly kind: "shutdown" };

/** A message to send. What was written to the ring before `position` goes first. */
export interface Outgoing {
  readonly kind: "send";
  readonly channel: "shell" | "control" | "stdin" | "iopub";
  readonly type: string;
  readonly identities: readonly Uint8Array[];
  readonly parent: Header | object;
  readonly content: object;
  readonly metadata?: object;
  readonly buffers?: readonly Uint8Array[];
  readonly position: number;
}

/** From the main thread to the sockets. */
export type ToServer =
  | Outgoing
  | { readonly kind: "wake" }
  | { readonly kind: "parent"; readonly id: number; readonly header: Header | object }
  | { readonly kind: "ready"; readonly info: object }
  | { readonly kind: "close" };

/** Places in `flags`. */
export const flag = {
  /** 1: somebody asked for the running cell to stop. */
  interrupt: 0,
  /** 1: the main thread runs code that SIGINT itself stops. */
  interruptible: 1,
  /** Of the input buffer: 0 nothing, 1 an answer is there. */
  input: 2,
} as const;

/** Milliseconds on a clock that all threads share. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
