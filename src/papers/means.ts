/** An experiment's table from its result files alone: means over seeds, without intervals and tests, which need its data. */
import type { Cell, Column, Table } from "../display/table";
import type { Readings } from "../evaluation/readings";
import { overSeeds, type Measured } from "./measure";
import { resultsId } from "./results";
import { prose, tableBlock, type Section } from "./report-sections";
import { byModel, type ExperimentRuns } from "./summaries";
import { readingsText } from "./words";

interface Line {
  readonly title: string;
  readonly id: string;
  readonly seeds: number;
  readonly valid: Readonly<Record<string, Measured>>;
  readonly test: Readonly<Record<string, Measured>>;
}

const titles: Readonly<Record<ExperimentRuns["paper"], string>> = { base: "Base recommenders", persona: "Personas in a session recommender", counterfactual: "Counterfactual sessions" };

/** @param why there are no intervals */
export function meansSection(runs: ExperimentRuns, why: string, readings: Readings): Section {
  const { experiment, paper, dataset, results } = runs;
  const lines = byModel(results).map((own): Line => ({
    title: own[0]!.passport.model,
    id: resultsId(own),
    seeds: own.length,
    valid: overSeeds(own.map(({ valid }) => valid.metrics)),
    test: overSeeds(own.map(({ test }) => test.metrics)),
  }));
  const cell = (found: Measured | undefined): Cell => found && { mean: found.mean, sd: found.sd };
  const metrics = Object.keys(lines[0]!.test).filter((name) => /^(HR|MRR|NDCG)@/.test(name));
  const primary = paper === "counterfactual" ? "HR@20" : "NDCG@10";
  const columns: readonly Column<Line>[] = [
    { header: "model", cell: ({ title }) => title },
    { header: "seeds", cell: ({ seeds }) => seeds, digits: 0 },
    { header: `validation ${primary}`, cell: ({ valid }) => cell(valid[primary]) },
    ...metrics.map((name): Column<Line> => ({ header: name, best: "high", cell: ({ test }) => cell(test[name]) })),
  ];
  const { passport } = results[0]!;
  const table: Table<Line> = {
    title: `${titles[paper]} on ${dataset}: means`,
    columns,
    rows: lines,
    protocol: `${passport.data.name}, ${String(passport.split["words"] ?? passport.split["protocol"])}, ${passport.candidates}, ${passport.ties} over ties, budget ${passport.budget}, backend ${passport.backend}, ${passport.threads} threads`,
    results: lines.map(({ id }) => id),
    notes: ["± standard deviation over seeds, where there are several. A difference without a test is none.", readingsText(experiment, readings)],
  };
  return { heading: `${titles[paper]}, ${dataset} (means alone)`, blocks: [prose(`Means over seeds, without intervals and tests: ${why}.`), tableBlock(table)] };
}
