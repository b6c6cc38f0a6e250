/**
 * How well titles find their DBpedia entities, measured: on LODrecsys' maps of MovieLens-1M and LibraryThing, against a
 * store that also holds every IRI of nine maps and every object of the triples; and on Amazon's own titles, by the
 * creators that other tables give them. One file of results, results/linking/maps.json, and the table of docs/data.md.
 */
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
import { codeVersion } from "../core/code-version";
import { hashOf, hashOfJson } from "../core/hash";
import type { Progress } from "../core/progress";
import { loadDataset } from "../data/datasets";
import type { EventTable } from "../data/events";
import { featuresOfItem } from "../data/item-features";
import type { Table } from "../display/table";
import { entitiesOf } from "../kg/dbpedia-entities";
import { loadLinkedSlices, obtainLinkedFiles, readMap } from "../kg/dbpedia-sets";
import { linkTitles } from "../kg/linker";
import { creatorAgreement, evaluateLinker, type CreatorAgreement, type LinkEvaluation, type LinkQuality } from "../kg/linker-evaluation";
import type { LinkDomain, TitleQuery } from "../kg/linker-features";
import { indexEntities } from "../kg/linker-index";
import { triplesFrom } from "../kg/triples";

/** One evaluation on a map, with what the linker knew of the entities. */
export interface MapResult extends LinkEvaluation {
  /** "relations": the store's triples say what an entity is; "labels": nothing but names. */
  readonly evidence: "relations" | "labels";
  /** The precision that the threshold was chosen for, on the tuning half. */
  readonly target: number;
}

/** Creators' agreement on a data set's own titles. */
export interface AgreementResult {
  readonly dataset: string;
  readonly domain: LinkDomain;
  readonly cuts: readonly CreatorAgreement[];
}

/** What was measured, on what, by which code. */
export interface LinkingResult {
  readonly experiment: "linking";
  readonly code: string;
  readonly data: Readonly<Record<string, string>>;
  readonly halves: string;
  readonly maps: readonly MapResult[];
  readonly agreement: readonly AgreementResult[];
}

/** The precision that each threshold is chosen for. By labels alone films have .97 at a small part of the titles only. */
const targets: Readonly<Record<LinkDomain, Readonly<Record<MapResult["evidence"], number>>>> = {
  films: { relations: 0.97, labels: 0.94 },
  books: { relations: 0.95, labels: 0.95 },
};
const cutsOfAgreement = [0.5, 0.8, 0.95];

/**
 * Measures everything; a minute or so.
 * @throws DataError that says how to get what is not here; AbortError
 */
export async function runLinking({ progress, signal }: { readonly progress?: Progress; readonly signal?: AbortSignal } = {}): Promise<LinkingResult> {
  const { triples, iris } = await loadLinkedSlices({ progress, signal });
  const paths = await obtainLinkedFiles(["film map", "book map"]);
  const maps = { films: await readMap(paths["film map"]), books: await readMap(paths["book map"]) };
  const indexes = { relations: indexEntities(entitiesOf(triples, iris)), labels: indexEntities(entitiesOf(triplesFrom([], "labels"), iris)) };
  const results = (["films", "books"] as const).flatMap((domain) => (["relations", "labels"] as const).map((evidence): MapResult => {
    const target = targets[domain][evidence];
    return { evidence, target, ...evaluateLinker(indexes[evidence], maps[domain], domain, target) };
  }));
  const agreement: AgreementResult[] = [];
  const hashes: Record<string, string> = {};
  for (const [dataset, domain, creator] of [["amazon-books", "books", "author"], ["amazon-movies", "films", "director"]] as const) {
    const events = await loadDataset(dataset, { progress, signal });
    const queries = queriesOf(events, domain).map(({ creators: _, ...rest }) => rest); // they are the judges
    const links = await linkTitles(indexes.relations, queries, domain, { leastConfidence: 0, progress, signal });
    const feature = events.features?.find(({ name }) => name === creator);
    const creators = events.itemIds.map((_, item) => (feature === undefined ? [] : featuresOfItem(feature, item)));
    agreement.push({ dataset, domain, cuts: creatorAgreement(indexes.relations, links, creators, cutsOfAgreement) });
    hashes[dataset] = hashOf({ titles: events.titles ?? [], creators });
  }
  return {
    experiment: "linking",
    code: codeVersion(__filename),
    data: { triples: triples.hash, entities: indexes.relations.table.hash, films: hashOfJson(maps.films), books: hashOfJson(maps.books), ...hashes },
    halves: "by the lowest bit of the first byte of the folded title's sha256",
    maps: results,
    agreement,
  };
}

