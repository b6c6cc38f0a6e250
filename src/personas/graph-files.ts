/**
 * A labelled heterogeneous graph in edge lists: TSV or CSV files with a header, gzip or not.
 *   features: node, column[, value]      edges: one file a relation, its two ends      labels: node, label[, split]
 * Nodes are those that have features, in their order there. A relation is named by the types at its ends ("paper-author"),
 * a meta-path by a sequence of types ("paper-author-paper", "paper-author-field-author-paper"), which reads the same both
 * ways. A file whose name is of three types or more holds the meta-path's pairs themselves.
 */
import { ConfigError, DataError } from "../core/errors";
import { Rng } from "../core/rng";
import { readDelimited } from "../data/delimited";
import { multiply } from "../kg/sparse";
import { sparseFrom, transpose, type SparseMatrix } from "../tensor/sparse";
import { personaGraph, rowNormalised, type PersonaPath } from "./graph";
import type { LabelledGraph } from "./labelled";

/** The files of a graph. */
export interface GraphFiles {
  readonly features: string;
  readonly labels: string;
  /** By "type-type", or "type-...-type" of a whole meta-path; a single type "A" stands for "node-A". */
  readonly edges: Readonly<Record<string, string>>;
  /** Sequences of types; if not given, one for each file: a meta-path itself, or there and back over the relation. */
  readonly paths?: readonly string[];
  /** Whether rows of features are made to add up to 1; default true. */
  readonly rowSum?: boolean;
  /** Of the split where the labels have none: 20 % train, 10 % validation, the rest test. */
  readonly seed?: number;
}

type Rows = readonly { readonly line: number; readonly fields: readonly string[] }[];

/**
 * Reads a labelled graph.
 * @throws DataError with file and line for a row that is none; ConfigError for a meta-path that the relations do not make
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readLabelledGraph } from "sessionlab";
 * const folder = mkdtempSync("/tmp/graph-");
 * const write = (name: string, rows: readonly string[]): string => {
 *   writeFileSync(`${folder}/${name}`, rows.map((row) => `${row.replaceAll(" ", "\t")}\n`).join(""));
 *   return `${folder}/${name}`;
 * };
 * const { graph, labels, classes } = await readLabelledGraph({
 *   features: write("f.tsv", ["paper word", "p1 graph", "p1 deep", "p2 deep", "p3 deep"]),
 *   labels: write("l.tsv", ["paper label split", "p1 ML train", "p2 DB valid", "p3 DB test"]),
 *   edges: { "paper-author": write("a.tsv", ["paper author", "p1 Ann", "p2 Ann"]) },
 * });
 * assert.deepEqual([graph.nodes, classes, Array.from(labels)], [["p1", "p2", "p3"], ["DB", "ML"], [1, 0, 0]]);
 * assert.equal(graph.paths[0]!.name, "paper-author-paper");
 */
export async function readLabelledGraph(files: GraphFiles, signal?: AbortSignal): Promise<LabelledGraph> {
  const cells = await readRows(files.features, [2, 3], signal);
  const [nodes, words] = [new Index(), new Index()];
  const row = cells.map(({ fields }) => nodes.add(fields[0]!));
  const column = cells.map(({ fields }) => words.add(fields[1]!));
  const value = cells.map(({ line, fields }) => (fields[2] === undefined ? 1 : numberOf(fields[2], files.features, line)));
  const matrix = sparseFrom(nodes.size, words.size, row, column, value);
  const relations = await readRelations(files.edges, nodes, signal);
  const asked = files.paths ?? [...relations.keys()].map((name) => defaultPath(name));
  const paths = asked.map((name) => pathOf(name, relations));
  const graph = personaGraph(nodes.names, files.rowSum === false ? matrix : rowNormalised(matrix), paths);
  return { graph, ...labelsOf(await readRows(files.labels, [2, 3], signal), files.labels, nodes, files.seed ?? 1) };
}

/** Names in the order they came. */
class Index {
  readonly names: string[] = [];
  private readonly places = new Map<string, number>();

  get size(): number {
    return this.names.length;
  }

  find(name: string): number | undefined {
    return this.places.get(name);
  }

