/**
 * The tests' reporter: a dot for each test, then skipped and slow tests, failures in full, and on the last line,
 * alone, "N passed, N failed".
 */
const { reporters, Runner } = require("mocha");

const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Runner.constants;
const slowest = { count: 5, milliseconds: 2000 };

/** Milliseconds that the process has to end by itself. */
const patience = 20_000;

/** A socket or a timer that a test left open must not keep whoever waits for the tests. */
function endAnyway(failures) {
  const open = process.report.getReport().libuv.filter((handle) => handle.is_active && handle.is_referenced && handle.type !== "loop");
  console.error(`Something that a test left open kept the process for ${patience / 1000} s (${open.map(({ type }) => type).join(", ")}); it ends now`);
  process.exit(failures > 0 ? 1 : 0);
}

module.exports = class Tally extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    const passed = [];
    const skipped = [];
    let written = 0;
    const mark = (sign) => process.stdout.write(++written % 100 === 0 ? `${sign}\n` : sign);
    runner.on(EVENT_TEST_PASS, (test) => {
      passed.push(test);
      mark(".");
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      skipped.push(test);
      mark(",");
    });
    runner.on(EVENT_TEST_FAIL, () => mark("!"));
    runner.once(EVENT_RUN_END, () => {
      const slow = passed.filter((test) => test.duration > slowest.milliseconds).sort((a, b) => b.duration - a.duration);
      const lines = [
        "",
        ...skipped.map((test) => `skipped: ${test.fullTitle()}`),
        ...slow.slice(0, slowest.count).map((test) => `${(test.duration / 1000).toFixed(1)} s: ${test.fullTitle()}`),
      ];
      console.log(lines.join("\n"));
      if (this.failures.length > 0) reporters.Base.list(this.failures);
      console.log(`in ${((this.stats.duration ?? 0) / 1000).toFixed(0)} s${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
      console.log(`${passed.length} passed, ${this.stats.failures} failed`);
      setTimeout(() => endAnyway(this.stats.failures), patience).unref();
    });
  }
};
