/**
 * ACM3025, the benchmark of HAN and HDGI: 3,025 papers in three classes, 1,870 words, papers of one author
 * (paper-author-paper, 13,128 pairs), papers of one subject (paper-subject-paper, kept as who is in which group: 2.2 million
 * pairs otherwise), and the split of HAN's release. From WWW2020-O2MAC at f663628e, data/ACM3025.mat.
 * Departs: adjacencies are binary, as that file has them, not counts of authors.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../core/errors";
import { readDelimited } from "../data/delimited";
import { sharedData } from "../data/store";
import { sparseFrom } from "../tensor/sparse";
import { personaGraph, rowNormalised } from "./graph";
import type { LabelledGraph } from "./labelled";

const files = { papers: "papers.tsv.gz", features: "features_nonzero.tsv.gz", pairs: "pap_edges_upper.tsv.gz" } as const;

/** The folder of the files: below SESSIONLAB_DATA, or ../shared/data. */
export function acmFolder(): string {
  return join(sharedData(), "hdgi", "acm3025");
}

/** Whether the files are there. */
export function hasAcm3025(folder = acmFolder()): boolean {
  return Object.values(files).every((name) => existsSync(join(folder, name)));
}

/**
 * Reads the set; rows of features add up to 1.
 * @throws ConfigError where a file is missing; DataError for one that is not as it was
 * @example
 * import { readAcm3025 } from "sessionlab";
 * await assert.rejects(readAcm3025("/tmp/no-such-folder"), /papers.tsv.gz/);
 */
export async function readAcm3025(folder = acmFolder()): Promise<LabelledGraph> {
  const missing = Object.values(files).find((name) => !existsSync(join(folder, name)));
  if (missing !== undefined) throw new ConfigError(`Expected ${missing} in ${folder}, found none; put ACM3025's three tables there, or name another folder of data by SESSIONLAB_DATA`);
  const papers = await numbers(join(folder, files.papers), 3);
  const splits = await texts(join(folder, files.papers), 3);
  const cells = await numbers(join(folder, files.features), 2);
  const pairs = await numbers(join(folder, files.pairs), 2);
  const count = papers.length;
  const group = papers.map(([, , subject]) => subject!);
  const features = sparseFrom(count, cells.reduce((most, [, word]) => Math.max(most, word!), 0) + 1, cells.map(([paper]) => paper!), cells.map(([, word]) => word!));
  const graph = personaGraph(papers.map(([paper]) => String(paper)), rowNormalised(features), [
    { name: "paper-author-paper", matrix: sparseFrom(count, count, pairs.flatMap(([a, b]) => [a!, b!]), pairs.flatMap(([a, b]) => [b!, a!])) },
    { name: "paper-subject-paper", factor: sparseFrom(count, Math.max(...group) + 1, group.map((_, n) => n), group) },
  ]);
  const part = (name: string): Int32Array => Int32Array.from(splits.keys()).filter((paper) => splits[paper] === name);
  const labels = Int32Array.from(papers, ([, label]) => label!);
  return { graph, classes: ["0", "1", "2"], labels, split: { train: part("train"), valid: part("val"), test: part("test") } };
}

/** The first columns of a table as numbers. */
async function numbers(file: string, columns: number): Promise<number[][]> {
  const rows: number[][] = [];
  await readDelimited(file, (row) => {
    if ("fault" in row) throw new DataError(`Expected a row, found ${row.fault}`, { file, line: row.line });
    rows.push(row.fields.slice(0, columns).map(Number));
  });
  const wrong = rows.slice(1).findIndex((row) => row.length < columns || !row.every((value) => Number.isInteger(value) && value >= 0));
  if (wrong >= 0) throw new DataError("Expected whole numbers, found something else; fetch the file again", { file, line: wrong + 2 });
  return rows.slice(1);
}

/** One column of a table. */
async function texts(file: string, column: number): Promise<string[]> {
  const found: string[] = [];
  await readDelimited(file, (row) => void found.push("fields" in row ? row.fields[column]! : ""));
  return found.slice(1);
}
