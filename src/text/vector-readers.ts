/** The forms in which vectors of items lie about, each read into a table by id. */
import { existsSync, readFileSync } from "node:fs";
import { ConfigError, DataError, throwIfAborted } from "../core/errors";
import { decodeSafetensors } from "../core/safetensors";
import { readLines } from "../data/lines";
import { quote, withDuckDB } from "../data/store";
import type { VectorSource } from "./encoder";
import { readNpy } from "./npy";
import { VectorTable } from "./vector-table";

interface ReaderOptions {
  readonly ids: string | undefined;
  readonly idColumn: string | undefined;
  readonly vectorColumn: string | undefined;
}

/** What was read; `made` says by what, if the file says so. */
interface Read {
  readonly table: VectorTable;
  readonly made?: { readonly encoder: string; readonly recipe: VectorSource["recipe"] };
}

type Reader = (file: string, options: ReaderOptions, signal: AbortSignal | undefined) => Promise<Read>;

/** A matrix of numpy, and its ids. */
export const readNpyTable: Reader = async (file, options, signal) => {
  const { shape: [count, dimension], data } = readNpy(file);
  return { table: tableOf(file, await idsOf(file, options, count, signal), data, dimension) };
};

/** The only matrix of a safetensors file; ids from its metadata where `writeVectors` wrote it. */
export const readSafetensorsTable: Reader = async (file, options, signal) => {
  const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
  const matrices = Object.entries(tensors).filter(([, { dtype, shape }]) => /^F(32|64)$/.test(dtype) && shape.length === 2);
  if (matrices.length !== 1) {
    throw new DataError(`Expected one matrix of float32 or float64, found ${matrices.length === 0 ? "none" : matrices.map(([name]) => name).join(", ")}; save the vectors alone`, { file });
  }
  const { shape, data } = matrices[0]![1];
  const [count, dimension] = shape as [number, number];
  const own = options.ids === undefined ? parsed<readonly string[]>(metadata["ids"], file) : undefined;
  if (own !== undefined && own.length !== count) throw new DataError(`Expected ${count} ids, one a row, found ${own.length}; the file is damaged`, { file, field: "ids" });
  const card = parsed<NonNullable<Read["made"]> & { readonly template: { readonly text: string }; readonly normalisation: string; readonly revision: string }>(metadata["card"], file);
  const made = card && { encoder: card.encoder, recipe: { ...card.recipe, "made by": card.revision, "made of": card.template.text, "normalised": card.normalisation } };
  return { table: tableOf(file, own ?? (await idsOf(file, options, count, signal)), data as Float32Array, dimension), made };
};

function parsed<T>(text: string | undefined, file: string): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new DataError("Expected JSON in the metadata, found something else; write the file again", { file }, { cause });
  }
}

function tableOf(file: string, ids: readonly string[], data: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> }, dimension: number): VectorTable {
  const table = new VectorTable(file);
  ids.forEach((id, row) => table.add(id, data.subarray(row * dimension, (row + 1) * dimension), { row: `row ${row + 1}` }));
  return table;
}

/** The file of ids that goes with a matrix. */
async function idsOf(file: string, { ids: given }: ReaderOptions, count: number, signal: AbortSignal | undefined): Promise<string[]> {
  const usual = [file.replace(/\.[^./\\]+$/, ".ids"), `${file}.ids`];
  const path = given ?? usual.find((one) => one !== file && existsSync(one));
  if (path === undefined) throw new ConfigError(`Expected a file with the ids of the rows of ${file}, one a line, found no ${usual.join(" and no ")}; write it there, or name it by the option ids`);
  const ids: string[] = [];
  for await (const { lines } of readLines(path, signal)) ids.push(...lines);
  while (ids.at(-1) === "") ids.pop();
  if (ids.length !== count) throw new DataError(`Expected ${count} ids, as many as ${file} has rows, found ${ids.length}; one a line`, { file: path });
  return ids;
}

const usualIds = ["item", "item_id", "itemid", "iid", "id", "asin", "parent_asin"];
const listOfNumbers = /^(FLOAT|DOUBLE|DECIMAL\([^)]*\)|(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?))\[\d*\]$/;

