/** The bars of a notebook, with a display and a clock of the test's own. */
import assert from "node:assert/strict";
import { meter } from "../../src/core/progress";
import { toBundle, type MimeBundle } from "../../src/display/mime";
import { notebookProgress } from "../../src/display/notebook-progress";
import { textOf } from "./values";

function fake() {
  const clock = { ms: 0 };
  /** What each display shows now, and how often it was shown or changed. */
  const shown = new Map<string, MimeBundle>();
  let drawings = 0;
  const put = (value: unknown, id: string): void => {
    drawings++;
    shown.set(id, toBundle(value) as MimeBundle);
  };
  const display = Object.assign((value: unknown, { id = `display ${shown.size + 1}` }: { readonly id?: string }) => (put(value, id), { id }), { update: put });
  return { clock, shown, progress: notebookProgress(display, () => clock.ms), texts: () => [...shown.values()].map((bundle) => textOf(bundle, "text/plain")), drawings: () => drawings };
}

describe("notebookProgress", () => {
  it("draws one bar a task in place, a few times a second, and leaves one line", () => {
    const { clock, shown, progress, texts, drawings } = fake();
    for (let step = 0; step < 1000; step++) {
      clock.ms = step * 10;
      progress({ task: "train SASRec", done: step / 100, total: 10, unit: "epoch", rate: 1, secondsLeft: 10 - step / 100, metrics: { loss: 7 - step / 500 } });
    }
    assert.equal(shown.size, 1);
    assert.ok(drawings() > 10 && drawings() < 60, `${drawings()} drawings`);
    assert.equal(texts()[0], "train SASRec  99 %  9.9/10 epoch  1.00 epoch/s  0.10 s left  loss 5.02");
    clock.ms = 10_000;
    progress({ task: "train SASRec", done: 10, total: 10, unit: "epoch", metrics: { loss: 5 } });
    assert.deepEqual(texts(), ["✓ train SASRec  10/10 epoch  10 s  loss 5"]);
    progress({ task: "train SASRec", done: 10, total: 10, unit: "epoch", metrics: { loss: 5, "NDCG@10": 0.06123 } }); // validated
    assert.deepEqual(texts(), ["✓ train SASRec  10/10 epoch  10 s  loss 5  NDCG@10 0.06123"]);
    const html = textOf([...shown.values()][0]);
    assert.equal(html, "<div>✓ <strong>train SASRec</strong> 10/10 epoch · 10 s · loss 5 · NDCG@10 0.06123</div>");
  });

  it("charts each metric that moves, with few points however many there were", () => {
    const { clock, shown, progress } = fake();
    for (let step = 0; step <= 5000; step++) {
      clock.ms = step * 300;
      progress({ task: "train", done: step, total: 10_000, unit: "step", metrics: { loss: 8 - step / 1000 } });
    }
    const html = textOf([...shown.values()][0]);
    const points = /<polyline [^>]*points="([^"]*)"/.exec(html)![1]!.split(" ").map((point) => point.split(",").map(Number));
    assert.ok(points.length > 50 && points.length <= 160, `${points.length} points`);
    assert.ok(points[0]![1]! < points.at(-1)![1]!, "a falling loss goes down the picture");
    assert.ok(points.at(-1)![0]! < 140, "half of the training is half of the chart");
    assert.match(html, />loss: 7\.984 to 3\.004</);
  });

  it("shows nothing of what is over at once", () => {
    const { clock, progress, shown } = fake();
    const tick = meter(progress, "count", "session", 2);
    tick(1);
    clock.ms = 100;
    tick(2);
    progress.end();
    assert.equal(shown.size, 0);
  });

  it("closes at the cell's end what stopped early, and starts afresh in the next cell", () => {
    const { clock, progress, texts } = fake();
    progress({ task: "train", done: 0, total: 16, unit: "epoch" });
    clock.ms = 3000;
    progress({ task: "train", done: 9, total: 16, unit: "epoch", metrics: { loss: 5 } });
    clock.ms = 4000;
    progress.end();
    assert.deepEqual(texts(), ["■ train  9/16 epoch  4.0 s  loss 5"]);
    clock.ms = 5000;
    progress({ task: "train", done: 0, total: 2, unit: "epoch" });
    clock.ms = 6000;
    progress({ task: "train", done: 2, total: 2, unit: "epoch" });
    assert.deepEqual(texts(), ["■ train  9/16 epoch  4.0 s  loss 5", "✓ train  2/2 epoch  1.0 s"]);
    progress.end();
    assert.equal(texts().length, 2);
  });

  it("keeps one line for what runs several times in a cell", () => {
    const { clock, progress, texts } = fake();
    for (let run = 0; run < 3; run++) {
      for (const done of [0, 1, 2]) {
        progress({ task: "evaluate", done, total: 2, unit: "case" });
        clock.ms += 400;
      }
    }
    assert.deepEqual(texts(), ["✓ evaluate  3 times  2.4 s"]);
  });

  it("shows a task without a known total, and escapes names", () => {
    const { clock, progress, texts, shown } = fake();
    progress({ task: "read <b>", done: 0, unit: "row" });
    clock.ms = 700;
    progress({ task: "read <b>", done: 1234, unit: "row", rate: 2000 });
    assert.deepEqual(texts(), ["read <b>  1234 row  2000 row/s"]);
    assert.ok(textOf([...shown.values()][0]).includes("<strong>read &lt;b&gt;</strong>"));
    progress.end();
    assert.deepEqual(texts(), ["✓ read <b>  1234 row  0.70 s"]);
  });
});
