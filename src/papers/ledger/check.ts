/**
 * Whether a folder of results is as it was written, and whether what was published agrees with it. A file's own check says that it was changed;
 * what follows from its parts says where, also for one whose check was made anew: its name, its metrics by its ranks, its groups of cases,
 * the runs that were frozen, and the ids and numbers on the project's pages.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { hashOfJson } from "../../core/hash";
import { meanMetrics } from "../../evaluation/metrics";
import { unpackRanks } from "../../evaluation/packed-ranks";
import { parsePassport, passportKey, type Passport } from "../../evaluation/passport";
import type { RankCounts } from "../../evaluation/ranks";
import { readCaseGroups, type CaseGroups } from "../case-groups";
import { meanRates, unpackCounts } from "../online/rates";
import { resultName, type Result, type ResultPart } from "../results";
import type { Confirmation, Frozen } from "../sealed";
import { publishedFaults } from "./published";
import type { Page } from "../pages";

/** One thing that is not as it was written. */
export interface ResultFault {
  /** From the folder of results; a page, "README.md", for what was published. */
  readonly file: string;
  /** "test.metrics.NDCG@10"; "file name"; "check" */
  readonly field: string;
  readonly fault: string;
}

/** A file of the folder, parsed. */
interface Parsed {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Everything in a folder of results that is not as it was written.
 * @param pages where results are published, held against them; none: that is not checked
 * @returns none if all is well
 * @example
 * import { resultFaults } from "sessionlab";
 * assert.deepEqual(resultFaults("no such folder"), []);
 */
export function resultFaults(folder: string, pages: readonly Page[] = []): readonly ResultFault[] {
  if (!existsSync(folder)) return [];
  const faults: ResultFault[] = [];
  const files: Parsed[] = [];
  for (const file of jsonFiles(folder)) {
    try {
      files.push({ file, value: JSON.parse(readFileSync(join(folder, file), "utf8")) as Parsed["value"] });
    } catch {
      faults.push({ file, field: "all of it", fault: "is no JSON" });
    }
  }
  for (const one of files) faults.push(...checkFaults(one));
  const results = files.filter(({ file, value }) => !file.includes("/") && typeof value["passport"] === "object");
  for (const { file, value } of results) faults.push(...guarded(file, () => oneResult(folder, file, value as unknown as Result & Extras)));
  for (const { file, value } of files.filter((one) => dirname(one.file) === "confirm")) faults.push(...guarded(file, () => sealedFaults(folder, file, value as unknown as Confirmation)));
  for (const { file, value } of files.filter((one) => dirname(one.file) === "frozen")) faults.push(...guarded(file, () => frozenFaults(file, value as unknown as Frozen<FrozenRuns>, results)));
  faults.push(...pages.flatMap((page) => idFaults(page, files)));
  if (faults.length === 0) faults.push(...publishedFaults(folder, pages)); // from results that are whole
  return faults;
}

/** JSON files, with their folder, by name; the counts of readings are counted up by hand of the program and carry no check. */
function jsonFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".json") && file !== "readings.json").sort();
}

/** What was written before files had a check of their own: by hash of the contents. */
const olderFiles: Readonly<Record<string, string>> = { "searches/hdgi-acm3025.json": "24cbe054cb831158355a3028546d1d1782ed25705527c3f3d1aac95494b57a45" };

function checkFaults({ file, value }: Parsed): readonly ResultFault[] {
  if (value["check"] === undefined && olderFiles[file] === hashOfJson(value)) return [];
  return value["check"] === hashOfJson(withoutCheck(value)) ? [] : [{ file, field: "check", fault: "is not that of the file's contents: they were changed after they were written" }];
}

/** What reading a file throws is a fault of it. */
function guarded(file: string, faults: () => readonly ResultFault[]): readonly ResultFault[] {
  try {
    return faults();
  } catch (error) {
    return [{ file, field: "all of it", fault: (error as Error).message }];
  }
}

/** What some experiments' files hold beside a result. */
interface Extras {
  readonly ranks?: string;
  readonly counts?: Readonly<Record<"valid" | "test", Readonly<Record<string, string>>>>;
}

