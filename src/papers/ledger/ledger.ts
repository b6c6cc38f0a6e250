/**
 * The ledger of the papers: every published number or sentence that ours can be set against, beside ours, with the verdict that rules.ts
 * computes from result files. Rows that cannot be attempted stay, and say why.
 */
import { ConfigError } from "../../core/errors";
import { departuresRegister, type Departure } from "../departures";
import type { PaperName } from "../open-choices";
import { claims, ledgerSections, type Claim, type LedgerSection } from "./claims";
import { ledgerVerdicts, type Found, type LedgerVerdict } from "./rules";

/** One row: JSON. */
export interface LedgerRow extends Pick<Claim, "id" | "section" | "source" | "claim" | "published" | "data">, Found {
  /** Departures that bear on it, "models/sasrec.ts: GELU in ...". */
  readonly departures: readonly string[];
  /** What the paper leaves open: how many choices are ours. */
  readonly openChoices?: number;
}

/** The ledger: JSON. */
export interface Ledger {
  readonly rows: readonly LedgerRow[];
  readonly counts: Readonly<Record<LedgerVerdict, number>>;
}

/** Which rows: of one paper and what it stands on, or all. */
export type LedgerPaper = PaperName | "all";

const sectionsOf: Readonly<Record<LedgerPaper, readonly LedgerSection[]>> = {
  all: Object.keys(ledgerSections) as LedgerSection[],
  persona: ["persona", "linking", "hdgi", "sessions"],
  counterfactual: ["counterfactual", "sessions", "diffusion"],
};

/**
 * The ledger of what a folder of results holds. Nothing is run or scored.
 * @param results the folder: "results"
 * @param given `claims`: others than those of the papers
 * @throws ConfigError for a paper that is none; DataError for a damaged file
 * @example
 * import { ledger } from "sessionlab";
 * const { rows, counts } = ledger("no such folder", "persona");
 * assert.equal(rows.find(({ id }) => id === "hdgi-acm-ari")!.verdict, "not attempted");
 * assert.equal(counts["not attempted"], rows.length);
 */
export function ledger(results: string, paper: LedgerPaper = "all", given: readonly Claim[] = claims): Ledger {
  if (!(paper in sectionsOf)) throw new ConfigError(`Expected a paper (${Object.keys(sectionsOf).join(", ")}), found "${paper}"`);
  const register = departuresRegister();
  const open = (section: LedgerSection): number | undefined => (section === "persona" || section === "counterfactual" ? register.choices.filter((choice) => choice.paper === section).length : undefined);
  const rows = given.filter(({ section }) => sectionsOf[paper].includes(section)).map((one): LedgerRow => {
    const { id, section, source, claim, published, data, code, find } = one;
    const choices = open(section);
    return { id, section, source, claim, ...(published !== undefined && { published }), data, ...find(results), departures: departuresOn(code, register.departures), ...(choices !== undefined && { openChoices: choices }) };
  });
  const counts = Object.fromEntries(ledgerVerdicts.map((verdict) => [verdict, rows.filter((row) => row.verdict === verdict).length])) as Record<LedgerVerdict, number>;
  return { rows, counts };
}

/** Departures of files that begin so. */
function departuresOn(code: readonly string[], departures: readonly Departure[]): readonly string[] {
  return departures.filter(({ file }) => code.some((start) => file.startsWith(`src/${start}`))).map(({ file, departure }) => `${file.replace(/^src\//, "")}: ${departure}`);
}
