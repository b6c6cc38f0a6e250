/**
 * Entries of the catalogue for the sets that the papers' experiments here use, each with its public source, the commit,
 * the sha256 of its files and of the text in them, and the recipe that makes them from there. Tables are gzip TSV with a
 * header and no quotes; a plain one, or one of another gzip, has the same text and is as good.
 */
import type { CatalogEntry, SetFile } from "./catalog";

const books = "github.com/Tiny-Snow/SeqRecBenchmark-Datasets at 3bc413e, data/amazon2014-book_1000000/proc.zip";
const goodbooks = "github.com/zygmuntz/goodbooks-10k at 6dd165b5, books.csv";
const movies = "github.com/zhao1701/amazon-movie-recommendation at 948df48";
const reviews = "R. He and J. McAuley (2016). Ups and Downs: Modeling the Visual Evolution of Fashion Trends with One-Class Collaborative Filtering. WWW 2016, 507-517.";

const bookFiles: readonly SetFile[] = [
  { role: "events", path: "amazon-books/interactions.tsv.gz", sha256: "c9499ca93c64a178e077a5ac3a6c12a4679976efc0eca21ec24c51abc5b1346d", unpacked: "c9551df3e79debf485b685f1b964840c0078aa14c73dfe240454183b76847ae5" },
  { role: "items", path: "amazon-books/items.tsv.gz", sha256: "cdf8d2e5502b29e2ed6688c42da8f85dfa3a3ccc6090ea80575f3570558429e6", unpacked: "83b5ce91aaa1627c81a7231a7d5ebcb648fd95352c400e8d3fb1beb20b157148" },
  { role: "authors", path: "amazon-books/goodbooks_authors.tsv.gz", sha256: "2f65d144259192dcac24b3530aec875b4b87d009a571166b592f7373863d2494", unpacked: "0c4106f6eb99c02567e3898a7d2cc9c4488f322aaa114b3b15643f1b42446f11" },
];

const bookSteps = [
  `from ${books}: load the pandas pickles and flatten the lists of users, items and timestamps; ids are kept, and the order of a user's events`,
  "write user, item, timestamp (unix seconds) to interactions.tsv.gz and item, title to items.tsv.gz",
  `from ${goodbooks} (CC BY-SA 4.0): join by normalised title; write item, goodreads_book_id, isbn, authors, original_publication_year, language_code, match, n_candidates (the books of one title) to goodbooks_authors.tsv.gz`,
];

