/** What the library shows in cells: its values, and bars that become lines. */
import assert from "node:assert/strict";
import type { Execution } from "../../kernels/sessionlab/client";
import { suiteKernel } from "./kernels";

/** What stands under a cell when it is over: displays with their last update, in order. */
function shownBy({ outputs }: Execution): Record<string, unknown>[] {
  const shown = new Map<string, Record<string, unknown>>();
  for (const { header, content } of outputs) {
    if (!["display_data", "update_display_data", "execute_result"].includes(header.msg_type)) continue;
    const id = (content["transient"] as { display_id?: string } | undefined)?.display_id ?? `output ${shown.size}`;
    shown.set(id, content["data"] as Record<string, unknown>);
  }
  return [...shown.values()];
}

describe("the library's values in cells", () => {
  const { kernel } = suiteKernel();
  const run = async (cell: string): Promise<Record<string, unknown>[]> => {
    const done = await (await kernel()).execute(cell);
    assert.equal(done.reply["status"], "ok", String(done.reply["evalue"]));
    return shownBy(done);
  };

  it("show themselves, figures with a picture", async () => {
    const [events] = await run('lab.eventsFrom({ name: "demo", user: ["u"], item: ["<b>"], time: [0] })');
    assert.match(String(events!["text/html"]), /class="dataframe"[^]*&lt;b&gt;/);
    const [figure] = await run('plot({ x: [1, 2], y: [3, 4], type: "bar" }, { title: { text: "Bars" } })');
    assert.deepEqual(Object.keys(figure!).sort(), ["application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"]);
    const [frame] = await run("new dfd.DataFrame({ a: [1, 2] })");
    assert.match(String(frame!["text/plain"]), /^DataFrame {2}2 rows/);
  });

  it("show an error that is a value with the lines of the cell that made it", async () => {
    for (const [make, name] of [["new RangeError('low')", "RangeError"], ["new lab.ConfigError('low')", "ConfigError"]] as const) {
      const [error] = await run(`function make() {\n  return ${make};\n}\nmake()`);
      const lines = String(error!["text/plain"]).split("\n");
      assert.equal(lines[0], `${name}: low`);
      assert.match(lines[1]!, /^    Cell \[\d+\], line 2, in make$/);
      assert.equal(lines[3], `    > 2 |   return ${make};`);
      assert.doesNotMatch(lines.join("\n"), /node:|dist.kernel|cell-\d/);
      assert.match(String(error!["text/html"]), /<summary>where<\/summary><pre>Cell \[\d+\], line 2, in make/);
    }
  });

  it("hold the place of a figure that is still being drawn", async () => {
    const shown = await run('display(plot({ x: [1], y: [2] }, { title: { text: "First" } })); display.html("<i>second</i>");');
    assert.deepEqual(shown.map((data) => Object.keys(data).includes("image/svg+xml")), [true, false]);
  });

  it("have a bar by the name of progress, which is one line in the end, also where the cell fails", async () => {
    const steps = 'for (let done = 0; done < 8; done++) { progress({ task: "train", done, total: 10, unit: "step", metrics: { loss: 1 / (done + 1) } }); await new Promise((go) => setTimeout(go, 120)); }';
    const done = await (await kernel()).execute(steps);
    assert.ok(done.outputs.some(({ content }) => /\d+ %/.test(String((content["data"] as Record<string, unknown> | undefined)?.["text/plain"]))), "no bar was drawn");
    const lines = shownBy(done).map((data) => data["text/plain"]);
    assert.equal(lines.length, 1);
    assert.match(String(lines[0]), /^■ train {2}7\/10 step {2}[\d.]+ s {2}loss 0\.125$/);
    const failed = await (await kernel()).execute(`${steps} throw new Error("late");`);
    assert.equal(failed.reply["status"], "error");
    assert.match(String(shownBy(failed)[0]!["text/plain"]), /^■ train/);
  });

  it("know the types of what they are given", async () => {
    const done = await (await kernel()).execute("progress({ task: 1 })");
    assert.match(String(done.reply["evalue"]), /Type 'number' is not assignable to type 'string'/);
  });
});
