/**
 * Entries of the catalogue for official files as their publishers give them, at full size. Nobody here has fetched them
 * all: they carry no counts and no checksums, and what is malformed in them is counted when they are prepared.
 */
import type { CatalogEntry, SetFile } from "./catalog";

type AmazonCategory = "Books" | "Movies_and_TV";

const amazonTitles = { Books: "Books", Movies_and_TV: "Movies & TV" } as const;

/** 5-core reviews and the metadata of a category. */
function amazon(release: 2014 | 2018 | 2023, category: AmazonCategory): CatalogEntry & { readonly name: string } {
  const { page, until, citation, files } = amazonReleases[release];
  return {
    name: `amazon-${category === "Books" ? "books" : "movies"}-${release}`,
    title: `Amazon ${release}, ${amazonTitles[category]}, 5-core`,
    licence: "for research, cite the paper; no licence stated",
    homepage: page,
    citation,
    format: `amazon-${release}`,
    until,
    sources: [{ kind: "files", origin: page, recipe: [`fetch the 5-core reviews and the metadata of ${amazonTitles[category]} from ${page}`], files: files(category) }],
  };
}

const lab = "https://mcauleylab.ucsd.edu/public_datasets/data";

const amazonReleases = {
  2014: {
    page: "https://jmcauley.ucsd.edu/data/amazon/index_2014.html",
    until: "2014-08-01",
    citation: "R. He and J. McAuley (2016). Ups and Downs: Modeling the Visual Evolution of Fashion Trends with One-Class Collaborative Filtering. WWW 2016, 507-517.",
    files: (category: AmazonCategory): SetFile[] => [
      { role: "events", path: `reviews_${category}_5.json.gz`, urls: [`http://snap.stanford.edu/data/amazon/productGraph/categoryFiles/reviews_${category}_5.json.gz`] },
      { role: "items", path: `meta_${category}.json.gz`, urls: [`http://snap.stanford.edu/data/amazon/productGraph/categoryFiles/meta_${category}.json.gz`] },
    ],
  },
  2018: {
    page: "https://cseweb.ucsd.edu/~jmcauley/datasets/amazon_v2/",
    until: "2018-11-01",
    citation: "J. Ni, J. Li and J. McAuley (2019). Justifying Recommendations using Distantly-Labeled Reviews and Fine-Grained Aspects. EMNLP-IJCNLP 2019, 188-197.",
    files: (category: AmazonCategory): SetFile[] => [
      { role: "events", path: `${category}_5.json.gz`, urls: hosts(`amazon_v2/categoryFilesSmall/${category}_5.json.gz`) },
      { role: "items", path: `meta_${category}.json.gz`, urls: hosts(`amazon_v2/metaFiles2/meta_${category}.json.gz`) },
    ],
  },
  2023: {
    page: "https://amazon-reviews-2023.github.io/",
    until: "2023-10-01",
    citation: "Y. Hou et al. (2024). Bridging Language and Items for Retrieval and Recommendation. arXiv 2403.03952.",
    files: (category: AmazonCategory): SetFile[] => [
      { role: "events", path: `${category}.csv.gz`, urls: [`${lab}/amazon_2023/benchmark/5core/rating_only/${category}.csv.gz`] },
      { role: "items", path: `meta_${category}.jsonl.gz`, urls: [`${lab}/amazon_2023/raw/meta_categories/meta_${category}.jsonl.gz`] },
    ],
  },
} as const;

/** The laboratory's two hosts have the same tree. */
function hosts(path: string): string[] {
  return [`${lab}/${path}`, `https://jmcauley.ucsd.edu/data/${path}`];
}

const movielensCitation = "F. M. Harper and J. A. Konstan (2015). The MovieLens Datasets: History and Context. ACM Transactions on Interactive Intelligent Systems 5(4), 19:1-19:19.";