function oneResult(folder: string, file: string, result: Result & Extras): readonly ResultFault[] {
  const { passport, seed, test, ranks, counts } = result;
  parsePassport(JSON.stringify(passport), file);
  const name = `${resultName(result)}.json`;
  const groups = readGroups(folder, `${result.paper}-${result.dataset}`, "test");
  return [
    ...(name === file ? [] : [{ file, field: "file name", fault: `is that of ${file.replace(/\.json$/, "")}, and the result is ${resultName(result)}` }]),
    ...(passport.seeds.length > 1 || passport.seeds[0] === seed || passport.seeds.length === 0 ? [] : [{ file, field: "passport.seeds", fault: `says ${passport.seeds.join()}, and the result has seed ${seed}` }]),
    ...(ranks === undefined ? [] : partFaults(file, "test", test, ranks, passport, groups)),
    ...(counts === undefined ? [] : countFaults(file, result, counts)),
  ];
}

function readGroups(folder: string, experiment: string, role: "test" | "confirm"): CaseGroups | undefined {
  try {
    return readCaseGroups(folder, experiment, role);
  } catch {
    return undefined; // its own fault is found with its check
  }
}

/** Metrics by the ranks: over all cases, over seen targets, and by popularity where the groups of the cases are there. */
function partFaults(file: string, field: string, part: ResultPart, packed: string, { ks, ties }: Pick<Passport, "ks" | "ties">, groups: CaseGroups | undefined): readonly ResultFault[] {
  let ranks: RankCounts;
  try {
    ranks = unpackRanks(packed, part.cases);
  } catch (error) {
    return [{ file, field: field === "test" ? "ranks" : `${field}.ranks`, fault: (error as Error).message }];
  }
  if (ties === "popularity") return []; // that rule looks at what ranks do not hold
  const seen = Int32Array.from(ranks.equal.keys()).filter((c) => ranks.equal[c]! > 0);
  const compared: (readonly [path: string, stored: Readonly<Record<string, number>>, cases?: Int32Array])[] = [
    [`${field}.metrics`, part.metrics],
    [`${field}.overSeen.metrics`, part.overSeen.metrics, seen],
  ];
  const popularity = part.strata.filter(({ by, name }) => by === "popularity" && (name === "tail" || name === "head"));
  if (groups !== undefined && groups.hash === part.hash && popularity.length === 2) {
    const less = new Set(groups.lessPopular);
    compared.push([`${field}.strata.tail`, popularity.find(({ name }) => name === "tail")!.metrics, groups.lessPopular], [`${field}.strata.head`, popularity.find(({ name }) => name === "head")!.metrics, seen.filter((c) => !less.has(c))]);
  }
  return compared.flatMap(([path, stored, cases]) => differing(file, path, stored, meanMetrics(ranks, ks, ties, cases), "its ranks"));
}

/** Stored numbers that are not those computed; numbers that cannot be computed are left. */
function differing(file: string, path: string, stored: Readonly<Record<string, number>>, computed: Readonly<Record<string, number>>, by: string): readonly ResultFault[] {
  return Object.entries(computed).flatMap(([name, value]) => {
    const found = stored[name];
    return found !== undefined && Math.abs(found - value) <= 1e-9 ? [] : [{ file, field: `${path}.${name}`, fault: `is ${found}, and by ${by} ${value}` }];
  });
}

/** Rates of the simulated worlds by what was counted. */
function countFaults(file: string, result: Result, counts: NonNullable<Extras["counts"]>): readonly ResultFault[] {
  const { slots } = result.passport.options["world"] as { readonly slots: number };
  return (["valid", "test"] as const).flatMap((role) => differing(file, `${role}.metrics`, result[role].metrics, meanRates(unpackCounts(counts[role]["logged"]!, result[role].cases), slots), "its counts"));
}

