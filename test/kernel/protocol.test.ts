/** Jupyter's messages, each by what is in it: results, displays, streams, errors, questions about code, history, comms. */
import assert from "node:assert/strict";
import type { Message } from "../../kernels/sessionlab/wire";
import { withFolder } from "../scratch";
import { plain, printedBy, resultOf, suiteKernel, tracebackOf, typesOf, withKernel } from "./kernels";

describe("the kernel's messages", () => {
  const { kernel } = suiteKernel({ onInput: (question) => `answer to ${question}` });
  const ask = async (type: string, content: object): Promise<Message["content"]> => (await (await kernel()).request(type, content)).content;
  const run = async (code: string, options: object = {}) => (await kernel()).execute(code, options);

  it("say what the kernel is", async () => {
    const info = await ask("kernel_info_request", {});
    assert.equal(info["status"], "ok");
    assert.equal(info["protocol_version"], "5.4");
    assert.equal(info["implementation"], "sessionlab");
    const { name, version, file_extension: extension } = info["language_info"] as Record<string, unknown>;
    assert.deepEqual([name, version, extension], ["typescript", "5.9.3", ".ts"]);
    const onControl = await (await kernel()).request("kernel_info_request", {}, "control");
    assert.deepEqual(onControl.content, info);
  });

  it("give a cell's input, its result under its number, and a reply with the same number", async () => {
    const before = Number((await run("0")).reply["execution_count"]);
    const done = await run("({ a: 1 })");
    assert.deepEqual(typesOf(done), ["execute_input", "execute_result"]);
    assert.deepEqual(done.outputs[0]!.content, { code: "({ a: 1 })", execution_count: before + 1 });
    assert.deepEqual(done.outputs[1]!.content, { execution_count: before + 1, data: { "text/plain": "{ a: 1 }" }, metadata: {} });
    assert.deepEqual(done.reply, { status: "ok", execution_count: before + 1, user_expressions: {}, payload: [] });
    for (const nothing of ["const unseen = 1", "undefined", "null", "", "// only a remark"]) assert.deepEqual(typesOf(await run(nothing)), ["execute_input"], nothing);
  });

  it("show what shows itself, displays by their id, and what replaces them", async () => {
    const done = await run(`
      const shown = { [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>x</b>", "image/png": new Uint8Array([1, 2]) }) };
      const handle = display("first", { id: "mine" }); handle.update("second"); display.update("third", "mine");
      display.markdown("**m**"); display.clear({ wait: true });
      shown`);
    const [first, ...others] = done.outputs.slice(1);
    assert.deepEqual(first!.content, { data: { "text/plain": "'first'" }, metadata: {}, transient: { display_id: "mine" } });
    const byType = Object.fromEntries(others.map(({ header, content }) => [header.msg_type, content]));
    assert.deepEqual(byType["display_data"]!["data"], { "text/markdown": "**m**" });
    assert.deepEqual(byType["clear_output"], { wait: true });
    assert.deepEqual((byType["update_display_data"]!["data"] as Record<string, unknown>)["text/plain"], "'third'");
    const data = byType["execute_result"]!["data"] as Record<string, string>;
    assert.deepEqual([data["text/html"], data["image/png"], typeof data["text/plain"]], ["<b>x</b>", "AQI=", "string"]);
  });

  it("hold the place of a display that takes time, and wait for it before the cell ends", async () => {
    const done = await run(`
      const slow = { [Symbol.for("Jupyter.display")]: () => new Promise<object>((resolve) => setTimeout(() => resolve({ "text/html": "late" }), 100)) };
      display(slow); console.log("printed after");`);
    assert.deepEqual(typesOf(done), ["execute_input", "display_data", "stream", "update_display_data"]);
    assert.equal((done.outputs[3]!.content["data"] as Record<string, unknown>)["text/html"], "late");
    assert.deepEqual(done.outputs[3]!.content["transient"], done.outputs[1]!.content["transient"]);
  });

  it("thin out the updates of one display, and always give the last", async () => {
    const done = await run('const many = display(0); for (let i = 1; i <= 1000; i++) many.update(i);');
    const updates = done.outputs.filter(({ header }) => header.msg_type === "update_display_data");
    assert.ok(updates.length < 100, `${updates.length} updates`);
    assert.deepEqual((updates.at(-1)!.content["data"] as object), { "text/plain": "1000" });
  });

  it("show progress as a bar, which is one line when the cell has ended, also by an error", async () => {
    for (const end of ["1", "throw new Error('stop')"]) {
      const done = await run(`const report = (done: number) => progress({ task: "count", done, total: 4, unit: "step" });
        report(0); await new Promise((resolve) => setTimeout(resolve, 700)); report(1); await new Promise((resolve) => setTimeout(resolve, 300)); report(2); ${end}`);
      const shown = done.outputs.filter(({ header }) => /display_data$/.test(header.msg_type)).map(({ content }) => (content["data"] as Record<string, string>)["text/plain"]!);
      assert.match(shown[0]!, /count.*1\/4 step/s);
      assert.equal(shown.at(-1)!.split("\n").length, 1);
      const ids = done.outputs.filter(({ header }) => /display_data$/.test(header.msg_type)).map(({ content }) => (content["transient"] as { display_id: string }).display_id);
      assert.equal(new Set(ids).size, 1);
    }
  });

  it("keep text as text when a value's own method fails", async () => {
    const done = await run('({ [Symbol.for("Jupyter.display")]() { throw new Error("no picture"); } })');
    assert.equal(done.reply["status"], "ok");
    assert.equal(printedBy(done)[0]!.text, "The value could not be shown: no picture\n");
    assert.match(String(resultOf(done)), /Symbol\(Jupyter.display\)/);
  });

  it("come while a synchronous computation goes on", async () => {
    const arrived: number[] = [];
    const client = await kernel();
    client.onPublished = ({ header, content }) => {
      if (header.msg_type === "stream" && content["text"] === "begun\n") arrived.push(performance.now());
    };
    await client.execute('console.log("begun"); const until = Date.now() + 1500; while (Date.now() < until); console.log("ended")');
    const ended = performance.now();
    client.onPublished = () => undefined;
    assert.equal(arrived.length, 1);
    assert.ok(ended - arrived[0]! > 700, "the first line came with the end");
  });

  it("name an error, say its message, and point at the line", async () => {
    const done = await run("const fine = 1;\nthrow new TypeError('wrong');");
    assert.deepEqual([done.reply["status"], done.reply["ename"], done.reply["evalue"]], ["error", "TypeError", "wrong"]);
    assert.deepEqual(typesOf(done), ["execute_input", "error"]);
    const { ename, evalue, traceback } = done.outputs[1]!.content;
    assert.deepEqual([ename, evalue, traceback], ["TypeError", "wrong", done.reply["traceback"]]);
    assert.match(tracebackOf(done), /^TypeError: wrong\n  Cell \[\d+\], line 2\n    1 \| const fine = 1;\n  > 2 \| throw new TypeError\('wrong'\);$/);
    const odd = await run("throw { code: 3 }");
    assert.deepEqual([odd.reply["ename"], odd.reply["evalue"]], ["Thrown", "{ code: 3 }"]);
    const chain = await run('throw new Error("outer", { cause: new RangeError("inner") })');
    assert.match(tracebackOf(chain), /Caused by:\n  RangeError: inner/);
  });

  it("abort what was sent before an error, and nothing that is sent after it", async () => {
    const client = await kernel();
    const all = await Promise.all([client.execute("await new Promise((r) => setTimeout(r, 200)); throw new Error('first')"), client.execute("1"), client.execute("2")]);
    assert.deepEqual(all.map(({ reply }) => reply["status"]), ["error", "aborted", "aborted"]);
    assert.equal((await client.execute("3")).reply["status"], "ok");
    const going = await Promise.all([client.execute("throw new Error('first')", { stop_on_error: false }), client.execute("4")]);
    assert.deepEqual(going.map(({ reply }) => reply["status"]), ["error", "ok"]);
  });

  it("are held back for silent code, which is not counted", async () => {
    const before = Number((await run("0")).reply["execution_count"]);
    const silent = await run('console.log("x"); display(1); var hidden = 5; hidden', { silent: true });
    assert.deepEqual([typesOf(silent), silent.reply["status"]], [[], "ok"]);
    const unkept = await run("hidden + 1", { store_history: false });
    assert.deepEqual([resultOf(unkept), unkept.reply["execution_count"]], ["6", before]);
    assert.equal((await run("0")).reply["execution_count"], before + 1);
  });

  it("evaluate user_expressions after the cell", async () => {
    const { reply } = await run("const base = 20", { user_expressions: { good: "base + 1", bad: "nowhere" } });
    const { good, bad } = reply["user_expressions"] as Record<string, Record<string, unknown>>;
    assert.deepEqual(good, { status: "ok", data: { "text/plain": "21" }, metadata: {} });
    assert.deepEqual([bad!["status"], bad!["ename"]], ["error", "CompileError"]);
  });

  it("complete members, names of earlier cells and names that need no import, counting characters", async () => {
    await run("const somewhere = { alpha: 1, beta: 'x' };");
    const code = "'😀'; somewhere.al";
    const reply = await ask("complete_request", { code, cursor_pos: [...code].length });
    assert.deepEqual([reply["matches"], reply["cursor_start"], reply["cursor_end"]], [["alpha"], 15, 17]);
    const types = (reply["metadata"] as Record<string, { text: string; type: string }[]>)["_jupyter_types_experimental"];
    assert.deepEqual(types!.map(({ text, type }) => [text, type]), [["alpha", "property"]]);
    assert.deepEqual((await ask("complete_request", { code: "somewh", cursor_pos: 6 }))["matches"], ["somewhere"]);
    assert.ok(((await ask("complete_request", { code: "la", cursor_pos: 2 }))["matches"] as string[]).includes("lab"));
    const fromLibrary = await ask("complete_request", { code: "lab.splitByT", cursor_pos: 12 });
    assert.deepEqual((fromLibrary["metadata"] as Record<string, unknown>)["_jupyter_types_experimental"], [{ start: 4, end: 12, text: "splitByTime", type: "function" }]);
  });

  it("explain what is under the cursor", async () => {
    const reply = await ask("inspect_request", { code: "lab.splitByTime", cursor_pos: 15, detail_level: 0 });
    assert.equal(reply["found"], true);
    const { "text/plain": text, "text/markdown": markdown } = reply["data"] as Record<string, string>;
    assert.match(text!, /splitByTime\(/);
    assert.match(markdown!, /^```typescript\n[^]*splitByTime[^]*```\n\n\w/);
    assert.deepEqual(await ask("inspect_request", { code: "   ", cursor_pos: 1 }), { status: "ok", found: false, data: {}, metadata: {} });
  });

  it("tell code that is whole from code that goes on and code that is wrong", async () => {
    const cases: readonly (readonly [code: string, status: string, indent?: string])[] = [
      ["1 + 1", "complete"], ["function f() {}", "complete"], ["await x", "complete"],
      ["function f() {", "incomplete", "  "], ["  if (x) {", "incomplete", "    "], ["[1,", "incomplete", ""], ["`text", "incomplete", ""], ["/* remark", "incomplete", ""], ["1 +", "incomplete", ""],
      ["let 1x", "invalid"], ["const = 3;", "invalid"], ["}", "invalid"],
    ];
    for (const [code, status, indent] of cases) {
      assert.deepEqual(await ask("is_complete_request", { code }), indent === undefined ? { status } : { status, indent }, code);
    }
  });

  it("answer questions about code while a cell waits", async () => {
    const client = await kernel();
    const waiting = client.execute("await new Promise((resolve) => setTimeout(resolve, 1500)); 'done'");
    const states: unknown[] = [];
    client.onPublished = ({ header, content }) => {
      if (header.msg_type === "status") states.push(content["execution_state"]);
    };
    assert.deepEqual((await client.request("is_complete_request", { code: "1" })).content, { status: "complete" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.onPublished = () => undefined;
    assert.equal(states.at(-1), "busy"); // the cell still runs
    assert.equal(resultOf(await waiting), "'done'");
  });

  it("ask the user, who answers", async () => {
    assert.equal(resultOf(await run('prompt("who?")')), "'answer to who?'");
    assert.equal(resultOf(await run('await Promise.resolve(); prompt("later?", { password: true })')), "'answer to later?'");
    assert.match(String((await run('prompt("no")', { allow_stdin: false })).reply["evalue"]), /Expected a front end that can ask the user/);
  });

  it("open, use and close comms from both ends", async () => {
    const client = await kernel();
    const seen: Message[] = [];
    client.onPublished = (message) => {
      if (message.header.msg_type.startsWith("comm_")) seen.push(message);
    };
    await run('const heard: unknown[] = []; comms.register("echo", (comm, opening) => { heard.push(opening.data["hello"]); comm.onMessage = ({ data }) => comm.send({ back: data["ping"] }); comm.onClose = () => heard.push("closed"); });');
    await client.send("shell", client.message("comm_open", { comm_id: "c1", target_name: "echo", data: { hello: "h" } }));
    await client.send("shell", client.message("comm_msg", { comm_id: "c1", data: { ping: 7 } }));
    assert.deepEqual((await ask("comm_info_request", { target_name: "echo" }))["comms"], { c1: { target_name: "echo" } });
    await client.send("shell", client.message("comm_close", { comm_id: "c1", data: {} }));
    await client.send("shell", client.message("comm_open", { comm_id: "c2", target_name: "nobody", data: {} }));
    assert.equal(resultOf(await run("heard")), "[ 'h', 'closed' ]");
    await run('const mine = comms.open("widget", { state: 1 }); mine.send({ state: 2 }); mine.close();');
    client.onPublished = () => undefined;
    assert.deepEqual(seen.map(({ header, content }) => [header.msg_type, content["data"]]), [
      ["comm_msg", { back: 7 }], ["comm_close", {}], ["comm_open", { state: 1 }], ["comm_msg", { state: 2 }], ["comm_close", {}],
    ]);
    assert.deepEqual((await ask("comm_info_request", {}))["comms"], {});
  });

  it("give history of this session and of earlier ones: its tail, a range, a search", async () => {
    await withFolder(async (folder) => {
      const env = { SESSIONLAB_KERNEL_HISTORY: `${folder}/history.jsonl` };
      await withKernel({ env }, async (first) => {
        await first.execute("const one = 1");
        await first.execute("one + 1");
        await first.execute("'unkept'", { store_history: false });
        await first.shutdown();
      });
      await withKernel({ env }, async (second) => {
        const history = async (content: object) => (await second.request("history_request", { output: false, raw: true, ...content })).content["history"];
        await second.execute("'three'");
        assert.deepEqual(await history({ hist_access_type: "tail", n: 2 }), [[1, 2, "one + 1"], [2, 1, "'three'"]]);
        assert.deepEqual(await history({ hist_access_type: "range", session: 0, start: 1, stop: 10, output: true }), [[2, 1, ["'three'", "'three'"]]]);
        assert.deepEqual(await history({ hist_access_type: "range", session: -1, start: 1, stop: 2 }), [[1, 1, "const one = 1"]]);
        assert.deepEqual(await history({ hist_access_type: "search", pattern: "one*", n: 5 }), [[1, 2, "one + 1"]]);
        assert.deepEqual(await history({ hist_access_type: "search", pattern: "*one*", n: 1, unique: true }), [[1, 2, "one + 1"]]);
        await second.shutdown();
      });
    });
  });

  it("leave the heartbeat beating in a loop", async () => {
    const client = await kernel();
    const busy = client.execute("const end = Date.now() + 1000; while (Date.now() < end);");
    const took = await client.heartbeat();
    await busy;
    assert.ok(took < 900, `${took} ms`);
  });

  it("show colours only in tracebacks", async () => {
    const done = await run("nothing");
    assert.equal(plain(String(done.reply["evalue"])), done.reply["evalue"]);
  });
});
