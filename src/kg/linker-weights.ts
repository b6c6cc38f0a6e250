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
      threshold: 0.54,
      weights: {
        candidate: -0.543, loose: -0.118, "other title": 0.078, redirect: -0.5, listed: -1, "without subtitle": -0.165,
        "label without subtitle": 0.38, subtitle: 0.094, "label's subtitle": -0.187, "both without subtitle": -0.963,
        part: -0.116, similar: -0.527, verbatim: 0.198, "another article": 0.241, words: 0.481,
        "words of no whole title": -1.032, likeness: -0.185, "brackets of the kind": -0.04, "brackets of a series": -0.037,
        "brackets of another kind": -1.448, "brackets unknown": -0.182, "same year": -0.46, "year beside": -0.262,
        "another year": -2.643, "no year in brackets": -0.343, "relations of the kind": 4.459,
        "relations of another kind": -0.872, "creator agrees": 3, "creator differs": -4, "one of several": 0.309,
      },
    },
    labels: {
      threshold: 0.73,
      weights: {
        candidate: 0.234, loose: -0.194, "other title": 0.058, redirect: -0.5, listed: -1, "without subtitle": -0.405,
        "label without subtitle": 0.655, subtitle: -0.021, "label's subtitle": -0.25, "both without subtitle": -0.623,
        part: -0.159, similar: -0.445, verbatim: 0.439, "another article": 0.091, words: 1.307,
        "words of no whole title": -0.714, likeness: -0.229, "brackets of the kind": 1.506, "brackets of a series": -0.159,
        "brackets of another kind": -2.252, "brackets unknown": -0.432, "same year": -0.711, "year beside": -0.359,
        "another year": -1.87, "no year in brackets": -0.396, "creator agrees": 3, "creator differs": -4,
        "one of several": -0.827,
      },
    },
  },
  books: {
    relations: {
      threshold: 0.39,
      weights: {
        candidate: -1.727, loose: -0.661, "other title": -0.309, redirect: -0.5, listed: -1, "without subtitle": 1.76,
        "label without subtitle": -1.49, subtitle: -0.363, "label's subtitle": 0.218, "both without subtitle": -0.763,
        part: 0.061, similar: -1.673, verbatim: 0.774, "another article": -1.453, words: 1.361,
        "words of no whole title": -0.405, likeness: -0.63, "brackets of the kind": -0.896, "brackets of a series": -0.22,
        "brackets of another kind": -2.972, "brackets unknown": -0.653, "same year": 2, "another year": -3,
        "relations of the kind": 3.887, "relations of another kind": -1.389, "creator agrees": 3, "creator differs": -4,
        "one of several": -1.124,
      },
    },
    labels: {
      threshold: 0.65,
      weights: {
        candidate: -0.606, loose: -0.675, "other title": -0.253, redirect: -0.5, listed: -1, "without subtitle": 1.743,
        "label without subtitle": -0.798, subtitle: -0.689, "label's subtitle": -0.393, "both without subtitle": -0.558,
        part: 0.305, similar: -0.911, verbatim: 0.827, "another article": -0.997, words: 1.951,
        "words of no whole title": -0.276, likeness: -0.508, "brackets of the kind": -0.434, "brackets of a series": -0.937,
        "brackets of another kind": -4.712, "brackets unknown": -1.605, "same year": 2, "another year": -3, "creator agrees": 3,
        "creator differs": -4, "one of several": -1.47,
      },
    },
  },
};
