/** The tables of the diffusion model as a recommender, and of its slates, from their results. */
import type { Estimate, Table } from "../../display/table";
import { passportKey } from "../../evaluation/passport";
import type { DiffusionResult, DiffusionRow } from "./diffusion";
import type { Measured } from "../measure";

type SlateRow = DiffusionResult["slates"][number];

/** Both, in the order that they are read in. @param readings how often test cases were scored */
export function diffusionTables(result: DiffusionResult, readings = 0): readonly [Table<DiffusionRow>, Table<SlateRow>] {
  return [recommenderTable(result, readings), slateTable(result)];
}

/** The data set and the budget: "diginetica-minute". */
export function placeOf({ experiment }: Pick<DiffusionResult, "experiment">): string {
  return experiment.replace(/^diffusion-/, "");
}

function protocolOf(result: DiffusionResult): string {
  const { candidates, ties, budget, backend, threads, split } = result.passport;
  return `${placeOf(result)}, ${String(split["words"] ?? "global time cut")}, ${candidates}, ${ties} over ties, budget ${budget}, backend ${backend}, ${threads} threads`;
}

function recommenderTable(result: DiffusionResult, readings: number): Table<DiffusionRow> {
  const { rows, comparisons, trials, chosen } = result;
  const at = (name: string) => ({ header: name, cell: ({ test }: DiffusionRow): Estimate => ({ mean: test[name]!.mean, sd: test[name]!.sd }), best: "high" as const });
  const interval = ({ low, high }: Measured): string => (low === undefined ? "-" : `[${low.toFixed(4)}, ${high!.toFixed(4)}]`);
  const tells = comparisons.map(({ against, proposed, baseline, difference, low, high, holm }) => {
    const ratio = baseline > 0 ? `, ${(proposed / baseline).toFixed(2)} times` : "";
    return `Guided diffusion against ${against}: NDCG@20 ${difference >= 0 ? "+" : ""}${difference.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]${ratio}, p = ${holm.toFixed(4)}.`;
  });
  return {
    title: `Guided diffusion as a recommender by itself, ${placeOf(result)}`,
    columns: [
      { header: "model", cell: ({ title }) => title },
      { header: "seeds", cell: ({ seeds }) => seeds.length, digits: 0 },
      at("NDCG@20"),
      { header: "its 95 % interval", cell: (row) => interval(row.test["NDCG@20"]!) },
      ...["HR@20", "NDCG@10", "MRR@20"].map(at),
      { header: "Coverage@20", cell: (row) => row.test["Coverage@20"], digits: 3 },
      { header: "ARP@20", cell: (row) => row.test["ARP@20"], digits: 1 },
    ],
    rows,
    protocol: protocolOf(result),
    results: rows.flatMap((row) => row.results),
    notes: [
      ...tells,
      "p: paired bootstrap over sessions, Holm's correction over these comparisons.",
      `Chosen on validation among ${trials.length} settings: ${JSON.stringify(chosen)}. Test cases were scored ${readings} times here so far, once a run of a model.`,
    ],
  };
}

function slateTable(result: DiffusionResult): Table<SlateRow> {
  const number = (header: string, key: keyof SlateRow, digits: number) => ({ header, cell: (row: SlateRow) => row[key] as number, digits });
  return {
    title: `What its slates are like, ${placeOf(result)}`,
    columns: [
      { header: "slates of", cell: ({ by }) => by },
      number("diversity", "diversity", 3),
      number("ARP", "popularity", 1),
      number("novelty, bits", "novelty", 2),
      number("unique items", "unique", 3),
      number("coverage", "coverage", 3),
      number("distinct slates", "distinctSlates", 3),
      number("most listed item", "mostListed", 3),
    ],
    rows: result.slates,
    protocol: `${protocolOf(result)}; ${result.slates[0]!.slates} validation prefixes, slates of ${result.slates[0]!.slots}`,
    results: [`${result.experiment}@${passportKey(result.passport).slice(0, 8)}`],
    notes: [
      "Diversity: mean 1 - cosine of two items of a slate. ARP: mean training count of a listed item. Novelty: -log2 of its share of training. Unique items: different ones among all listed. Most listed item: share of the slates that have it.",
    ],
  };
}