function movielens(version: "1m" | "latest-small" | "latest" | "32m", title: string, extension: "dat" | "csv"): CatalogEntry {
  const folder = `ml-${version}`;
  const urls = [`https://files.grouplens.org/datasets/movielens/${folder}.zip`];
  return {
    name: folder,
    title,
    licence: "GroupLens research licence: acknowledge the use, no redistribution without permission",
    homepage: "https://grouplens.org/datasets/movielens/",
    citation: movielensCitation,
    format: "movielens",
    sources: [
      {
        kind: "files",
        origin: urls[0]!,
        recipe: [`fetch ${urls[0]}; it is read as it is, or unpacked`],
        files: [
          { role: "events", path: `${folder}/ratings.${extension}`, urls, member: `${folder}/ratings.${extension}` },
          { role: "items", path: `${folder}/movies.${extension}`, urls, member: `${folder}/movies.${extension}` },
        ],
      },
    ],
  };
}

/** The sets of official files. */
export const officialSets = {
  "amazon-books-2014": amazon(2014, "Books"),
  "amazon-movies-2014": amazon(2014, "Movies_and_TV"),
  "amazon-books-2018": amazon(2018, "Books"),
  "amazon-movies-2018": amazon(2018, "Movies_and_TV"),
  "amazon-books-2023": amazon(2023, "Books"),
  "amazon-movies-2023": amazon(2023, "Movies_and_TV"),
  "ml-1m": movielens("1m", "MovieLens 1M", "dat"),
  "ml-latest-small": movielens("latest-small", "MovieLens latest, small", "csv"),
  "ml-latest": movielens("latest", "MovieLens latest, full", "csv"),
  "ml-32m": movielens("32m", "MovieLens 32M", "csv"),
  diginetica: {
    name: "diginetica",
    title: "Diginetica item views",
    licence: "CIKM Cup 2016, for research; registration needed",
    homepage: "https://competitions.codalab.org/competitions/11161",
    citation: "CIKM Cup 2016 Track 2: Personalized E-Commerce Search Challenge.",
    format: "diginetica",
    sources: [
      {
        kind: "files",
        origin: "https://competitions.codalab.org/competitions/11161#learn_the_details-data2",
        recipe: ["register there, fetch dataset-train-diginetica.zip, unpack it"],
        files: [{ role: "events", path: "train-item-views.csv" }],
      },
    ],
  },
  yoochoose: {
    name: "yoochoose",
    title: "YooChoose clicks",
    licence: "CC BY-NC-ND 4.0",
    homepage: "https://recsys.acm.org/recsys15/challenge/",
    citation: "D. Ben-Shimon et al. (2015). RecSys Challenge 2015 and the YOOCHOOSE Dataset. RecSys 2015, 357-358.",
    format: "yoochoose",
    until: "2014-10-01",
    sources: [
      {
        kind: "files",
        origin: "https://s3-eu-west-1.amazonaws.com/yc-rdata/yoochoose-data.7z, or https://www.kaggle.com/datasets/chadgostopp/recsys-challenge-2015",
        recipe: ["fetch yoochoose-data.7z, unpack it (7z x yoochoose-data.7z)"],
        files: [{ role: "events", path: "yoochoose-clicks.dat" }],
      },
    ],
  },
  retailrocket: {
    name: "retailrocket",
    title: "RetailRocket, views",
    licence: "as its page says",
    homepage: "https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset",
    citation: "Retailrocket recommender system dataset. Kaggle.",
    format: "retailrocket",
    until: "2015-10-01",
    sources: [
      {
        kind: "files",
        origin: "https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset",
        recipe: ["log in to Kaggle, fetch the archive, unpack it"],
        files: [{ role: "events", path: "events.csv" }],
      },
    ],
  },
  "lastfm-1k": {
    name: "lastfm-1k",
    title: "LastFM 1K",
    licence: "as its page says",
    homepage: "http://ocelma.net/MusicRecommendationDataset/lastfm-1K.html",
    citation: "O. Celma (2010). Music Recommendation and Discovery in the Long Tail. Springer.",
    format: "lastfm",
    sources: [
      {
        kind: "files",
        origin: "http://mtg.upf.edu/static/datasets/last.fm/lastfm-dataset-1K.tar.gz",
        recipe: ["fetch lastfm-dataset-1K.tar.gz, unpack it (tar xzf lastfm-dataset-1K.tar.gz)"],
        files: [
          { role: "events", path: "lastfm-dataset-1K/userid-timestamp-artid-artname-traid-traname.tsv" },
          { role: "items", path: "lastfm-dataset-1K/userid-timestamp-artid-artname-traid-traname.tsv" },
        ],
      },
    ],
  },
} as const satisfies Record<string, CatalogEntry>;