/** A column of ids and one of lists. */
export const readParquetTable: Reader = async (file, options, signal) => {
  const table = new VectorTable(file);
  await withDuckDB(async (connection) => {
    const source = `read_parquet(${quote(file)})`;
    const [names, types] = await described(connection, source, file);
    const known = names.join(", ");
    const column = (wanted: string | undefined, what: string, option: string, guesses: readonly string[]): string => {
      if (wanted !== undefined && !names.includes(wanted)) throw new ConfigError(`Expected ${option} to be a column of ${file} (${known}), found "${wanted}"`);
      const found = wanted ?? (guesses.length === 1 ? guesses[0] : undefined);
      if (found === undefined) throw new ConfigError(`Expected one column of ${what} in ${file}, found ${guesses.length === 0 ? "none" : guesses.join(", ")} among ${known}; name it by the option ${option}`);
      return found;
    };
    const vector = column(options.vectorColumn, "vectors", "vectorColumn", names.filter((_, n) => listOfNumbers.test(types[n]!)));
    const others = names.filter((name) => name !== vector);
    const id = column(options.idColumn, "ids", "idColumn", others.length === 1 ? others : others.filter((name) => usualIds.includes(name.toLowerCase())));
    const name = (one: string): string => `"${one.replaceAll('"', '""')}"`;
    let result;
    try {
      result = await connection.stream(`select coalesce(${name(id)}::varchar, ''), ${name(vector)}::double[] from ${source}`);
    } catch (cause) {
      throw new DataError(`Expected lists of numbers in the column ${vector}, found ${(cause as Error).message.split("\n")[0]}; name the right one by the option vectorColumn`, { file }, { cause });
    }
    for (let chunk = await result.fetchChunk(), row = 0; chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      throwIfAborted(signal, `read ${file}`);
      const [ids, lists] = [chunk.getColumnVector(0), chunk.getColumnVector(1)];
      for (let n = 0; n < chunk.rowCount; n++) {
        row++;
        const list = lists.getItem(n) as { readonly items: readonly (number | null)[] } | null;
        table.add(ids.getItem(n) as string, (list?.items ?? []).map((value) => value ?? NaN), { row: `row ${row}` });
      }
    }
  });
  return { table };
};

async function described(connection: Parameters<Parameters<typeof withDuckDB>[0]>[0], source: string, file: string): Promise<[names: string[], types: string[]]> {
  try {
    return (await connection.runAndReadAll(`describe select * from ${source}`)).getColumns() as [string[], string[]];
  } catch (cause) {
    throw new DataError(`Expected a Parquet file, found one that cannot be read: ${(cause as Error).message.split("\n")[0]}; write it again`, { file }, { cause });
  }
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const whole = /^\d+$/;

/** A row an item: its id, then its numbers; a header is passed over, and word2vec's is held against the rows. */
export const readTextTable: Reader = async (file, _options, signal) => {
  const table = new VectorTable(file);
  let separator: string | undefined;
  let first: readonly string[] | undefined; // of a line 1 that may be word2vec's header
  let announced: readonly string[] | undefined;
  const take = ([id, ...values]: readonly string[], line: number): void => {
    const numbers = values.map((value, n) => {
      if (!number.test(value)) throw new DataError(`Expected a number, found "${value.slice(0, 40)}" for "${id}"; mend the row, or leave the item out`, { file, line, field: `number ${n + 1}` });
      return Number(value);
    });
    table.add(id!, numbers, { line });
  };
  for await (const { first: from, lines } of readLines(file, signal)) {
    for (const [n, text] of lines.entries()) {
      const line = from + n;
      if (text === "") continue;
      separator ??= text.includes("\t") ? "\t" : text.includes(",") ? "," : " ";
      const fields = fieldsOf(text, separator);
      if (line === 1 && fields.slice(1).every((value) => !number.test(value))) continue; // names of columns
      if (line === 1 && separator === " " && fields.length === 2 && fields.every((value) => whole.test(value))) {
        first = fields;
        continue;
      }
      if (first !== undefined && announced === undefined) {
        if (fields.length === 2) take(first, 1); // vectors of one number
        announced = fields.length === 2 ? [] : first;
      }
      take(fields, line);
    }
  }
  const [count, dimension] = announced ?? [];
  if (count === undefined) return { table };
  const { ids, dimension: found } = table.finish();
  if (Number(count) !== ids.length || Number(dimension) !== found) {
    throw new DataError(`Expected ${count} vectors of ${dimension} numbers, as line 1 says, found ${ids.length} of ${found}; the file is cut, or line 1 is wrong`, { file, line: 1 });
  }
  return { table };
};

/** The id, and the numbers: after a tab they may stand with spaces between, as RecBole has them. */
function fieldsOf(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  if (at < 0) return [text.trim()];
  const rest = text.slice(at + 1).trim();
  const inner = separator === "\t" ? /[\t ]+/ : separator === "," ? /\s*,\s*/ : / +/;
  return [text.slice(0, at), ...(rest === "" ? [] : rest.split(inner))];
}
