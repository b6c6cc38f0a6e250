/** Kernels for tests, on the sources as they are, and what they published in a form that is easy to compare. */
import type { Execution } from "../../kernels/sessionlab/client";
import { KernelClient, type StartOptions } from "../../kernels/sessionlab/client";
import { lazyFolder } from "../scratch";

/** One kernel for a suite, in a folder of its own. `kernel()` starts it when it is first asked for. */
export function suiteKernel(options: StartOptions = {}): { kernel(): Promise<KernelClient>; folder(): string } {
  const { folder, remove } = lazyFolder();
  let started: Promise<KernelClient> | undefined;
  after(async () => {
    await (await started)?.shutdown();
    remove();
  });
  return { kernel: () => (started ??= KernelClient.start({ cwd: folder(), ...options, env: withoutHistory(options.env) })), folder };
}

/** A kernel for one test, ended after it. */
export async function withKernel<T>(options: StartOptions, work: (kernel: KernelClient) => Promise<T>): Promise<T> {
  const kernel = await KernelClient.start({ ...options, env: withoutHistory(options.env) });
  try {
    return await work(kernel);
  } finally {
    await kernel.kill(); // one that ended by itself has sockets on this side all the same
  }
}

/** Tests keep nothing in the user's history. */
function withoutHistory(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { SESSIONLAB_KERNEL_HISTORY: "", ...env };
}

/** The text of an execution's result; undefined if it has none. */
export function resultOf({ outputs }: Execution): unknown {
  const result = outputs.find(({ header }) => header.msg_type === "execute_result");
  return (result?.content["data"] as Record<string, unknown> | undefined)?.["text/plain"];
}

/** What was printed, in order: neighbours of one stream are one. */
export function printedBy({ outputs }: Execution): { name: unknown; text: string }[] {
  const printed: { name: unknown; text: string }[] = [];
  for (const { header, content } of outputs) {
    if (header.msg_type !== "stream") continue;
    const last = printed.at(-1);
    if (last?.name === content["name"]) last!.text += String(content["text"]);
    else printed.push({ name: content["name"], text: String(content["text"]) });
  }
  return printed;
}

/** The types of what was published, in order. */
export function typesOf({ outputs }: Execution): string[] {
  return outputs.map(({ header }) => header.msg_type);
}

/** The traceback of an error, without colours. */
export function tracebackOf({ reply }: Execution): string {
  return plain((reply["traceback"] as string[]).join("\n"));
}

export function plain(text: string): string {
  return text.replace(/\x1b\[\d+m/g, "");
}