/** The titles of a data set with what is known of them. */
export function queriesOf({ itemIds, titles, years, features }: EventTable, domain: LinkDomain): TitleQuery[] {
  const creators = features?.filter(({ name }) => (domain === "books" ? ["author"] : ["director"]).includes(name)) ?? [];
  return itemIds.map((_, item) => {
    const names = creators.flatMap((feature) => featuresOfItem(feature, item));
    // A book's year here is that of the work by its title: no evidence of its own. A film's tells remakes apart.
    const year = domain === "films" ? years?.[item] : undefined;
    return { title: titles?.[item] ?? "", ...(year === undefined ? {} : { year }), ...(names.length === 0 ? {} : { creators: names }) };
  });
}

/** Writes the results, with a checksum. */
export function writeLinking(file: string, result: LinkingResult): void {
  writeCheckedJson(file, result);
}

/** Reads them. @returns undefined where there are none. @throws DataError for a file that was changed */
export function readLinking(file: string): LinkingResult | undefined {
  return readCheckedJson<LinkingResult>(file, "results", "run sessionlab kg link --evaluate --publish");
}

interface Line {
  readonly titles: string;
  readonly linker: string;
  readonly quality: LinkQuality;
  readonly goal?: string;
}

/** What was set beforehand. */
export const linkingGoals: Readonly<Record<LinkDomain, readonly [precision: number, recall: number]>> = { films: [0.97, 0.9], books: [0.95, 0.8] };
const namesOfTitles: Readonly<Record<LinkDomain, string>> = { films: "films (MovieLens-1M)", books: "books (LibraryThing)" };

/** Precision and recall on the half that nothing was chosen on. */
export function linkingTable(result: LinkingResult): Table<Line> {
  const lines = result.maps.flatMap((one): Line[] => {
    const titles = namesOfTitles[one.domain];
    const [precision, recall] = linkingGoals[one.domain];
    const reached = one.test.precision >= precision && one.test.recall >= recall;
    const linker: Line = { titles, linker: one.evidence === "relations" ? "linker" : "linker, labels alone", quality: one.test, goal: `${precision} at ${recall}: ${reached ? "reached" : "not reached"}` };
    return one.evidence === "relations" ? [linker] : [linker, { titles, linker: "exact label", quality: one.exactLabel }];
  });
  return {
    title: "Titles to DBpedia entities, on LODrecsys' maps",
    columns: [
      { header: "titles", cell: ({ titles }) => titles },
      { header: "by", cell: ({ linker }) => linker },
      { header: "precision", cell: ({ quality }) => quality.precision, digits: 3 },
      { header: "recall", cell: ({ quality }) => quality.recall, digits: 3 },
      { header: "links", cell: ({ quality }) => quality.links, digits: 0 },
      { header: "goal", cell: ({ goal }) => goal },
    ],
    rows: lines,
    protocol: `recall over all mapped titles of the test half (${result.maps.filter(({ evidence }) => evidence === "relations").map(({ domain, titles }) => `${titles.test} ${domain}`).join(", ")}); weights and thresholds from the other half, halves ${result.halves}`,
    results: [`maps@${hashOfJson(result).slice(0, 8)}`],
    notes: [
      "The store holds every IRI of nine maps (films, books, music), every object of the triples, and labels spelled by the IRIs. The linker sees a title and, for films, the year in it.",
      "\"linker\" reads from the store's triples what an entity is. They were collected for the entities of these very maps, so they help more here than DBpedia's types would; \"labels alone\" has names and brackets only.",
      "Weights and thresholds are the tuning half's alone. The rules that take titles apart were written with examples of both halves in view, and the linker was changed once after creators had disagreed on Amazon's titles: those shares are no blind test.",
      "The maps have errors (\"Cobra (1925)\" is the film of 1986 in them), which count against every row.",
      ...result.agreement.map(({ dataset, domain, cuts }) => `${dataset}'s own titles, ${domain === "books" ? "authors of goodbooks" : "directors of OMDb"} (not shown to the linker) against those of the linked entity: ${cuts.map(({ least, links, known, precision }) => `${percent(precision)} of ${known} agree at a confidence of ${least} (${links} links)`).join(", ")}.`),
    ],
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
