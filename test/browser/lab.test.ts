/**
 * JupyterLab in a browser, as a person uses it: opens a notebook, runs it, sees a figure, a bar that moves and a completion,
 * stops a loop and a training, and goes on. Pictures of what was seen are kept in .cache/screenshots.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { suiteFolder } from "../scratch";
import { browserFile, launch, noBrowser, pictureFile } from "./chromium";

const root = join(__dirname, "..", "..");
const jupyter = join(root, ".venv", "bin", "jupyter-lab");

const cells = [
  'plot([{ x: ["POP", "Item-kNN", "SASRec"], y: [0.024, 0.069, 0.062], type: "bar" }], { title: { text: "NDCG@10" } })',
  'for (let done = 0; done <= 8; done++) {\n  progress({ task: "count", done, total: 8, unit: "step", metrics: { loss: 8 - done } });\n  await new Promise((resolve) => setTimeout(resolve, 400));\n}\n"counted"',
  "new dfd.DataFrame({ model: ['POP', 'Item-kNN'], ndcg: [0.024, 0.069] })",
  "const fine = 1;\nconst text: string = fine;",
  "const kept = 6 * 7;\nkept",
];

/** Users of two tastes as personas. */
const explorer = `const origin = { source: "made", rule: "by hand", version: "1" };
const edges = (name: string, from: string, to: string, pairs: number[][]) => ({ name, from, to, source: Int32Array.from(pairs, ([a]) => a), target: Int32Array.from(pairs, ([, b]) => b), origin });
const ids = (count: number, letter: string) => Array.from({ length: count }, (_, n) => letter + n);
const people = lab.graphFrom(
  [{ type: "user", ids: ids(24, "u") }, { type: "item", ids: ids(10, "i"), labels: ids(10, "Title ") }, { type: "genre", ids: ["War", "Drama"] }],
  [edges("chose", "user", "item", Array.from({ length: 72 }, (_, n) => [n % 24, (n % 2) * 5 + ((n + Math.floor(n / 24)) % 5)])), edges("genre", "item", "genre", Array.from({ length: 10 }, (_, n) => [n, Math.floor(n / 5)]))],
);
const personas = await lab.learnPersonas(people, { shape: [10, 4], data: new lab.Rng("items").normals(40) }, { groups: 2, hdgi: { dimension: 8, epochs: 20 } }, { rng: new lab.Rng(1), progress });
await lab.explorePersonas(personas, { nodes: ["u0", "u1"] })`;

/** The application that the server's flag --expose-app-in-browser gives to the page. */
interface JupyterApp {
  readonly started: Promise<void>;
  readonly commands: { execute(command: string, options?: object): Promise<unknown> };
}

