/** Small generated files in the form of each raw format: what their readers, and the damage done to them, are tried on. */
import { Rng } from "../../src/core/rng";
import type { RawFormatName } from "../../src/data/formats/index";

/** Files of a format by the name that they have there. */
export interface RawFixture {
  readonly format: RawFormatName;
  readonly what: string;
  readonly events: string;
  /** Events that the file holds, when it is whole. */
  readonly count: number;
  readonly items?: string;
  readonly itemCount?: number;
}

const rng = new Rng("raw files");
const users = Array.from({ length: 5 }, (_, n) => `A${n}XYZ`);
const asins = Array.from({ length: 7 }, (_, n) => `B00${n}QQ`);
const rows = Array.from({ length: 40 }, (_, n) => ({ user: users[rng.int(5)]!, item: asins[rng.int(7)]!, rating: 1 + rng.int(5), time: 1300000000 + 86400 * n }));
const lines = (texts: readonly string[]): string => `${texts.join("\n")}\n`;
const json = (records: readonly object[]): string => lines(records.map((one) => JSON.stringify(one)));
const iso = (time: number): string => new Date(time * 1000).toISOString();

const reviews = json(rows.map(({ user, item, rating, time }) => ({ reviewerID: user, asin: item, helpful: [2, 3], reviewText: 'a "good" one, {really}', overall: rating, summary: "s", unixReviewTime: time })));
const reviews2023 = json(rows.map(({ user, item, rating, time }) => ({ rating, title: "t", text: "x, y", asin: `E${item}`, parent_asin: item, user_id: user, timestamp: time * 1000 + 7, verified_purchase: true })));

/** A file of each kind that a format has, with its items once. */
export const rawFixtures: readonly RawFixture[] = [
  {
    format: "amazon-2014", what: "reviews and metadata", events: reviews, count: 40, itemCount: 7,
    items: lines(asins.map((asin, n) => `{'asin': '${asin}', 'title': "Book ${n}: it's", 'price': 12.99, 'categories': [['Books', 'Art &amp; Craft'], ['Books']], 'salesRank': {'Books': ${n}}, 'related': {'also_bought': ['x', "y"]}}`)),
  },
  { format: "amazon-2014", what: "ratings", events: lines(rows.map(({ user, item, rating, time }) => `${user},${item},${rating}.0,${time}`)), count: 40 },
  {
    format: "amazon-2018", what: "reviews and metadata", events: reviews, count: 40, itemCount: 7,
    items: json(asins.map((asin, n) => ({ category: ["Books", "History &amp; Criticism"], title: `Tom &amp; <i>Jerry</i> ${n}`, brand: `Visit Amazon's Author ${n % 3} Page`, asin, also_buy: ["1"] }))),
  },
  { format: "amazon-2018", what: "ratings, the item first", events: lines(rows.map(({ user, item, rating, time }) => `${item},${user},${rating}.0,${time}`)), count: 40 },
  {
    format: "amazon-2023", what: "reviews and metadata", events: reviews2023, count: 40, itemCount: 7,
    items: json(asins.map((parent_asin, n) => ({ main_category: "Books", title: `Title ${n}`, author: n === 0 ? null : { avatar: "u", name: `Name ${n}`, about: [] }, store: `Name ${n} (Author)`, categories: ["Books", "Fiction"], details: { Publisher: "P" }, parent_asin }))),
  },
  { format: "amazon-2023", what: "the 5-core CSV", events: lines(["user_id,parent_asin,rating,timestamp", ...rows.map(({ user, item, rating, time }) => `${user},${item},${rating}.0,${time * 1000}`)]), count: 40 },
  {
    format: "amazon-2023", what: "the 5-core CSV with history", count: 40,
    events: lines(["user_id,parent_asin,rating,timestamp,history", ...rows.map(({ user, item, rating, time }, n) => `${user},${item},${rating}.0,${time * 1000},${asins.slice(0, n % 4).join(" ")}`)]),
  },
  {
    format: "diginetica", what: "item views", count: 40,
    events: lines(["sessionId;userId;itemId;timeframe;eventdate", ...rows.map(({ item, time }, n) => `${1 + (n >> 2)};NA;${item.slice(3, 4)}1;${(n % 4) * 5000};${iso(time).slice(0, 10)}`)]),
  },
  { format: "yoochoose", what: "clicks", events: lines(rows.map(({ time }, n) => `${1 + (n >> 2)},${iso(time)},${2140000 + (n % 9)},${n % 5 === 0 ? "S" : "0"}`)), count: 40 },
  {
    format: "retailrocket", what: "events", count: 34,
    events: lines(["timestamp,visitorid,event,itemid,transactionid", ...rows.map(({ time }, n) => `${time * 1000},${n % 6},${n % 10 === 3 ? "addtocart" : n % 20 === 4 ? "transaction" : "view"},${n % 8},`)]),
  },
  {
    format: "movielens", what: "1M", events: lines(rows.map(({ rating, time }, n) => `${1 + (n % 5)}::${1 + (n % 8)}::${rating}::${time}`)), count: 40, itemCount: 3,
    items: lines(["1::Toy Story (1995)::Animation|Children's|Comedy", "2::Jumanji (1995)::Adventure", "3::Nine: Ten (1999)::Drama|War"]),
  },
  {
    format: "movielens", what: "32M", events: lines(["userId,movieId,rating,timestamp", ...rows.map(({ rating, time }, n) => `${1 + (n % 5)},${1 + (n % 8)},${rating - 0.5},${time}`)]), count: 40, itemCount: 3,
    items: lines(["movieId,title,genres", "1,Toy Story (1995),Adventure|Animation", '2,"American ""President"", The (1995)",Comedy|Romance', "3,Nameless,(no genres listed)"]),
  },
  {
    format: "lastfm", what: "1K", count: 40, itemCount: 8,
    events: lines(rows.map(({ time }, n) => `user_${n % 3}\t${iso(time)}\tart${n % 2}\tArtist ${n % 2}\t${n % 4 === 0 ? "" : `tr${n % 8}`}\tTrack ${n % 8}`)),
    items: lines(rows.map(({ time }, n) => `user_${n % 3}\t${iso(time)}\tart${n % 2}\tArtist ${n % 2}\t${n % 4 === 0 ? "" : `tr${n % 8}`}\tTrack ${n % 8}`)),
  },
  {
    format: "recbole", what: "atomic files", count: 40, itemCount: 7,
    events: lines(["user_id:token\titem_id:token\trating:float\ttimestamp:float", ...rows.map(({ user, item, rating, time }) => `${user}\t${item}\t${rating}\t${time}`)]),
    items: lines(["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq", ...asins.map((asin, n) => `${asin}\tFilm ${n}\t${1990 + n}\tDrama War`)]),
  },
];
