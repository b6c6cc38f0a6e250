/**
 * A graph as a folder that other tools open: nodes.parquet (type, number, id, label), edges.parquet (relation, from_type,
 * to_type, source, target, confidence, count, origin; nodes by their numbers), origins.parquet, and graph.json with the
 * types and relations in order, the graph's hash and checksums. What is read back has the same hash, or the reading throws.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBListValue, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { DataError } from "../core/errors";
import { writeFileAtomic, writeFolderAtomic } from "../core/files";
import { sha256Of } from "../data/checksum";
import { quote, withDuckDB } from "../data/store";
import { graphFrom, KnowledgeGraph, type EdgeList, type NodeTable, type Origin } from "./graph";

const files = ["nodes.parquet", "edges.parquet", "origins.parquet"] as const;

interface GraphNote {
  readonly format: number;
  readonly hash: string;
  readonly nodes: readonly { readonly type: string; readonly count: number; readonly labels: boolean }[];
  readonly relations: readonly { readonly name: string; readonly from: string; readonly to: string; readonly count: number }[];
  readonly files: Readonly<Record<string, string>>;
}

/** Rows of a chunk of DuckDB. */
const chunkRows = 2048;

/**
 * Writes a graph into a folder, whole or not at all.
 * @throws DataError if the disk is full
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { graphFrom, loadGraph, saveGraph } from "sessionlab";
 * const graph = graphFrom([{ type: "item", ids: ["it's \"one\"\n"] }], []);
 * const folder = `${mkdtempSync("/tmp/kg-")}/graph`;
 * await saveGraph(graph, folder);
 * assert.equal((await loadGraph(folder)).hash, graph.hash);
 */
export async function saveGraph(graph: KnowledgeGraph, folder: string): Promise<void> {
  await writeFolderAtomic(folder, async (beside) => {
    await withDuckDB(async (connection) => {
      const api = await import("@duckdb/node-api");
      const write = async (file: string, columns: Readonly<Record<string, DuckDBType>>, rows: Iterable<readonly (readonly DuckDBValue[])[]>): Promise<void> => {
        const names = Object.entries(columns);
        await connection.run(`create table part (${names.map(([name, type]) => `"${name}" ${type.toString()}`).join(", ")})`);
        const appender = await connection.createAppender("part");
        for (const chunk of rows) {
          const data = api.DuckDBDataChunk.create(names.map(([, type]) => type));
          data.setColumns(chunk);
          appender.appendDataChunk(data);
        }
        appender.closeSync();
        await connection.run(`copy part to ${quote(join(beside, file))} (format parquet); drop table part`);
      };
      const { VARCHAR, INTEGER, FLOAT, LIST } = api;
      await write("nodes.parquet", { type: VARCHAR, number: INTEGER, id: VARCHAR, label: VARCHAR }, nodeChunks(graph));
      await write("edges.parquet", { relation: VARCHAR, from_type: VARCHAR, to_type: VARCHAR, source: INTEGER, target: INTEGER, confidence: FLOAT, count: api.BIGINT, origin: INTEGER }, edgeChunks(graph));
      await write("origins.parquet", { number: INTEGER, source: VARCHAR, rule: VARCHAR, version: VARCHAR, through: LIST(VARCHAR) }, originChunks(graph, api.listValue));
    });
    const note: GraphNote = {
      format: 1,
      hash: graph.hash,
      nodes: [...graph.nodes.values()].map(({ type, ids, labels }) => ({ type, count: ids.length, labels: labels !== undefined })),
      relations: graph.relations.map(({ name, from, to, target }) => ({ name, from, to, count: target.length })),
      files: Object.fromEntries(await Promise.all(files.map(async (file) => [file, await sha256Of(join(beside, file))] as const))),
    };
    writeFileAtomic(join(beside, "graph.json"), `${JSON.stringify(note, undefined, 2)}\n`);
  });
}

/** Some rows at a time, as columns. */
function* chunks(length: number, columns: readonly ((row: number) => DuckDBValue)[]): Generator<DuckDBValue[][]> {
  for (let from = 0; from < length; from += chunkRows) {
    const size = Math.min(chunkRows, length - from);
    yield columns.map((column) => Array.from({ length: size }, (_, row) => column(from + row)));
  }
}

function* nodeChunks({ nodes }: KnowledgeGraph): Generator<DuckDBValue[][]> {
  for (const { type, ids, labels } of nodes.values()) yield* chunks(ids.length, [() => type, (n) => n, (n) => ids[n]!, (n) => labels?.[n] ?? null]);
}

function* edgeChunks({ relations }: KnowledgeGraph): Generator<DuckDBValue[][]> {
  for (const { name, from, to, source, target, confidence, count, origin } of relations) {
    yield* chunks(target.length, [() => name, () => from, () => to, (e) => source[e]!, (e) => target[e]!, (e) => confidence[e]!, (e) => BigInt(count[e]!), (e) => origin[e]!]);
  }
}

