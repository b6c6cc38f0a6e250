/**
 * Encoding the texts of items, as tasks: shards of the distinct texts, cut alike by whoever has the data and these settings. Their
 * rows go into the cache of rows, and to the step cache's store where there is one: whoever needs the vectors then encodes nothing.
 */
import { ConfigError } from "../../core/errors";
import { defaultCache } from "../../core/step";
import type { DatasetName } from "../../data/catalog";
import { blockTexts, encodeRows } from "../../text/encode-rows";
import { openEncoder } from "../../text/open-encoder";
import { openRowCache } from "../../text/row-cache";
import type { ExperimentSettings } from "../experiment";
import type { Grid, Task } from "../grid";
import { loadPersonaTexts, personaDataDefaults, type OwnFiles, type PersonaDataOptions } from "./data";

/** What is encoded. JSON. */
export interface TextsExperiment {
  readonly source: DatasetName | OwnFiles;
  /** The cut of sessions that says which items there are, the encoder and the template; defaults as the persona experiment's. */
  readonly world?: Partial<PersonaDataOptions>;
  /** The folder of the step cache; default `defaultCache()`. */
  readonly cache?: string;
}

/** Texts of a task: some seconds' work. */
const shardTexts = 4 * blockTexts;

/**
 * Opens the tasks. Their rows are those of one process, to the bit: a shard begins at one of its blocks, because the last bits of an
 * encoder may depend on the batch, as those of "use-lite" do.
 * @throws ConfigError where the encoder is a file of vectors; as `loadPersonaTexts` and `openEncoder`
 */
export async function textsGrid({ source, world, cache = defaultCache() }: TextsExperiment, { signal, progress, onStep }: Pick<ExperimentSettings, "signal" | "progress" | "onStep">): Promise<Grid> {
  const options = { ...personaDataDefaults, ...world, signal, progress };
  const texts = await loadPersonaTexts(source, options);
  const encoder = await openEncoder(options.encoder, options);
  if (!("encode" in encoder)) throw new ConfigError(`Expected an encoder of texts, found the vectors of ${options.encoder}; nothing is encoded for them`);
  const rows = openRowCache(cache, encoder);
  const shards = new Map<string, readonly string[]>();
  for (let from = 0; from < texts.length; from += shardTexts) {
    const shard = texts.slice(from, from + shardTexts);
    shards.set(`texts ${count(from + 1)} to ${count(from + shard.length)} of ${count(texts.length)}`, shard);
  }
  return {
    tasks: [...shards.keys()].map((id): Task => ({ id, kind: "encode", arm: encoder.id, seed: 1, needs: [] })),
    isDone(task) {
      rows.refresh();
      return shards.get(task.id)!.every((text) => rows.get(text) !== undefined);
    },
    async run(task) {
      const shard = shards.get(task.id)!;
      rows.refresh();
      const lacking = shard.filter((text) => rows.get(text) === undefined).length;
      const encoded = await encodeRows(shard, encoder, rows, { cache, share: true, signal, progress });
      if (lacking > 0) onStep?.(`${task.id}: ${count(encoded)} encoded, ${count(shard.length - encoded)} kept before`);
    },
    close: () => Promise.resolve(encoder.dispose()),
  };
}

function count(texts: number): string {
  return texts.toLocaleString("en");
}
