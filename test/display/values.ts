/** Small values of every kind that the library returns, for the tests of how they are shown. */
import { eventsFrom } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitByTime } from "../../src/data/split";

/** A title that would run in a page which forgets to escape. */
export const evilTitle = 'Heat <script>alert("1")</script>';

/** Two users, three items, the first with a title that must be escaped. */
export function smallEvents() {
  return eventsFrom({
    name: "demo",
    user: ["u1", "u1", "u1", "u2", "u2", "u2"],
    item: ["a", "b", "c", "b", "c", "a"],
    time: [0, 86_400, 172_800, 0, 86_400, 172_800],
    rating: [5, 4, 3, 2, 1, 4.5],
    titles: new Map([["a", evilTitle], ["b", "Casino"], ["c", "Alien & Aliens"]]),
  });
}

/** Of four events a user, so that leave-one-out has something to train on; all of u1's are before those of u2. */
export function leakySessions() {
  return sessionsFrom(eventsFrom({ name: "demo", user: [..."1111", ..."2222"], item: [..."abcaabca"], time: [0, 1, 2, 3, 4, 5, 6, 7] }));
}

/** Cut so that each user's last event is a case of the test period; validation is empty. */
export function smallSplit() {
  return splitByTime(sessionsFrom(smallEvents(), { minLength: 1 }), { at: [86_401, 172_800] });
}

/** The text of one MIME type of a bundle. */
export function textOf(bundle: unknown, mime: "text/html" | "text/plain" | "text/markdown" | "image/svg+xml" = "text/html"): string {
  const text = (bundle as Readonly<Record<string, unknown>> | undefined)?.[mime];
  if (typeof text !== "string") throw new Error(`Expected ${mime} in the bundle, found ${JSON.stringify(Object.keys(bundle ?? {}))}`);
  return text;
}
