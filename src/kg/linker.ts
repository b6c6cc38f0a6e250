/**
 * From titles to entities: candidates with what speaks for each, a confidence for every one, and links where the best is
 * confident enough. A page that lists meanings is never linked, a redirect leads to where it leads.
 * The weights are fitted on half of the mapped titles of LODrecsys, once more without their entities (linker-evaluation.ts);
 * `linkerWeights` says which of them are set by hand. Confidence is the chance that the choice of the candidate, against all others and none, is right.
 */
import { resolveOptions, rules } from "../core/options";
import { throwIfAborted } from "../core/errors";
import { meter, type Progress } from "../core/progress";
import { candidatesOf, matches, type Candidate, type EntityIndex } from "./linker-index";
import { chances } from "./linker-fit";
import { features, featuresOf, type Feature, type LinkDomain, type TitleQuery } from "./linker-features";
import { linksFrom, type EntityLink, type EntityLinks } from "./links";
import { linkerWeights } from "./linker-weights";
import { partsOfTitle } from "./titles";

const defaults = {
  /** Links below are left out. (The lower thresholds of `linkerWeights` are for titles that all have an entity, as the maps' do.) */
  leastConfidence: 0.8,
  /** Weights by feature in place of the fitted ones. */
  weights: undefined as Readonly<Record<string, number>> | undefined,
};

/** Options of the linker. */
export type LinkOptions = Partial<typeof defaults>;

/** A candidate with its confidence. */
export interface ScoredCandidate extends Candidate {
  readonly iri: string;
  readonly label: string;
  /** 0..1 */
  readonly confidence: number;
  /** How it was found, and what spoke for it or against it. */
  readonly rule: string;
}

/** What is told of a link, beside how the titles meet. */
const told: readonly Feature[] = ["brackets of the kind", "brackets of a series", "same year", "year beside", "another year", "creator agrees", "creator differs", "relations of the kind"];

/** The numbers of all candidates of a title, in the order of `candidatesOf`. */
export function featureRows(index: EntityIndex, query: TitleQuery, domain: LinkDomain): { readonly candidates: readonly Candidate[]; readonly rows: readonly Float64Array[] } {
  const parts = partsOfTitle(query.title);
  const candidates = candidatesOf(index, parts);
  const rows = candidates.map((one) => featuresOf(query, parts, one, index.table.entities[one.entity]!, index.labels[one.entity]!, domain));
  if (rows.length > 1) for (const row of rows) row[features.indexOf("one of several")] = 1;
  return { candidates, rows };
}

/** Whether relations or types say what entities are, or labels alone do. */
export function evidenceOf(index: EntityIndex): "relations" | "labels" {
  return index.table.entities.some(({ kinds }) => kinds.length > 0) ? "relations" : "labels";
}

/**
 * What a title may mean, the most likely first; the confidences add up to 1 less the chance that it is none of them.
 * @param domain what the item is
 * @throws ConfigError for wrong options
 * @example
 * import { entitiesOf, indexEntities, scoreCandidates, triplesFrom } from "sessionlab";
 * const dbr = "http://dbpedia.org/resource/";
 * const index = indexEntities(entitiesOf(triplesFrom([], "none"), ["Heat_(1995_film)", "Heat_(1986_film)", "Heat_(band)"].map((name) => dbr + name)));
 * const [first, second] = scoreCandidates(index, { title: "Heat (1995)" }, "films");
 * assert.deepEqual([first!.label, first!.rule], ["Heat (1995 film)", "title, brackets of the kind, same year"]);
 * assert.ok(first!.confidence > second!.confidence);
 */
export function scoreCandidates(index: EntityIndex, query: TitleQuery, domain: LinkDomain, options: LinkOptions = {}): ScoredCandidate[] {
  return scorer(index, domain, options).score(query);
}

function scorer(index: EntityIndex, domain: LinkDomain, options: LinkOptions): { readonly least: number; score(query: TitleQuery): ScoredCandidate[] } {
  const { leastConfidence, weights: given } = resolveOptions("linker", defaults, options, { leastConfidence: rules.fraction });
  const fitted = linkerWeights[domain][evidenceOf(index)].weights;
  const weights = Float64Array.from(features, (name) => given?.[name] ?? fitted[name] ?? 0);
  const score = (query: TitleQuery): ScoredCandidate[] => {
    const { candidates, rows } = featureRows(index, query, domain);
    const confidence = chances(rows, weights);
    const scored = candidates.map((one, c): ScoredCandidate => {
      const { iri, label } = index.table.entities[one.entity]!;
      const words = told.filter((name) => rows[c]![features.indexOf(name)] === 1);
      return { ...one, iri, label, confidence: confidence[c]!, rule: [one.match, ...words].join(", ") };
    });
    return scored.sort((a, b) => b.confidence - a.confidence || matches.indexOf(a.match) - matches.indexOf(b.match) || a.entity - b.entity);
  };
  return { least: leastConfidence, score };
}

/**
 * Links items to entities by their titles: at most one link an item, none below the least confidence.
 * @param queries one an item, by dense index; an empty title is not linked
 * @param source where the entities come from, in words
 * @throws ConfigError for wrong options; AbortError
 * @example
 * import { entitiesOf, indexEntities, linkTitles, triplesFrom } from "sessionlab";
 * const dbr = "http://dbpedia.org/resource/";
 * const index = indexEntities(entitiesOf(triplesFrom([], "none"), [`${dbr}The_Left_Hand_of_Darkness`, `${dbr}Emma_(band)`]));
 * const links = await linkTitles(index, [{ title: "Left Hand of Darkness, The" }, { title: "Emma" }], "books", { leastConfidence: 0.5 });
 * assert.deepEqual([Array.from(links.item), links.uri], [[0], [`${dbr}The_Left_Hand_of_Darkness`]]);
 */
export async function linkTitles(index: EntityIndex, queries: readonly TitleQuery[], domain: LinkDomain, { source = "titles", progress, signal, ...options }: LinkOptions & { readonly source?: string; readonly progress?: Progress; readonly signal?: AbortSignal } = {}): Promise<EntityLinks> {
  const { least, score } = scorer(index, domain, options);
  const tick = meter(progress, "link titles", "title", queries.length);
  const links: EntityLink[] = [];
  for (const [item, query] of queries.entries()) {
    if (item % 500 === 0) {
      tick(item);
      await new Promise((resolve) => setImmediate(resolve));
      throwIfAborted(signal, "link titles");
    }
    if (query.title === "") continue;
    const scored = score(query);
    const [best] = scored;
    if (best === undefined || best.confidence < least) continue;
    links.push({ item, uri: best.iri, confidence: best.confidence, rule: best.rule, candidates: scored.length });
  }
  tick(queries.length);
  return linksFrom(links, source);
}
