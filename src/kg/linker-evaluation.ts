/**
 * How well titles find their entities. On maps made by others, the linker sees titles, not entities: the titles are cut in
 * halves by a hash of the folded title, so that equal titles are on one side; weights and threshold are chosen on the
 * tuning half, precision and recall are those of the other. Beside it the exact-label matcher. And where no map is there,
 * the share of links whose entity has the item's creator.
 */
import { createHash } from "node:crypto";
import { chances, fitWeights, type Choice } from "./linker-fit";
import { creatorsAgree, features, type Feature, type LinkDomain, type TitleQuery } from "./linker-features";
import type { EntityIndex } from "./linker-index";
import { featureRows } from "./linker";
import type { EntityLinks } from "./links";
import { foldTitle, partsOfTitle } from "./titles";

/** A title with the entity that a map says it is. */
export interface MappedTitle extends TitleQuery {
  readonly uri: string;
}

/** Precision and recall of links above a threshold. Recall is over all titles, linked or not. */
export interface LinkQuality {
  readonly threshold: number;
  readonly links: number;
  readonly right: number;
  readonly precision: number;
  readonly recall: number;
}

/** What an evaluation on a map finds. */
export interface LinkEvaluation {
  readonly domain: LinkDomain;
  /** Titles of each half. */
  readonly titles: { readonly tuning: number; readonly test: number };
  /** Share of the test half whose entity is among the candidates: no threshold can find more. */
  readonly reachable: number;
  readonly weights: Readonly<Record<string, number>>;
  /** On the half where the threshold was chosen. */
  readonly tuning: LinkQuality;
  readonly test: LinkQuality;
  /** The test half at other thresholds. */
  readonly cuts: readonly LinkQuality[];
  /** On the test half: linked where exactly one label is the title, letter by letter. */
  readonly exactLabel: LinkQuality;
  /** The mean confidence of the test half's best candidates less the share that is right, by tenths: 0 is calibrated. */
  readonly calibrationError: number;
}

/** Where the weights stay that the maps teach nothing about (they have no redirects, pages or creators), set by hand. */
const prior: Readonly<Partial<Record<Feature, number>>> = {
  redirect: -0.5, listed: -1, "brackets of the kind": 1, "same year": 2, "another year": -3, "creator agrees": 3, "creator differs": -4,
};
const penalty = 3;
/** How far above its target the precision of the tuning half must be. */
const margin = 0.005;
const cutsShown = [0.3, 0.5, 0.7, 0.9];

/** "tuning" or "test", for ever the same for a title and its other writings. */
export function halfOf(title: string): "tuning" | "test" {
  return (createHash("sha256").update(foldTitle(partsOfTitle(title).main)).digest()[0]! & 1) === 0 ? "tuning" : "test";
}

interface Scored {
  readonly confidence: number;
  readonly right: boolean;
}

/**
 * Fits on one half, chooses the lowest threshold whose precision there is the target's and a little more, reports the other.
 * @param target the precision that is asked for
 * @example
 * import { entitiesOf, evaluateLinker, indexEntities, triplesFrom } from "sessionlab";
 * const names = Array.from({ length: 40 }, (_, n) => `Work_number_${n}`);
 * const index = indexEntities(entitiesOf(triplesFrom([], "none"), names.map((name) => `http://dbpedia.org/resource/${name}`)));
 * const mapped = names.map((name) => ({ title: name.replaceAll("_", " "), uri: `http://dbpedia.org/resource/${name}` }));
 * assert.equal(evaluateLinker(index, mapped, "books", 0.9).test.precision, 1);
 */
export function evaluateLinker(index: EntityIndex, titles: readonly MappedTitle[], domain: LinkDomain, target: number): LinkEvaluation {
  const { entities, same } = index.table;
  const places = new Map(entities.map(({ iri }, entity) => [iri, entity]));
  const truth = ({ uri }: MappedTitle): number => places.get(same.get(uri) ?? uri) ?? -1;
  const choiceOf = (one: MappedTitle): Choice => {
    const { candidates, rows } = featureRows(index, one, domain);
    return { candidates: rows, right: candidates.findIndex(({ entity }) => entity === truth(one)) };
  };
  const [tuning, test] = (["tuning", "test"] as const).map((half) => titles.filter(({ title }) => halfOf(title) === half)) as [MappedTitle[], MappedTitle[]];
  const [tuningChoices, testChoices] = [tuning.map(choiceOf), test.map(choiceOf)];
  const fitted = fitWeights([...tuningChoices, ...tuningChoices.flatMap(withoutRight)], Float64Array.from(features, (name) => prior[name] ?? 0), penalty).map((weight) => Math.round(weight * 1000) / 1000);
  const [tuningScores, testScores] = [tuningChoices, testChoices].map((choices) => choices.map((choice) => bestOf(choice, fitted))) as [Scored[], Scored[]];
  const threshold = lowestThreshold(tuningScores, target + margin);
  return {
    domain,
    titles: { tuning: tuning.length, test: test.length },
    reachable: testChoices.filter(({ right }) => right >= 0).length / test.length,
    weights: Object.fromEntries(features.map((name, f) => [name, fitted[f]!])),
    tuning: qualityAt(tuningScores, threshold),
    test: qualityAt(testScores, threshold),
    cuts: cutsShown.map((cut) => qualityAt(testScores, cut)),
    exactLabel: exactLabels(index, test, truth),
    calibrationError: calibrationError(testScores),
  };
}