function originChunks({ origins }: KnowledgeGraph, list: (items: readonly string[]) => DuckDBListValue): Generator<DuckDBValue[][]> {
  return chunks(origins.length, [(n) => n, (n) => origins[n]!.source, (n) => origins[n]!.rule, (n) => origins[n]!.version, (n) => list(origins[n]!.through ?? [])]);
}

/**
 * Reads the folder of a graph.
 * @throws DataError if a file is missing or damaged, or the graph is not the one that was written
 * @example
 * import { loadGraph } from "sessionlab";
 * await assert.rejects(loadGraph("/tmp/no-graph-here"), /Expected the folder of a graph/);
 */
export async function loadGraph(folder: string): Promise<KnowledgeGraph> {
  let graph: KnowledgeGraph;
  let note: GraphNote;
  try {
    note = JSON.parse(readFileSync(join(folder, "graph.json"), "utf8")) as GraphNote;
    for (const file of files) {
      const found = await sha256Of(join(folder, file));
      if (found !== note.files[file]) throw new Error(`${file} with sha256 ${found} where graph.json has ${note.files[file]}`);
    }
    graph = await withDuckDB((connection) => read(connection, folder, note));
  } catch (error) {
    throw new DataError(`Expected the folder of a graph, found ${(error as Error).message}; build it again`, { file: folder }, { cause: error });
  }
  if (graph.hash !== note.hash) throw new DataError(`Expected the graph ${note.hash}, found ${graph.hash}; build it again`, { file: folder });
  return graph;
}

async function read(connection: DuckDBConnection, folder: string, note: GraphNote): Promise<KnowledgeGraph> {
  const columnsOf = async (file: string, select: string, order: string): Promise<readonly (readonly unknown[])[]> => (await connection.runAndReadAll(`select ${select} from ${quote(join(folder, file))} order by ${order}`)).getColumns();
  const [types = [], ids = [], labels = []] = (await columnsOf("nodes.parquet", "type, id, coalesce(label, '')", "type, number")) as [string[], string[], string[]];
  const nodes = note.nodes.map(({ type, count, labels: labelled }): NodeTable => {
    const from = types.indexOf(type);
    const own = count === 0 ? [] : ids.slice(from, from + count);
    return labelled ? { type, ids: own, labels: count === 0 ? [] : labels.slice(from, from + count) } : { type, ids: own };
  });
  const [sources = [], rules = [], versions = [], throughs = []] = (await columnsOf("origins.parquet", "source, rule, version, through", "number")) as [string[], string[], string[], { readonly items: readonly string[] }[]];
  const origins = sources.map((source, n): Origin => ({ source, rule: rules[n]!, version: versions[n]!, ...(throughs[n]!.items.length === 0 ? {} : { through: throughs[n]!.items }) }));
  const edges: EdgeList[] = [];
  for (const { name, from, to } of note.relations) {
    const where = `where relation = ${quote(name)} and from_type = ${quote(from)} and to_type = ${quote(to)}`;
    const result = await connection.runAndReadAll(`select origin, source, target, confidence, count::double from ${quote(join(folder, "edges.parquet"))} ${where} order by origin`);
    const [origin = [], source = [], target = [], confidence = [], count = []] = result.getColumns() as [number[], number[], number[], number[], number[]];
    const columns = { source: Int32Array.from(source), target: Int32Array.from(target), confidence: Float32Array.from(confidence), count: Uint32Array.from(count) };
    const ends = Array.from(origin.keys()).filter((row) => origin[row] !== origin[row + 1]).map((row) => row + 1);
    for (const [n, end] of (ends.length === 0 ? [0] : ends).entries()) {
      const start = ends[n - 1] ?? 0;
      const part = Object.fromEntries(Object.entries(columns).map(([column, values]) => [column, values.subarray(start, end)])) as typeof columns;
      edges.push({ name, from, to, ...part, origin: origins[origin[start] ?? 0]! });
    }
  }
  return withOrigins(graphFrom(nodes, edges), origins);
}

/** The graph with all origins that were written: one that was cut has some that no statement names. */
function withOrigins(graph: KnowledgeGraph, origins: readonly Origin[]): KnowledgeGraph {
  const key = ({ source, rule, version, through }: Origin): string => JSON.stringify([source, rule, version, through ?? []]);
  const place = new Map(origins.map((origin, n) => [key(origin), n]));
  const moved = graph.origins.map((origin) => place.get(key(origin))!);
  return new KnowledgeGraph(graph.nodes, graph.relations.map((relation) => ({ ...relation, origin: relation.origin.map((one) => moved[one]!) })), origins);
}
