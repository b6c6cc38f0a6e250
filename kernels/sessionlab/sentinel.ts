/**
 * Notices SIGINT while the main thread is in a loop. Node delivers signals through the main thread's event loop, but code
 * that vm runs with `breakOnSigint` is ended by a thread of Node's own: here a thread that does nothing but wait, inside
 * such code, and says so each time it is ended. Code of the main thread that runs with `breakOnSigint` itself comes first.
 */
import { parentPort, workerData } from "node:worker_threads";
import { runInThisContext } from "node:vm";
import { flag } from "./threads";

const flags = new Int32Array((workerData as { readonly flags: SharedArrayBuffer }).flags);
const never = new Int32Array(new SharedArrayBuffer(4));

function tell(): void {
  Atomics.store(flags, flag.interrupt, 1);
  parentPort!.postMessage("interrupt");
}

const scope = globalThis as unknown as { watch: () => void; wait: () => void };
scope.wait = () => void Atomics.wait(never, 0, 0);
scope.watch = () => {
  for (;;) {
    try {
      runInThisContext("wait()", { breakOnSigint: true });
    } catch {
      // The one that came last is told: hand it on if the main thread's code could have been ended.
      if (Atomics.load(flags, flag.interruptible) === 1) process.kill(process.pid, "SIGINT");
      else tell();
    }
  }
};
for (;;) {
  try {
    runInThisContext("watch()", { breakOnSigint: true }); // keeps Node's thread and its handler in place while the inner one starts again
  } catch {
    tell();
  }
}
