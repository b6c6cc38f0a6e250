/**
 * The linker's weights: what each feature adds to the log-odds of a candidate, and the least confidence of a link. Fitted on
 * the tuning half of LODrecsys' maps, the threshold chosen there, by `sessionlab kg link --evaluate`; a test fits them
 * again. One set where relations or types say what entities are, one for labels alone. "redirect", "listed", "creator
 * agrees", "creator differs" (for books, the years too) are as set by hand: the maps have nothing of that kind.
 */
import type { Feature, LinkDomain } from "./linker-features";

/** Weights by feature, those that are left out 0; and the threshold. */
export interface LinkerWeights {
  readonly threshold: number;
  readonly weights: Readonly<Partial<Record<Feature, number>>>;
}

/**
 * The fitted weights by what is linked and what is known of the entities.
 * @example
 * import { linkerWeights } from "sessionlab";
 * assert.ok(linkerWeights.films.labels.weights["same year"]! > linkerWeights.films.labels.weights["another year"]!);
 */
export const linkerWeights: Readonly<Record<LinkDomain, Readonly<Record<"relations" | "labels", LinkerWeights>>>> = {
  films: {
    relations: {
      threshold: 0.29,
      weights: {
        candidate: -1.641, loose: -0.191, "other title": 0.146, redirect: -0.5, listed: -1, "without subtitle": -0.408,
        "label without subtitle": -0.441, subtitle: -0.092, "label's subtitle": -0.691, "both without subtitle": -1.604,
        part: 0.359, similar: 0.056, verbatim: 0.343, "another article": -0.032, words: 0.249, "words of no whole title": -1.694,
        likeness: 0.12, "brackets of the kind": -0.092, "brackets of a series": -0.323, "brackets of another kind": -2.028,
        "brackets unknown": -0.417, "same year": -0.562, "year beside": -0.255, "another year": -3.822,
        "no year in brackets": -0.221, "relations of the kind": 4.763, "relations of another kind": -1.869, "creator agrees": 3,
        "creator differs": -4, "one of several": 0.372,
      },
    },
    labels: {
      threshold: 0.67,
      weights: {
        candidate: -0.223, loose: -0.189, "other title": 0.006, redirect: -0.5, listed: -1, "without subtitle": -0.632,
        "label without subtitle": 0.073, subtitle: -0.243, "label's subtitle": -0.594, "both without subtitle": -1.015,
        part: 0.478, similar: 0.046, verbatim: 0.496, "another article": -0.692, words: 0.619, "words of no whole title": -0.957,
        likeness: 0.137, "brackets of the kind": 1.467, "brackets of a series": -0.669, "brackets of another kind": -3.409,
        "brackets unknown": -0.828, "same year": -1.254, "year beside": -0.632, "another year": -3.11,
        "no year in brackets": -0.443, "creator agrees": 3, "creator differs": -4, "one of several": -0.5,
      },
    },
  },
  books: {
    relations: {
      threshold: 0.25,
      weights: {
        candidate: -2.06, loose: -1.24, "other title": -0.266, redirect: -0.5, listed: -1, "without subtitle": 0.968,
        "label without subtitle": -1.232, subtitle: -1.247, "label's subtitle": 0.385, "both without subtitle": -2.899,
        part: 0.236, similar: -1.457, verbatim: 1.246, "another article": -1.304, words: 0.688, "words of no whole title": -0.43,
        likeness: -0.875, "brackets of the kind": -1.001, "brackets of a series": -0.607, "brackets of another kind": -3.373,
        "brackets unknown": -0.537, "same year": 2, "another year": -3, "relations of the kind": 4.281,
        "relations of another kind": -1.816, "creator agrees": 3, "creator differs": -4, "one of several": -0.957,
      },
    },
    labels: {
      threshold: 0.61,
      weights: {
        candidate: -0.421, loose: -0.871, "other title": -0.144, redirect: -0.5, listed: -1, "without subtitle": 0.804,
        "label without subtitle": -0.856, subtitle: -1.593, "label's subtitle": -0.479, "both without subtitle": -1.768,
        part: 0.48, similar: -0.66, verbatim: 1.228, "another article": -0.872, words: 1.073, "words of no whole title": -0.245,
        likeness: -0.672, "brackets of the kind": -0.75, "brackets of a series": -1.64, "brackets of another kind": -5.641,
        "brackets unknown": -1.746, "same year": 2, "another year": -3, "creator agrees": 3, "creator differs": -4,
        "one of several": -1.114,
      },
    },
  },
};