describe("JupyterLab", function () {
  this.timeout(240_000);
  const folder = suiteFolder();
  let server: ChildProcess | undefined;
  let browser: Browser | undefined;
  let page: Page;

  before(async function () {
    if (!existsSync(jupyter) || browserFile === undefined) {
      console.log(`skipped: ${existsSync(jupyter) ? noBrowser : "no JupyterLab in .venv (npm run setup)"}`);
      return this.skip();
    }
    const notebook = {
      nbformat: 4, nbformat_minor: 5, metadata: { kernelspec: { name: "sessionlab", display_name: "TypeScript (SessionLab)", language: "typescript" } },
      cells: cells.map((source, i) => ({ cell_type: "code", id: `cell${i}`, source, metadata: i === 3 ? { tags: ["raises-exception"] } : {}, execution_count: null, outputs: [] })),
    };
    writeFileSync(join(folder(), "seen.ipynb"), JSON.stringify(notebook));
    const url = await startServer();
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
    await page.goto(`${url}/tree/seen.ipynb`);
    await page.waitForSelector(".jp-Notebook .jp-CodeCell");
    await page.getByRole("button", { name: "No", exact: true }).click({ timeout: 5000 }).catch(() => undefined); // Jupyter's news
    await idle();
  });

  after(async () => {
    await browser?.close();
    if (server === undefined || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server!.once("exit", resolve));
    server.kill("SIGTERM"); // it ends its kernels first
    await ended;
  });

  /** Starts a server whose settings are in the suite's folder alone. @returns the address of JupyterLab */
  function startServer(): Promise<string> {
    const own = (name: string): string => join(folder(), `.jupyter-${name}`);
    const env = {
      ...process.env, JUPYTER_PATH: root, JUPYTER_CONFIG_DIR: own("config"), JUPYTER_DATA_DIR: own("data"), JUPYTER_RUNTIME_DIR: own("runtime"), JUPYTERLAB_SETTINGS_DIR: own("settings"),
      JUPYTERLAB_WORKSPACES_DIR: own("workspaces"), SESSIONLAB_KERNEL_HISTORY: "", PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`,
    };
    const options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=", "--expose-app-in-browser", `--ServerApp.root_dir=${folder()}`];
    server = spawn(jupyter, options, { cwd: folder(), env, stdio: ["ignore", "ignore", "pipe"] });
    return new Promise((resolve, reject) => {
      let log = "";
      server!.stderr!.on("data", (piece: Buffer) => {
        log += piece.toString();
        const found = /(http:\/\/127\.0\.0\.1:[1-9]\d*\/lab)/.exec(log);
        if (found !== null) resolve(found[1]!);
      });
      server!.once("exit", () => reject(new Error(`Expected a server, found one that ended:\n${log}`)));
    });
  }

  function command(name: string, options: object = {}): Promise<void> {
    return page.evaluate(
      async ([id, args]) => {
        await (globalThis as unknown as { jupyterapp: JupyterApp }).jupyterapp.commands.execute(id as string, args as object);
      },
      [name, options] as const,
    );
  }

  /** Waits until the notebook's kernel says that it has nothing to do. */
  async function idle(): Promise<void> {
    await page.waitForFunction(() => /\| Idle/.test((globalThis as unknown as { document: { body: { innerText: string } } }).document.body.innerText), undefined, { timeout: 90_000 });
  }

  function cell(index: number) {
    return page.locator(".jp-Notebook .jp-CodeCell").nth(index);
  }

  async function picture(name: string): Promise<void> {
    await page.screenshot({ path: pictureFile(name) });
  }

  /** Types code into a new last cell. */
  async function type(code: string): Promise<number> {
    await command("notebook:move-cursor-down");
    await page.keyboard.press("Escape");
    const count = await page.locator(".jp-Notebook .jp-CodeCell").count();
    await cell(count - 1).locator(".cm-content").click();
    await page.keyboard.press("Escape");
    await command("notebook:insert-cell-below");
    await cell(count).locator(".cm-content").click();
    await page.keyboard.insertText(code);
    return count;
  }

  it("runs all cells: a figure is drawn, a bar moves in place, a table and an error are shown, results are numbered", async () => {
    void command("notebook:run-all-cells").catch(() => undefined);
    const bar = cell(1).locator(".jp-OutputArea-output");
    await bar.first().waitFor({ timeout: 60_000 });
    const seen = new Set<string>();
    while (seen.size < 3) {
      seen.add((await bar.first().innerText()).trim());
      assert.ok((await bar.count()) <= 2, "the bar was not updated in its place");
      await page.waitForTimeout(150);
    }
    await picture("1-bar");
    await cell(4).locator(".jp-OutputArea-executeResult").waitFor({ timeout: 60_000 });
    await idle();
    await page.locator(".jp-Notebook .js-plotly-plot .main-svg").first().waitFor();
    assert.equal(await cell(0).locator(".js-plotly-plot .bars path").count(), 3);
    assert.match(await bar.first().innerText(), /count.*8/s);
    assert.equal(await cell(2).locator("table tbody tr").count(), 2);
    assert.match(await cell(3).locator(".jp-OutputArea-output").innerText(), /Type 'number' is not assignable to type 'string'.*line 2:7/s);
    assert.equal(await cell(4).locator(".jp-OutputArea-executeResult pre").innerText(), "42");
    assert.match(await cell(4).locator(".jp-InputPrompt").innerText(), /\[5\]/);
    await picture("2-run-all");
  });

  it("offers completions", async () => {
    const index = await type("lab.");
    await page.keyboard.type("spl");
    await page.keyboard.press("Tab");
    const popup = page.locator(".jp-Completer").filter({ hasText: "splitByTime" });
    await popup.waitFor();
    assert.match(await popup.innerText(), /splitBySession[^]*splitByTime/);
    await picture("3-completion");
    await page.keyboard.press("Enter");
    assert.match(await cell(index).locator(".cm-content").innerText(), /^lab\.split/);
  });

  it("shows personas in an explorer: a user is chosen, a meta-path switched off, the vector moves", async () => {
    const index = await type(explorer);
    void command("notebook:run-cell").catch(() => undefined);
    const panel = cell(index).locator("[data-explorer]");
    await panel.locator("select").waitFor({ timeout: 60_000 });
    assert.equal(await panel.locator('[data-part="still"]').count(), 0);
    await panel.locator("select").selectOption({ index: 1 });
    await panel.locator("input").first().uncheck();
    assert.match(await panel.locator('[data-part="head"]').innerText(), /the vector moved by \d/);
    assert.match(await panel.locator('[data-part="tables"]').innerText(), /item\s+off/);
    assert.match(await panel.locator('[data-part="history"]').innerText(), /Title 6/);
    await panel.scrollIntoViewIfNeeded();
    await picture("4-explorer");
    await idle();
  });

  for (const [name, code] of [
    ["a loop", 'console.log("begun");\nwhile (true) {}'],
    ["a training", 'const numbers = Array.from({ length: 4000 }, (_, i) => i);\nconst split = lab.splitByTime(lab.sessionsFrom(lab.eventsFrom({ name: "made", user: numbers.map((i) => String(i % 40)), item: numbers.map((i) => String((i * 7) % 97)), time: numbers })));\nconst model = lab.models.sasrec.make({ epochs: 100000, patience: 100000 });\nconsole.log("begun");\nawait model.fit(split.train, split.valid, { rng: new lab.Rng(1), progress });'],
  ] as const) {
    it(`stops ${name}, and the next cell works`, async () => {
      const index = await type(code);
      void command("notebook:run-cell").catch(() => undefined);
      await cell(index).locator(".jp-OutputArea-output").filter({ hasText: "begun" }).waitFor({ timeout: 60_000 });
      await page.waitForTimeout(1500);
      await command("notebook:interrupt-kernel");
      await cell(index).locator(".jp-OutputArea-output").filter({ hasText: "Interrupted" }).waitFor({ timeout: 30_000 });
      await picture(name === "a loop" ? "5-loop-stopped" : "6-training-stopped");
      const next = await type("kept + 1");
      void command("notebook:run-cell").catch(() => undefined);
      await cell(next).locator(".jp-OutputArea-output").first().waitFor({ timeout: 60_000 });
      assert.equal(await cell(next).locator(".jp-OutputArea-executeResult pre").innerText(), "43");
      await idle();
    });
  }
});