/**
 * The same title in a store that does not have its entity: none of the rest is right. In the maps every title has its
 * entity; of a shop's titles most have none, and what is only alike would be taken for it.
 */
function withoutRight({ candidates, right }: Choice): Choice[] {
  if (right < 0 || candidates.length === 1) return [];
  const rest = candidates.filter((_, c) => c !== right);
  if (rest.length === 1) rest[0] = rest[0]!.map((value, f) => (f === features.indexOf("one of several") ? 0 : value));
  return [{ candidates: rest, right: -1 }];
}

function bestOf({ candidates, right }: Choice, weights: Float64Array): Scored {
  const confidence = chances(candidates, weights);
  let best = -1;
  for (const [c, one] of confidence.entries()) if (best < 0 || one > confidence[best]!) best = c;
  return { confidence: best < 0 ? 0 : confidence[best]!, right: best >= 0 && best === right };
}

/** In steps of a hundredth; 0.99 if none reaches it. */
function lowestThreshold(scored: readonly Scored[], precision: number): number {
  for (let step = 5; step < 99; step++) {
    if (qualityAt(scored, step / 100).precision >= precision) return step / 100;
  }
  return 0.99;
}

function qualityAt(scored: readonly Scored[], threshold: number): LinkQuality {
  const linked = scored.filter(({ confidence }) => confidence >= threshold);
  return quality(threshold, linked.length, linked.filter(({ right }) => right).length, scored.length);
}

function quality(threshold: number, links: number, right: number, titles: number): LinkQuality {
  return { threshold, links, right, precision: links === 0 ? 0 : right / links, recall: right / titles };
}

/** The expected calibration error, Guo et al. (2017), over tenths of the confidence. */
function calibrationError(scored: readonly Scored[]): number {
  let error = 0;
  for (let tenth = 0; tenth < 10; tenth++) {
    const bin = scored.filter(({ confidence }) => Math.min(9, Math.floor(confidence * 10)) === tenth);
    error += Math.abs(bin.reduce((sum, { confidence, right }) => sum + confidence - Number(right), 0));
  }
  return error / scored.length;
}

/** The title without its year, letter by letter, is the label without its brackets, of one entity alone. */
function exactLabels(index: EntityIndex, titles: readonly MappedTitle[], truth: (title: MappedTitle) => number): LinkQuality {
  const byLabel = new Map<string, number[]>();
  for (const [entity, { title }] of index.labels.entries()) byLabel.set(title, [...(byLabel.get(title) ?? []), entity]);
  let [links, right] = [0, 0];
  for (const one of titles) {
    const found = byLabel.get(one.title.replace(/\s*\(\d{4}\)$/, ""));
    if (found?.length !== 1) continue;
    links++;
    if (found[0] === truth(one)) right++;
  }
  return quality(1, links, right, titles.length);
}

/** Links whose entity has a creator, of items that have one. */
export interface CreatorAgreement {
  readonly least: number;
  /** Links of at least that confidence. */
  readonly links: number;
  /** Those where the creators of both sides are known. */
  readonly known: number;
  readonly agree: number;
  /** agree / known */
  readonly precision: number;
  /** links / items */
  readonly share: number;
}

/**
 * The share of links whose entity has one of the item's creators. The links must have been made without them.
 * @param creators of each item, by dense index
 * @param cuts least confidences
 * @example
 * import { creatorAgreement, entitiesOf, indexEntities, linksFrom, triplesFrom } from "sessionlab";
 * const dbr = "http://dbpedia.org/resource/";
 * const index = indexEntities(entitiesOf(triplesFrom([[`${dbr}Emma`, "http://dbpedia.org/ontology/author", `${dbr}Jane_Austen`]], "demo"), [`${dbr}Emma`]));
 * const links = linksFrom([{ item: 0, uri: `${dbr}Emma`, confidence: 0.9, rule: "title", candidates: 1 }], "demo");
 * assert.equal(creatorAgreement(index, links, [["J. Austen"]], [0.5])[0]!.precision, 1);
 */
export function creatorAgreement(index: EntityIndex, links: EntityLinks, creators: readonly (readonly string[])[], cuts: readonly number[]): CreatorAgreement[] {
  const places = new Map(index.table.entities.map(({ iri }, entity) => [iri, entity]));
  const verdicts = Array.from(links.item, (item, n) => creatorsAgree(creators[item]!, index.table.entities[places.get(links.uri[n]!)!]!));
  return cuts.map((least) => {
    const above = verdicts.filter((_, n) => links.confidence[n]! >= Math.fround(least));
    const known = above.filter((one) => one !== undefined);
    const agree = known.filter((one) => one).length;
    return { least, links: above.length, known: known.length, agree, precision: known.length === 0 ? 0 : agree / known.length, share: above.length / creators.length };
  });
}
