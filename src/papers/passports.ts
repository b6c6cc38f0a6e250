/** The passports of all runs, model by model, and the machines that they ran on: what stands at the end of the whole report. */
import { formatSeconds } from "../core/duration";
import { escapeHtml } from "../display/formats";
import type { Table } from "../display/table";
import type { Passport } from "../evaluation/passport";
import type { Block, Section } from "./report-sections";
import { prose, tableBlock } from "./report-sections";

/** Runs of one model over its seeds. */
export interface PassportGroup {
  /** As tables print it. */
  readonly id: string;
  /** "persona-amazon-movies-hour" */
  readonly experiment: string;
  /** Other ids that tables print of single runs. */
  readonly aliases: readonly string[];
  readonly passports: readonly Passport[];
}

/** The id of a group's element on the page. */
function anchorOf(id: string): string {
  return `passport-${id.replace(/[^A-Za-z0-9]+/g, "-")}`;
}

/** What a table names that is no run: where it is. */
export interface OtherId {
  readonly id: string;
  readonly about: string;
}

/** Makes of each id that a table prints a link to its passports, or to what it is. */
export function linkIds(html: string, groups: readonly (Pick<PassportGroup, "id" | "aliases">)[]): string {
  const known = new Map(groups.flatMap(({ id, aliases }) => [id, ...aliases].map((name) => [escapeHtml(name), anchorOf(id)] as const)));
  return html.replace(/<code>([^<]+)<\/code>/g, (whole, id: string) => (known.has(id) ? `<code><a href="#${known.get(id)}">${id}</a></code>` : whole));
}

interface Machine {
  readonly passport: Passport;
  readonly groups: readonly PassportGroup[];
  readonly passports: readonly Passport[];
}

/** Processor, backend, threads and versions, and how much ran there. */
export function environmentSection(groups: readonly PassportGroup[]): Section {
  const keyOf = ({ version, backend, threads, cpu, node }: Passport): string => [backend, threads, cpu, node, version].join("\n");
  const keys = [...new Set(groups.flatMap(({ passports }) => passports.map(keyOf)))].sort();
  const machines = keys.map((key): Machine => {
    const own = groups.filter(({ passports }) => passports.some((one) => keyOf(one) === key));
    const passports = own.flatMap((group) => group.passports.filter((one) => keyOf(one) === key));
    return { passport: passports[0]!, groups: own, passports };
  });
  const table: Table<Machine> = {
    title: "Where the runs were made",
    columns: [
      { header: "backend", cell: ({ passport }) => passport.backend },
      { header: "threads", cell: ({ passport }) => passport.threads, digits: 0 },
      { header: "processor", cell: ({ passport }) => passport.cpu },
      { header: "Node", cell: ({ passport }) => passport.node },
      { header: "SessionLab", cell: ({ passport }) => passport.version },
      { header: "runs", cell: ({ passports }) => passports.length, digits: 0 },
      { header: "training, all together", cell: ({ passports }) => formatSeconds(passports.reduce((sum, { seconds }) => sum + seconds, 0)) },
    ],
    rows: machines,
    protocol: "one line a combination of what the bits of a result hang on; the same seed, backend, version, processor and threads give the same bits",
    results: groups.map(({ id }) => id),
  };
  return { heading: "Environment", blocks: [tableBlock(table)] };
}

/** All passports, by experiment; what the seeds of a model share stands once. @param others ids of what is no run */
export function passportsSection(groups: readonly PassportGroup[], others: readonly OtherId[] = []): Section {
  return { heading: "Passports", blocks: [prose("How each run was made: data and their hash, split, candidates, ties, options, budget, seeds, backend, threads, processor, versions and time. The ids under the tables lead here."), listBlock(groups, others)] };
}

function listBlock(groups: readonly PassportGroup[], others: readonly OtherId[]): Block {
  const experiments = [...new Set(groups.map(({ experiment }) => experiment))];
  return (shown) => {
    if (shown !== "html") return [];
    const runs = experiments.flatMap((name) => [`<h3>${escapeHtml(name)}</h3>`, ...groups.filter(({ experiment }) => experiment === name).map(groupHtml)]);
    const rest = others.map(({ id, about }) => `<p class="passport" id="${anchorOf(id)}"><code>${escapeHtml(id)}</code>: ${escapeHtml(about)}</p>`);
    return [...runs, ...(rest.length > 0 ? ["<h3>What is no run</h3>", ...rest] : [])];
  };
}

function groupHtml({ id, passports }: PassportGroup): string {
  const [first] = passports;
  const { seeds: _s, startedAt: _t, seconds: _d, tieRate: _r, ...shared } = first!;
  const differs = passports.filter((one) => JSON.stringify(sharedOf(one)) !== JSON.stringify(shared));
  const runs = passports.map(({ seeds, startedAt, seconds, tieRate }) => `seed ${seeds.join(", ")}: began ${startedAt}, ${formatSeconds(seconds)} of training, ${(100 * tieRate).toFixed(2)} % of the targets tied`);
  return [
    `<details class="passport" id="${anchorOf(id)}"><summary>${escapeHtml(first!.model)}: <code>${escapeHtml(id)}</code></summary>`,
    `<ul>${runs.map((run) => `<li>${escapeHtml(run)}</li>`).join("")}</ul>`,
    ...(differs.length > 0 ? passports : [shared]).map((one) => `<pre tabindex="0" role="region" aria-label="${escapeHtml(`Passport of ${id}${"seeds" in one ? `, seed ${one.seeds.join(", ")}` : ""}`)}">${escapeHtml(JSON.stringify(one, null, 1))}</pre>`),
    "</details>",
  ].join("\n");
}

function sharedOf({ seeds: _s, startedAt: _t, seconds: _d, tieRate: _r, ...shared }: Passport): object {
  return shared;
}
