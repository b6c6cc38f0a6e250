/**
 * A set-up of two steps in the folder argv[2], for the tests of the step runner. It appends to `trace` what happens:
 * two set-ups at once would show as interleaved lines. argv[3] is how many milliseconds the slow step takes.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lostLine, runSteps, SetupError } from "../../scripts/steps.mjs";

const [, , root, milliseconds, how] = process.argv;
const trace = (text) => appendFileSync(join(root, "trace"), `${text}\n`);
const input = join(root, "input");

const slow = {
  name: "slow",
  says: "writes a file slowly",
  inputs: () => readFileSync(input, "utf8"),
  ready: () => existsSync(join(root, "made")),
  async run({ exec }) {
    trace("slow begins");
    await exec(process.execPath, ["-e", "setTimeout(() => require('fs').writeFileSync('made', 'x'), +process.argv[1])", milliseconds]);
    trace("slow ends");
    return "a remark";
  },
};
const fragile = {
  name: "fragile",
  says: "fails where there is no tool",
  loses: "the fragile part is missing",
  inputs: () => "",
  needs: () => String(existsSync(join(root, "tool"))),
  ready: () => true,
  async run({ exec }) {
    trace("fragile runs");
    if (how === "broken") await exec(process.execPath, ["-e", "console.log('one'); console.error('two'); process.exit(3)"], { how: "mend it" });
    if (!existsSync(join(root, "tool"))) throw new SetupError("no tool was found", { how: "make a tool" });
  },
};

if (!existsSync(input)) writeFileSync(input, "1");
const steps = how === "broken" ? [slow, { ...fragile, loses: undefined }] : [slow, fragile];
try {
  const { ran, state } = await runSteps(root, steps, { again: how === "again" });
  console.log(JSON.stringify({ ran, lost: state.fragile?.lost === undefined ? null : lostLine(state.fragile.lost) }));
} catch (error) {
  console.log(JSON.stringify({ failed: error.message, how: error.how, output: error.output }));
  process.exitCode = 1;
}