  add(name: string): number {
    const known = this.places.get(name);
    if (known !== undefined) return known;
    this.places.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

async function readRows(file: string, widths: readonly number[], signal: AbortSignal | undefined): Promise<Rows> {
  const rows: { line: number; fields: readonly string[] }[] = [];
  await readDelimited(
    file,
    (row) => {
      if ("fault" in row) throw new DataError(`Expected a row, found ${row.fault}; mend or remove it`, { file, line: row.line });
      if (!widths.includes(row.fields.length)) throw new DataError(`Expected ${widths.join(" or ")} columns, found ${row.fields.length}; leave the others out`, { file, line: row.line });
      rows.push(row);
    },
    signal,
  );
  return rows.slice(1); // the header
}

function numberOf(text: string, file: string, line: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new DataError(`Expected a number, found "${text}"`, { file, line, field: "value" });
  return value;
}

/** By name; those of a whole meta-path are square, both ways, each pair once. */
type Relations = ReadonlyMap<string, SparseMatrix>;

async function readRelations(edges: GraphFiles["edges"], nodes: Index, signal: AbortSignal | undefined): Promise<Relations> {
  const given = Object.entries(edges).map(([name, file]) => ({ types: name.includes("-") ? name.split("-") : ["node", name], file }));
  if (given.length === 0) throw new ConfigError("Expected the edges of one relation or more, found none");
  const target = given[0]!.types[0]!;
  const indices = new Map<string, Index>([[target, nodes]]);
  const indexOf = (type: string): Index => indices.get(type) ?? indices.set(type, new Index()).get(type)!;
  const read: { name: string; types: readonly string[]; row: number[]; column: number[] }[] = [];
  for (const { types, file } of given) {
    const [from, to] = [types[0]!, types.at(-1)!];
    const ends = (await readRows(file, [2], signal)).map(({ line, fields }) =>
      [from, to].map((type, end) => {
        const place = type === target ? nodes.find(fields[end]!) : indexOf(type).add(fields[end]!);
        if (place === undefined) throw new DataError(`Expected a ${target} that has features, found "${fields[end]}"; give it features or leave the row out`, { file, line });
        return place;
      }),
    );
    read.push({ name: types.join("-"), types, row: ends.map(([a]) => a!), column: ends.map(([, b]) => b!) });
  }
  return new Map(read.map(({ name, types, row, column }) => {
    const [rows, columns] = [indexOf(types[0]!).size, indexOf(types.at(-1)!).size];
    const matrix = types.length > 2 || types[0] === types[1] ? sparseFrom(rows, columns, [...row, ...column], [...column, ...row]) : sparseFrom(rows, columns, row, column);
    return [name, { ...matrix, value: matrix.value.map(() => 1) }]; // a pair counts once, however often a file has it
  }));
}

/** A relation between two types is gone there and back. */
function defaultPath(name: string): string {
  const types = name.split("-");
  return types.length === 2 && types[0] !== types[1] ? `${name}-${types[0]}` : name;
}

function pathOf(name: string, relations: Relations): PersonaPath {
  const whole = relations.get(name);
  if (whole !== undefined && whole.rows === whole.columns) return { name, matrix: whole };
  const types = name.split("-");
  if (types.length < 3 || types.length % 2 === 0 || types.some((type, i) => type !== types.at(-1 - i))) {
    throw new ConfigError(`Expected a meta-path that reads the same both ways, with a type in its middle, found "${name}"; give its pairs as a file of that name`);
  }
  const half = types.slice(0, (types.length + 1) / 2);
  const steps = half.slice(1).map((to, i): SparseMatrix => {
    const [there, back] = [relations.get(`${half[i]}-${to}`), relations.get(`${to}-${half[i]}`)];
    if (there === undefined && back === undefined) throw new ConfigError(`Expected the edges of ${half[i]}-${to} for ${name}, found those of ${[...relations.keys()].join(", ")}`);
    return there ?? transpose(back!);
  });
  return { name, factor: steps.reduce((product, step) => multiply(product, step)) };
}

function labelsOf(rows: Rows, file: string, nodes: Index, seed: number): Omit<LabelledGraph, "graph"> {
  const classes = [...new Set(rows.map(({ fields }) => fields[1]!))].sort();
  const labels = new Int32Array(nodes.size).fill(-1);
  const part: Record<keyof LabelledGraph["split"], number[]> = { train: [], valid: [], test: [] };
  const drawn = new Rng(seed).child("label split").permutation(rows.length);
  rows.forEach(({ line, fields: [node, label, split] }, i) => {
    const place = nodes.find(node!);
    if (place === undefined) throw new DataError(`Expected a node that has features, found "${node}"; give it features or leave the row out`, { file, line });
    if (labels[place] !== -1) throw new DataError(`Expected one label for a node, found "${node}" again`, { file, line });
    labels[place] = classes.indexOf(label!);
    const share = drawn[i]! / rows.length;
    const name = split === undefined ? (share < 0.2 ? "train" : share < 0.3 ? "valid" : "test") : split === "val" ? "valid" : split;
    if (!(name in part)) throw new DataError(`Expected train, valid or test, found "${split}"`, { file, line, field: "split" });
    part[name as keyof typeof part].push(place);
  });
  const empty = (Object.keys(part) as (keyof typeof part)[]).find((name) => part[name].length === 0);
  if (empty !== undefined) throw new DataError(`Expected nodes of train, valid and test, found none of ${empty}`, { file });
  return { classes, labels, split: { train: Int32Array.from(part.train), valid: Int32Array.from(part.valid), test: Int32Array.from(part.test) } };
}
