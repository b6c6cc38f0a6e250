/** Events, sessions, cases and splits as a notebook shows them. */
import assert from "node:assert/strict";
import { describeEvents, describeSplit } from "../../src/data/describe";
import type { EventTable } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitLeaveOneOut } from "../../src/data/split";
import { toBundle } from "../../src/display/mime";
import { leakySessions, smallEvents, smallSplit, textOf } from "./values";

const plain = (value: unknown): string[] => textOf(toBundle(value), "text/plain").split("\n");

describe("data in a notebook", () => {
  it("shows events with their titles", () => {
    assert.deepEqual(plain(smallEvents()), [
      "Events of demo  6 events  3 items  2 users",
      "",
      "user  when        item  title                             rating",
      'u1    1970-01-01  a     Heat <script>alert("1")</script>       5',
      "u1    1970-01-02  b     Casino                                 4",
      "u1    1970-01-03  c     Alien & Aliens                         3",
      "u2    1970-01-01  b     Casino                                 2",
      "u2    1970-01-02  c     Alien & Aliens                         1",
      'u2    1970-01-03  a     Heat <script>alert("1")</script>     4.5',
    ]);
  });

  it("escapes titles in HTML, in a table that front ends style", () => {
    const html = textOf(toBundle(smallEvents()));
    assert.match(html, /<table border="1" class="dataframe">/);
    assert.ok(html.includes('<td style="text-align:left">Heat &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</td>'));
    assert.ok(html.includes("Alien &amp; Aliens"));
    assert.ok(!html.includes("<script"));
  });

  it("shows the first and last rows of thirty million events, and reads no others", () => {
    const size = 30_000_000;
    class Unread extends Int32Array {
      static get [Symbol.species]() {
        return Int32Array;
      }
      override [Symbol.iterator](): ReturnType<Int32Array["values"]> {
        throw new Error("the whole column was read");
      }
      override forEach(): void {
        throw new Error("the whole column was read");
      }
    }
    const events: EventTable = { name: "large", itemIds: ["a"], item: new Unread(size), users: ["u"], user: new Unread(size), time: new Float64Array(size), hash: "" };
    const bundle = toBundle(events);
    assert.match(textOf(bundle), /30,000,000 events/);
    assert.match(textOf(bundle), /<td colspan="3" style="text-align:center">… 29,999,992 more …<\/td>/);
    assert.ok(JSON.stringify(bundle).length < 4000, `${JSON.stringify(bundle).length} characters`);
  });

  it("bounds a title of a million characters", () => {
    const events = { ...smallEvents(), titles: ["x".repeat(1_000_000), "", ""] };
    assert.ok(JSON.stringify(toBundle(events)).length < 4000);
  });

  it("shows sessions by their titles, and how long they are", () => {
    const [head, , header, first] = plain(sessionsFrom(smallEvents()));
    assert.equal(head, "Sessions of demo  2 sessions  6 events  all events of a user");
    assert.equal(header, "user  from        items  what came, in order");
    assert.equal(first, 'u1    1970-01-01      3  Heat <script>alert("1")</script> → Casino → Alien & Aliens');
  });

  it("cuts a long session in the middle of a list of many", () => {
    const lengths = Uint32Array.from({ length: 21 }, (_, at) => 10 * at);
    const lines = plain({ offsets: lengths, item: Int32Array.from({ length: 200 }, (_, at) => at) });
    assert.equal(lines[3], "      0     10  item 0 → item 1 → item 2 → item 3 → item 4 → … 5 more");
    assert.equal(lines[7], "… 12 more …");
    assert.equal(lines[8], "     16     10  item 160 → item 161 → item 162 → item 163 → item 164 → … 5 more");
  });

  it("shows a split with the periods and what each part is for", () => {
    assert.deepEqual(plain(smallSplit()), [
      "Split of demo  global time  3 items in training, 0 only later  2 users in training, 0 only later",
      "",
      "part   time               sessions  events  cases  what for",
      "train  before 1970-01-02         2       4      -  to learn from",
      "valid  from 1970-01-02           0       -      0  to choose by",
      "test   from 1970-01-03           2       -      2  to look at: each look is counted",
    ]);
  });

  it("warns under a split that leaks", () => {
    const html = textOf(toBundle(splitLeaveOneOut(leakySessions())));
    assert.match(html, /<small>Leave-one-out trains on events that come after its test targets;/);
  });

  it("shows cases as what came so far and what came next", () => {
    const lines = plain(smallSplit().test);
    assert.equal(lines[0], "Cases: test  2 cases  2 sessions");
    assert.equal(lines[3], '   0       2  Heat <script>alert("1")</script> → Casino  Alien & Aliens');
  });

  it("says of an item that training never saw it", () => {
    const { test, items } = smallSplit();
    const lines = plain({ ...test, items: { ...items, trained: 2 } });
    assert.equal(lines[3], '   0       2  Heat <script>alert("1")</script> → Casino  Alien & Aliens (not in training)');
  });

  it("shows training sessions and dictionaries", () => {
    const { train, items, users } = smallSplit();
    assert.equal(plain(train)[0], "Sessions to learn from  2 sessions  4 events  3 items");
    assert.deepEqual(plain(items).slice(0, 4), ["Items  3 in training  0 only later", "", "number  id  title", '     0  a   Heat <script>alert("1")</script>']);
    assert.equal(plain(users)[0], "Ids  2 in training  0 only later");
  });

  it("shows counts of events and splits", () => {
    assert.deepEqual(plain(describeEvents(smallEvents())), [
      "Events  6 events  1970-01-01 to 1970-01-03  ratings 1 to 5, mean 3.25",
      "",
      "       how many  fewest events  median  mean  most",
      "items         3              2       2   2.0     2",
      "users         2              3       3   3.0     3",
      "",
      "Density 100 %: events by cells of users and items.",
      "0.0 % of the events repeat an item; 33.3 % are of the most frequent tenth of the items (Gini coefficient 0.000).",
      "0.0 % of the events have the time of the one before: their order is the file's.",
      "100.0 % of the items have a title.",
    ]);
    assert.equal(plain(describeSplit(smallSplit()))[3], "train         2                4              2    0.0 %                       -");
  });
});
