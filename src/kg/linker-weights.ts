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
        candidate: -1.622, loose: -0.194, "other title": 0.145, redirect: -0.5, listed: -1, "without subtitle": -0.399,
        "label without subtitle": -0.427, subtitle: -0.08, "label's subtitle": -0.681, "both without subtitle": -1.594,
        part: 0.379, similar: 0.031, verbatim: 0.335, "another article": -0.039, words: 0.242, "words of no whole title": -1.719,
        likeness: 0.154, "brackets of the kind": -0.092, "brackets of a series": -0.322, "brackets of another kind": -2.028,
        "brackets unknown": -0.416, "same year": -0.563, "year beside": -0.255, "another year": -3.82,
        "no year in brackets": -0.221, "relations of the kind": 4.766, "relations of another kind": -1.867, "creator agrees": 3,
        "creator differs": -4, "one of several": 0.372,
      },
    },
    labels: {
      threshold: 0.67,
      weights: {
        candidate: -0.194, loose: -0.196, "other title": 0.004, redirect: -0.5, listed: -1, "without subtitle": -0.588,
        "label without subtitle": 0.138, subtitle: -0.197, "label's subtitle": -0.557, "both without subtitle": -0.981,
        part: 0.562, similar: -0.145, verbatim: 0.483, "another article": -0.703, words: 0.609,
        "words of no whole title": -1.026, likeness: 0.184, "brackets of the kind": 1.468, "brackets of a series": -0.668,
        "brackets of another kind": -3.409, "brackets unknown": -0.82, "same year": -1.255, "year beside": -0.63,
        "another year": -3.101, "no year in brackets": -0.443, "creator agrees": 3, "creator differs": -4,
        "one of several": -0.505,
      },
    },
  },
  books: {
    relations: {
      threshold: 0.24,
      weights: {
        candidate: -2.106, loose: -1.245, "other title": -0.268, redirect: -0.5, listed: -1, "without subtitle": 0.992,
        "label without subtitle": -1.222, subtitle: -1.244, "label's subtitle": 0.391, "both without subtitle": -2.903,
        part: 0.113, similar: -1.456, verbatim: 1.253, "another article": -1.311, words: 0.697,
        "words of no whole title": -0.443, likeness: -0.783, "brackets of the kind": -1, "brackets of a series": -0.603,
        "brackets of another kind": -3.363, "brackets unknown": -0.534, "same year": 2, "another year": -3,
        "relations of the kind": 4.301, "relations of another kind": -1.82, "creator agrees": 3, "creator differs": -4,
        "one of several": -0.913,
      },
    },
    labels: {
      threshold: 0.62,
      weights: {
        candidate: -0.466, loose: -0.866, "other title": -0.145, redirect: -0.5, listed: -1, "without subtitle": 0.785,
        "label without subtitle": -0.874, subtitle: -1.61, "label's subtitle": -0.55, "both without subtitle": -1.783,
        part: 0.382, similar: -0.635, verbatim: 1.239, "another article": -0.863, words: 1.086,
        "words of no whole title": -0.225, likeness: -0.604, "brackets of the kind": -0.751, "brackets of a series": -1.639,
        "brackets of another kind": -5.638, "brackets unknown": -1.748, "same year": 2, "another year": -3, "creator agrees": 3,
        "creator differs": -4, "one of several": -1.074,
      },
    },
  },
};