/** The sealed runs by their ranks, and what was frozen. */
function sealedFaults(folder: string, file: string, { experiment, frozen, rows }: Confirmation): readonly ResultFault[] {
  const frozenFile = join(folder, "frozen", basename(file));
  const known = existsSync(frozenFile) ? withoutCheck(JSON.parse(readFileSync(frozenFile, "utf8")) as Parsed["value"]) : {};
  const groups = readGroups(folder, experiment, "confirm");
  const measure = { ks: [10, 20, 100], ties: "expected" } as const;
  return [
    ...(`${experiment}.json` === basename(file) ? [] : [{ file, field: "file name", fault: `is not that of ${experiment}` }]),
    ...(hashOfJson(known) === frozen ? [] : [{ file, field: "frozen", fault: `is not the hash of frozen/${basename(file)}` }]),
    ...rows.flatMap(({ name, runs }) => runs.filter((run) => "ranks" in run).flatMap((run) => {
      const ks = measure.ks.filter((k) => `HR@${k}` in run.metrics);
      return partFaults(file, `rows.${name}.${run.seed}`, run, run.ranks, { ...measure, ks }, groups);
    })),
  ];
}

/** Ids that a page names, and the passports of the files now: whoever edits a passport, and makes its check anew, has another id. */
function idFaults({ file: page, text }: Page, files: readonly Parsed[]): readonly ResultFault[] {
  const keys = new Map(files.filter(({ value }) => typeof value["passport"] === "object").map(({ file, value }) => [nameOf(file, value), { file, key: passportKey(value["passport"] as Passport) }]));
  const maps = files.find(({ file }) => file === "linking/maps.json");
  const ids = new Set(Array.from(text.matchAll(/`([\w.{},-]+@[0-9a-f]{8})`/g), (match) => match[1]!));
  return [...ids].flatMap((id): readonly ResultFault[] => {
    const [name, hash] = id.split("@") as [string, string];
    const [, stem, seeds] = /^(.+)-\{([\d,]+)\}$/.exec(name) ?? [];
    if (name.startsWith("ledger-")) return []; // of rows without results
    if (name === "maps") return maps !== undefined && hashOfJson(withoutCheck(maps.value)).startsWith(hash) ? [] : [{ file: "linking/maps.json", field: "all of it", fault: `is not what ${page} names ${id}` }];
    const names = stem === undefined ? [name] : seeds!.split(",").map((seed) => `${stem}-${seed}`);
    const found = names.map((one) => keys.get(one));
    const missing = names.find((_, at) => found[at] === undefined);
    if (missing !== undefined) return [{ file: `${missing}.json`, field: "file name", fault: `is not there, and ${page} names ${id}` }];
    const own = found.length === 1 && stem === undefined ? found[0]!.key : hashOfJson(found.map((one) => one!.key));
    return own.startsWith(hash) ? [] : [{ file: found.map((one) => one!.file).join(", "), field: "passport", fault: `is not the one that ${page} names: ${id}` }];
  });
}

/** As tables name it. */
function nameOf(file: string, value: Parsed["value"]): string {
  if (file === "response/simulator.json") return "response-simulator";
  return dirname(file) === "diffusion" ? String(value["experiment"]) : file.replace(/\.json$/, "");
}

function withoutCheck({ check: _check, ...value }: Parsed["value"]): object {
  return value;
}

interface FrozenRuns {
  readonly arm: string;
  readonly form?: string;
  readonly runs: readonly string[];
}

/** Runs that were frozen are those of the results, by their passports. */
function frozenFaults(file: string, { experiment, proposed, against }: Frozen<FrozenRuns>, results: readonly Parsed[]): readonly ResultFault[] {
  const keys = new Set(results.filter((one) => one.file.startsWith(`${experiment}-`) || one.file.startsWith(experiment.replace(/^counterfactual-online-/, "counterfactual-online-biased-"))).map(({ value }) => passportKey(value["passport"] as Passport)));
  return [proposed, ...against].flatMap(({ arm, form, runs }) => (runs.every((key) => keys.has(key)) ? [] : [{ file, field: `runs of ${arm}${form === undefined || form === "alone" ? "" : `-${form}`}`, fault: "are not those in results: a passport was changed, or a file is missing" }]));
}
