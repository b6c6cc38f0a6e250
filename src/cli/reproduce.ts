/** sessionlab reproduce: the papers' experiments on the embedded default, as tables, figures and result files. */
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { budgets, type Budget } from "../core/budget";
import { ConfigError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import { countReading, readReadings, type Readings } from "../evaluation/readings";
import { intervalSvg } from "../display/figure";
import { renderTable } from "../display/formats";
import type { Sentence } from "../display/sentences";
import type { Table } from "../display/table";
import { protocols, runBase, type BaseReport, type BaseSettings, type Protocol } from "../papers/base/base";
import { basePlot, findings, mainTable } from "../papers/base/tables";
import { counterfactualArms } from "../papers/counterfactual/arms";
import { counterfactualSets } from "../papers/counterfactual/data";
import type { CounterfactualReport } from "../papers/counterfactual/report";
import { counterfactualFindings, counterfactualTable } from "../papers/counterfactual/tables";
import { onlineArms } from "../papers/online/arms";
import type { OnlineReport } from "../papers/online/report";
import { onlineFindings, onlineTable } from "../papers/online/tables";
import { personaArms } from "../papers/persona/arms";
import type { PersonaReport } from "../papers/persona/report";
import { personaFindings, personaTable } from "../papers/persona/tables";
import { reportText, writeReports, type PaperReport } from "../papers/report";
import { writeResult } from "../papers/results";
import { keepSummary } from "../papers/summaries";
import { engineOptions, gridOptions } from "./engine";
import { publishBlocks } from "./publish";
import { reproduceCounterfactual, type CounterfactualOptions } from "./reproduce-counterfactual";
import { reproduceOnline, simulator, type OnlineCommand } from "./reproduce-online";
import { datasetOf, personaOptions, reproducePersona, type PersonaOptions } from "./reproduce-persona";
import type { Outcome, Runner, Terminal } from "./terminal";
import { collect, oneOf, parseSettings, parseWhole } from "./values";

interface ReproduceOptions extends Omit<PersonaOptions & CounterfactualOptions & OnlineCommand, "budget"> {
  readonly paper: string;
  readonly budget: string;
  readonly only?: string;
  readonly out: string;
  readonly publish?: boolean;
}

/** What is run: the base recommenders, one of the papers, or all. */
const papers = ["all", "base", "persona", "counterfactual"] as const;

/** The arms of all papers. */
const armsHelp = `of the persona paper, some of ${personaArms.map(({ id }) => id).join(", ")}; of the counterfactual one, of ${counterfactualArms.map(({ id }) => id).join(", ")}; of its worlds, of ${onlineArms.map(({ id }) => id).join(", ")}`;

export function addReproduce(program: Command, runner: Runner): void {
  const command = program
    .command("reproduce")
    .description("rebuild the tables; what was computed before comes from the cache")
    .option("--paper <name>", `${papers.join(", ")}: base is the table of recommenders that the papers stand on`, "all")
    .option("--seeds <n>", "runs of each model that draws random numbers", parseWhole, 3)
    .option("--budget <name>", budgets.join(", "), "minute")
    .option("--set <model.key=value>", "an option of a model, or of an arm of the persona paper; may be given more than once", collect)
    .option("--only <split>", `of base, one protocol: ${Object.keys(protocols).join(" or ")}`)
    .option("--dataset <name>", "a data set of the catalogue; also movielens-100k, movies, books, and of the counterfactual paper diginetica, yoochoose, and its simulated worlds: simulator", "ml-100k")
    .option("--out <folder>", "where the reports are written", "reports")
    .option("--publish", "also write the runs into results/, their table into the page that has its place (README.md, docs/), its picture into docs/")
    .option("--base <name>", "of the counterfactual paper, the recommender: niser or sr-gnn", "niser")
    .option("--full", "of the counterfactual paper, all training sessions, whatever the budget")
    .option("--margin <share>", "of the counterfactual paper, how much of the overall Recall@20 may be lost, 0.02 if not given; in its worlds, of the click rates, 0.01", Number)
    .option("--world <key=value...>", "of the counterfactual paper, knobs of its worlds: noveltySeeking=1")
    .option("--quantile <share>", "of the counterfactual paper's worlds, of training clicks: up to it an item is less popular; 0.8 if not given", Number)
    .option("--freeze", "write down what will be confirmed, into results/frozen: commit it")
    .option("--confirm", "score the sealed cases of what was frozen, once")
    .addHelpText("after", "\nExamples:\n  $ sessionlab reproduce\n  $ sessionlab reproduce --paper base --set sasrec.dropout=0.3 --seeds 5 --out reports/dropout\n  $ sessionlab reproduce --paper base --only loo --json\n  $ sessionlab reproduce --paper persona --dataset movies --budget hour --seeds 5 --publish\n  $ sessionlab reproduce --paper counterfactual --dataset diginetica --budget hour --seeds 3 --publish\n  $ sessionlab reproduce --paper counterfactual --dataset simulator --seeds 3\n  $ sessionlab reproduce --paper persona --seeds 6 --workers 2\n  $ sessionlab reproduce --paper persona --seeds 6 --ray-address 10.0.0.1:6379\n  $ sessionlab reproduce --paper persona --events clicks.csv --items items.csv --sessions day");
  runner.action(gridOptions(engineOptions(personaOptions(command, armsHelp))), reproduce);
}

async function reproduce(given: ReproduceOptions, terminal: Terminal): Promise<Outcome> {
  const out = resolve(given.out);
  const published = join(projectRoot, "results");
  const readingsFile = join(given.publish === true ? published : out, "readings.json");
  const paper = oneOf("a paper", papers, given.only === undefined ? given.paper : "base");
  const budget = oneOf("a budget", budgets, given.budget);
  if ((given.engine ?? given.workers ?? given.rayAddress ?? given.memory ?? given.plan ?? given.parts) !== undefined && (paper === "all" || paper === "base")) throw new ConfigError(`Expected --paper persona or counterfactual with --engine, --workers, --ray-address, --memory, --plan or --parts, found ${paper}; name the paper whose grid is run`);
  const own = given.events !== undefined || given.items !== undefined;
  const base = (paper !== "all" && paper !== "base") || own ? undefined : await reproduceBase(given, budget, out, readingsFile, terminal);
  const persona = paper !== "all" && paper !== "persona" ? undefined : await reproducePersona({ ...given, budget, set: paper === "all" ? undefined : given.set }, given.publish === true ? published : join(out, "results"), readingsFile, terminal);
  const { counterfactual, online } = await reproduceLast(given, paper, budget, out, readingsFile, terminal);
  const readings = readReadings(readingsFile);
  const reports: readonly PaperReport[] = [...(base === undefined ? [] : [base]), ...(persona === undefined ? [] : [persona]), ...(counterfactual === undefined ? [] : [counterfactual]), ...(online === undefined ? [] : [online])];
  const files = writeReports(out, reports, readings);
  if (given.publish === true) {
    for (const report of reports) if (report.paper !== "counterfactual-online") keepSummary(published, report);
    if (base !== undefined) publish(base, readings);
    if (persona !== undefined) publishPaper(persona, personaTable(persona, readings), personaFindings(persona));
    if (counterfactual !== undefined) publishPaper(counterfactual, counterfactualTable(counterfactual, readings), counterfactualFindings(counterfactual));
    if (online !== undefined) publishPaper(online, onlineTable(online, "biased", "logged", readings), onlineFindings(online));
  }
  const shown = relative(process.cwd(), files[0]!);
  const text = reports.map((report) => reportText(report, readings, "text"));
  return {
    text: `${text.join("\n")}\nThe page with figures: ${shown.startsWith("..") ? files[0]! : shown}\n`,
    json: { ...base, ...(persona && { persona }), ...(counterfactual && { counterfactual }), ...(online && { online }), files },
  };
}

async function reproduceBase(given: ReproduceOptions, budget: Budget, out: string, readingsFile: string, { signal, progress, say }: Terminal): Promise<BaseReport> {
  const settings: BaseSettings = {
    ...{ dataset: datasetOf(given.dataset), budget, seeds: given.seeds, set: parseSettings(given.set ?? []), signal, progress, onStep: say },
    ...(given.publish === true && { results: join(projectRoot, "results") }), // what was published is not run again
    protocols: given.only === undefined ? (Object.keys(protocols) as Protocol[]) : [oneOf("a protocol", Object.keys(protocols) as Protocol[], given.only)],
    onReading: (experiment) => countReading(readingsFile, experiment, "test"),
  };
  const { report, results } = await runBase(settings);
  for (const result of results) writeResult(join(out, "results"), result);
  if (given.publish === true) for (const result of results) writeResult(join(projectRoot, "results"), result);
  return report;
}

/** What the counterfactual paper has to show: on real sessions, in simulated worlds, or both. */
interface LastReports {
  readonly counterfactual?: CounterfactualReport;
  readonly online?: OnlineReport;
}

/** The counterfactual paper, where it is asked for; among all papers, with its own arms, on the data sets that it has and in its worlds. */
async function reproduceLast(given: ReproduceOptions, paper: (typeof papers)[number], budget: Budget, out: string, readingsFile: string, terminal: Terminal): Promise<LastReports> {
  const among = paper === "all" && given.events === undefined && given.items === undefined && (counterfactualSets as readonly string[]).includes(datasetOf(given.dataset));
  if (paper !== "counterfactual" && !among) return {};
  const own = { ...(paper === "counterfactual" ? given : { ...given, arms: undefined, set: undefined, freeze: undefined, confirm: undefined }), budget };
  const results = given.publish === true ? join(projectRoot, "results") : join(out, "results");
  const inWorlds = given.dataset === simulator;
  if (inWorlds && given.parts !== undefined) throw new ConfigError("Expected --parts with a data set whose cases are ranked, found it with the simulator, whose sessions go on from click to click; leave it out");
  const counterfactual = inWorlds ? undefined : await reproduceCounterfactual(own, results, readingsFile, terminal);
  return { counterfactual, online: inWorlds || among ? await reproduceOnline(own, results, readingsFile, terminal) : undefined };
}

/** A paper's table and what it says, into the page that has a block for it. */
function publishPaper<Row>({ experiment }: PersonaReport | CounterfactualReport | OnlineReport, table: Table<Row>, found: readonly Sentence[]): void {
  publishBlocks({ [experiment]: [renderTable(table, "markdown"), ...found.map((one) => `- ${one.text}`)].join("\n") });
}

/** Fills the pages' blocks, where one is for a table, and the pictures beside them. */
function publish(report: BaseReport, readings: Readings): void {
  for (const table of report.tables) {
    const content = [renderTable(mainTable(report, table, readings), "markdown"), ...findings(report, table).map((line) => `- ${line}`)].join("\n");
    if (publishBlocks({ [table.experiment]: content }).length > 0) writeFileAtomic(join(projectRoot, "docs", `${table.experiment}.svg`), intervalSvg(basePlot(report, table)));
  }
}
