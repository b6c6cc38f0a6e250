import assert from "node:assert/strict";
import type { ProgressReport } from "../../src/core/progress";
import { barLine, progressBar } from "../../src/display/bar";

const report = (done: number, total?: number): ProgressReport => ({ task: "train SASRec", done, total, unit: "epoch" });

/** A stream and a clock of our own. */
function fake(isTTY: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const bar = progressBar({ isTTY, columns: 60, write: (text: string) => written.push(text) }, () => clock.ms);
  return { written, clock, bar };
}

describe("progressBar", () => {
  it("shows the share, the rate, the time left and the metrics", () => {
    const line = barLine({ ...report(3, 12), rate: 0.25, secondsLeft: 36, metrics: { loss: 6.12345 } });
    assert.equal(line, "train SASRec  █████░░░░░░░░░░░░░░░  25 %  3/12 epoch  0.25 epoch/s  36 s left  loss 6.123");
    assert.equal(barLine(report(7)), "train SASRec  7 epoch");
    assert.equal(barLine(report(1.53333)), "train SASRec  1.5 epoch");
    assert.equal(barLine(report(3, 12), 20).length, 20);
  });

  it("draws in place on a terminal, at most ten times a second, and the last one always", () => {
    const { written, clock, bar } = fake(true);
    bar.progress(report(1, 100));
    clock.ms = 50;
    bar.progress(report(2, 100));
    assert.equal(written.length, 1);
    assert.ok(written[0]!.startsWith("\r\x1b[Ktrain SASRec"));
    assert.ok(!written[0]!.includes("\n"));
    clock.ms = 60;
    bar.progress(report(100, 100));
    assert.match(written[1]!, /100 %/);
    bar.say("done");
    assert.deepEqual(written.slice(2), ["\r\x1b[K", "done\n"]);
  });

  it("writes a line every ten seconds elsewhere", () => {
    const { written, clock, bar } = fake(false);
    for (let second = 0; second <= 25; second++) {
      clock.ms = second * 1000;
      bar.progress(report(second, 100));
    }
    bar.end();
    assert.deepEqual(written.map((line) => line.match(/(\d+)\/100/)![1]), ["0", "10", "20"]);
    assert.ok(written.every((line) => line.endsWith("\n") && !line.includes("\r")));
  });
});