/** The sets of the shared data. */
export const sharedSets = {
  "amazon-books": {
    name: "amazon-books",
    title: "Amazon Books 2014, sample, 5-core",
    licence: "MIT on the repository; the reviews are McAuley's Amazon data, for research",
    homepage: "https://github.com/Tiny-Snow/SeqRecBenchmark-Datasets",
    citation: reviews,
    sources: [{ kind: "files", origin: books, recipe: bookSteps, files: bookFiles }],
    counts: { users: 38234, items: 38519, events: 517167 },
    contentHash: "0b780ea69ada4fa8c0e698a018cbc11ae77f545dbd4228ceb8eb39860dd23430",
  },
  "books-linked": {
    name: "books-linked",
    title: "Amazon Books 2014, linked slice, 5-core",
    licence: "as amazon-books; links to DBpedia CC BY-SA",
    homepage: "https://github.com/Tiny-Snow/SeqRecBenchmark-Datasets",
    citation: reviews,
    sources: [
      {
        kind: "files",
        origin: books,
        recipe: [
          ...bookSteps,
          "from the LODrecsys mapping v1.2 of LibraryThing to DBpedia (MIT): join by normalised title; write item, dbpedia_uri, match, n_candidates, name_match, author_ok to dbpedia_links_librarything.tsv.gz",
          "books-linked is then the 5-core over items with one author by title (n_candidates = 1 in goodbooks_authors) or a precise link (name_match = 1 and author_ok is not 0, or author_ok = 1)",
        ],
        files: [...bookFiles, { role: "links", path: "amazon-books/dbpedia_links_librarything.tsv.gz", sha256: "147a42ecc7611d8f476564c9328620eb6dc02cf9a715ad43f3528a1d0b0ba43a", unpacked: "b864273df74cc65be0ec4d73295ae99acd7ee75a9f6111a694d756da1c829581" }],
      },
    ],
    counts: { users: 13010, items: 7924, events: 152770 },
    contentHash: "a932541770d170f99d9573febb3e18695c9004758514d7e9333317a688dbb726",
  },
  "amazon-movies": {
    name: "amazon-movies",
    title: "Amazon Movies & TV 2014, dense sample",
    licence: "none stated on the repository; the reviews are McAuley's Amazon data, the items OMDb's and IMDb's",
    homepage: "https://github.com/zhao1701/amazon-movie-recommendation",
    citation: reviews,
    sources: [
      {
        kind: "files",
        origin: movies,
        recipe: [
          `from ${movies}: data/reviews_sample_25.csv gives user (reviewerID), item (ASIN), rating, timestamp (unix seconds) to interactions.tsv.gz`,
          "data-2/amazon_data.csv, omdb_data.csv and imdb_data.csv go to items_amazon.tsv.gz, items_omdb.tsv.gz and items_imdb.tsv.gz, a row a line, unquoted",
        ],
        files: [
          { role: "events", path: "amazon-movies/interactions.tsv.gz", sha256: "b22f953e46c584a01405e722cf582dbdacee654d71f152f21ff4da1051241f24", unpacked: "a6c5c1c04caa233f458de225e3430fef8de3f81f9115ef68a06b1cde2361aa81" },
          { role: "amazon", path: "amazon-movies/items_amazon.tsv.gz", sha256: "ecd664c1338b94f541d4d0f60e2c9b70725e000af6710d75e2ea8efcf7b3ba1f", unpacked: "a4b6cc4e44ab85ed6110b403225e268d4edb0ff775769e148248a754d90437ce" },
          { role: "omdb", path: "amazon-movies/items_omdb.tsv.gz", sha256: "b62e1cd70908b4e9eb2a646ad4966f62e9ca0f1d6446dd9010cd9b9df458d8f3", unpacked: "62d453729ec77b9116ad7ae79b7c71ef35ac9a3ad01fcb2b40e79a61d61ab7f8" },
          { role: "imdb", path: "amazon-movies/items_imdb.tsv.gz", sha256: "969cfcd073c20ba9070775c043325e54161b6d48e939d3cf46343b2a9c1b8daa", unpacked: "784b95c0129da3c803168d733cfa208809b0e54e63ecef9b5ad5f37ad1d02bab" },
        ],
      },
    ],
    counts: { users: 2579, items: 3107, events: 57019 },
    contentHash: "d0c6b02c431c62d7793b20744f2f264bd63a410d24d33fd5cf42c0bd6887402e",
  },
  "yoochoose-clicks": {
    name: "yoochoose-clicks",
    title: "YooChoose clicks, sample with real times",
    licence: "MIT on the repository; RecSys Challenge 2015, for research",
    homepage: "https://github.com/Tiny-Snow/SeqRecBenchmark-Datasets",
    citation: "D. Ben-Shimon et al. (2015). RecSys Challenge 2015 and the YOOCHOOSE Dataset. RecSys 2015, 357-358.",
    sources: [
      {
        kind: "files",
        origin: "github.com/Tiny-Snow/SeqRecBenchmark-Datasets at 3bc413e, data/, the YooChoose clicks of 100k",
        recipe: ["load the pandas pickles and flatten the lists of sessions, items and timestamps; ids and repeats are kept; write session, item, timestamp_ms to clicks.tsv.gz"],
        files: [{ role: "events", path: "sessions/yoochoose-clicks/clicks.tsv.gz", sha256: "a4995460ffeb350bd88334d5a751b8fa48fb594c527c4b79c98fae55ed9e8ae1", unpacked: "c25de27e721b783067007644c2cc43fc120b0009b35f26e854293a18b1e12184" }],
      },
    ],
    counts: { sessions: 17744, items: 5630, events: 145716 },
    contentHash: "09360549c2ecc4de0251a5ec22efbfa8d07952d1d63c530be8216f7317099325",
  },
  "diginetica-benchmark": {
    name: "diginetica-benchmark",
    title: "Diginetica, the SR-GNN line's split",
    licence: "none stated on the repository; CIKM Cup 2016, for research",
    homepage: "https://github.com/CCIIPLab/GCE-GNN",
    citation: "S. Wu et al. (2019). Session-Based Recommendation with Graph Neural Networks. AAAI 2019, 346-353 (the split); CIKM Cup 2016 Track 2 (the data).",
    form: "benchmark",
    sources: [
      {
        kind: "files",
        origin: "github.com/CCIIPLab/GCE-GNN at 2125753, datasets/diginetica/all_train_seq.txt and test.txt",
        recipe: [
          "all_train_seq.txt is a pickled list of sessions: write one a line, ids between spaces, to train_sessions.txt.gz",
          "test.txt holds pickled lists of prefixes and of labels: write prefix, tab, label, one case a line, to test_prefix_label.txt.gz",
        ],
        files: [
          { role: "train", path: "sessions/diginetica/train_sessions.txt.gz", sha256: "ccdaaea89bad2bb149c0a01a17793c8811f78382aad2c690818cc45181465afe", unpacked: "d58e465fdacfe2592b414228a771ec4aa5c43c968c61bb25d2a7cc1d2de8c146" },
          { role: "test", path: "sessions/diginetica/test_prefix_label.txt.gz", sha256: "30adb3f47a0f925fbcf39337127f07e0cc27f006b59caf17abf88fa3cfa25b0c", unpacked: "42f9222be5717b5dc783ed3732f47cc0cd58bbacd8744815d06086cce3b6762c" },
        ],
      },
    ],
    counts: { sessions: 186670, items: 43097, events: 906140 },
  },
} as const satisfies Record<string, CatalogEntry>;
