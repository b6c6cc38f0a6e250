/**
 * The whole report in a browser, as a person reads it: offline, on a phone and on a wide screen, light and dark, by keyboard, and on
 * paper. What can be read by whom is judged by axe. Pictures of what was seen are kept in .cache/screenshots.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { wholeReport } from "../../src/papers/results-page";
import { suiteFolder } from "../scratch";
import { browserFile, launch, noBrowser, pictureFile } from "./chromium";

const root = join(__dirname, "..", "..");
const axe = require.resolve("axe-core/axe.min.js");
const schemes = ["light", "dark"] as const;

/** What the page answers, run in it as text: the tests' types know no document. */
const questions = {
  headings: '[...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((one) => Number(one.tagName[1]))',
  brokenLinks: '[...document.querySelectorAll("a")].map((one) => one.getAttribute("href")).filter((href) => !href.startsWith("#") || document.getElementById(href.slice(1)) === null)',
  links: 'document.querySelectorAll("a").length',
  mutePictures: '[...document.querySelectorAll("figure")].filter((one) => { const shown = [...one.querySelectorAll("[role=img]")].find((image) => image.checkVisibility()); const named = shown?.getAttribute("aria-label") ?? shown?.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent).join(" "); return (named ?? "").length < 40; }).length',
  figures: 'document.querySelectorAll("figure").length',
  faultyTables: '[...document.querySelectorAll("table")].filter((one) => (one.caption?.textContent ?? "") === "" || [...one.querySelectorAll("th")].some((head) => !head.hasAttribute("scope")) || one.querySelector("tbody th[scope=row]") === null).length',
  tables: 'document.querySelectorAll("table").length',
  tooWide: '[document.documentElement, ...document.querySelectorAll("main *, nav *, header *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && one.closest(".scroll, pre, svg, .skip") === null).map((one) => one.outerHTML.slice(0, 120))',
  cutTitles: '[...document.querySelectorAll("caption")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.textContent)',
  scrolling: '[...document.querySelectorAll(".scroll")].filter((one) => one.scrollWidth > one.clientWidth).length',
  cutOnPaper: '[...document.querySelectorAll("table")].filter((one) => one.getBoundingClientRect().width > document.querySelector("main").clientWidth + 1).map((one) => one.caption.textContent)',
  focused: '(document.activeElement.getAttribute("href") ?? document.activeElement.tagName)',
} as const;

describe("the whole report", function () {
  this.timeout(600_000);
  const folder = suiteFolder();
  let browser: Browser | undefined;
  let address: string;

  before(async function () {
    if (browserFile === undefined) {
      console.log(`skipped: ${noBrowser}`);
      return this.skip();
    }
    const { html } = wholeReport(join(root, "results"));
    assert.ok(html.length < 10e6, `${html.length} bytes`);
    writeFileSync(join(folder(), "report.html"), html);
    address = pathToFileURL(join(folder(), "report.html")).href;
    browser = await launch();
  });

  after(() => browser?.close());

  /** The page without network, and what it complained about or asked for. */
  async function open(width: number, colorScheme: (typeof schemes)[number]): Promise<{ readonly page: Page; readonly complaints: readonly string[]; readonly requests: readonly string[] }> {
    const context = await browser!.newContext({ viewport: { width, height: 1000 }, colorScheme, offline: true });
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(address);
    await page.locator(".interactive .main-svg").first().waitFor();
    return { page, complaints, requests };
  }

  function ask<T>(page: Page, question: keyof typeof questions): Promise<T> {
    return page.evaluate(questions[question]) as Promise<T>;
  }

  for (const width of [400, 1000, 1600]) {
    it(`loads nothing and complains of nothing at ${width} pixels; what is wider scrolls in a box of its own`, async () => {
      for (const scheme of schemes) {
        const { page, complaints, requests } = await open(width, scheme);
        assert.deepEqual(complaints, []);
        assert.deepEqual(requests, [address]);
        assert.deepEqual(await ask(page, "tooWide"), []);
        assert.deepEqual(await ask(page, "cutTitles"), []);
        if (width === 400) assert.ok((await ask<number>(page, "scrolling")) > 10);
        await page.screenshot({ path: pictureFile(`report-${width}-${scheme}`) });
        await page.context().close();
      }
    });
  }

  it("has one title, headings in order, links that lead somewhere, tables with captions and scopes, and a text for each figure", async () => {
    const { page } = await open(1000, "light");
    const levels = await ask<number[]>(page, "headings");
    assert.deepEqual([levels[0], levels.filter((level) => level === 1).length], [1, 1]);
    levels.slice(1).forEach((level, at) => assert.ok(level <= levels[at]! + 1, `a heading of level ${level} after one of ${levels[at]}`));
    assert.deepEqual(await ask(page, "brokenLinks"), []);
    assert.ok((await ask<number>(page, "links")) > 100);
    assert.ok((await ask<number>(page, "figures")) >= 4);
    assert.equal(await ask(page, "mutePictures"), 0);
    assert.ok((await ask<number>(page, "tables")) > 20);
    assert.equal(await ask(page, "faultyTables"), 0);
    await page.context().close();
  });

  it("is reached by keyboard: the way past the contents first, then the contents, and Enter goes there", async () => {
    const { page } = await open(1000, "light");
    await page.keyboard.press("Tab");
    assert.equal(await ask(page, "focused"), "#main");
    await page.keyboard.press("Tab");
    const first = await ask<string>(page, "focused");
    assert.match(first, /^#./);
    await page.keyboard.press("Enter");
    await page.waitForFunction(`location.hash === ${JSON.stringify(first)} && Math.abs(document.querySelector(${JSON.stringify(first)}).getBoundingClientRect().top) < 200`);
    await page.goBack();
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    assert.equal(await ask(page, "focused"), "MAIN");
    await page.context().close();
  });

  for (const scheme of schemes) {
    it(`passes axe's rules of WCAG 2.2 A and AA and its best practices, ${scheme}: contrast too`, async () => {
      const { page } = await open(400, scheme);
      await page.evaluate('for (const one of document.querySelectorAll("details.note")) one.open = true; document.querySelector("details.passport").open = true');
      await page.addScriptTag({ path: axe });
      const rules: RunOptions = { resultTypes: ["violations", "incomplete"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] };
      const found = (await page.evaluate(`axe.run(document, ${JSON.stringify(rules)})`)) as AxeResults;
      const faults = found.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}: ${failureSummary}`));
      assert.deepEqual(faults.slice(0, 10), []);
      const contrast = found.passes.find(({ id }) => id === "color-contrast");
      assert.ok(contrast !== undefined, "the contrast of texts was computed");
      await page.context().close();
    });
  }

  it("goes on paper: pictures instead of scripts, black on white, tables within the page", async () => {
    const { page } = await open(1040, "dark"); // A4 across, less its margins
    await page.emulateMedia({ media: "print", colorScheme: "light" });
    assert.equal(await page.locator(".interactive >> visible=true").count(), 0);
    assert.ok((await page.locator(".static >> visible=true").count()) >= 4);
    assert.deepEqual(await ask(page, "cutOnPaper"), []);
    assert.equal(await page.evaluate("getComputedStyle(document.body).color"), "rgb(0, 0, 0)");
    await page.context().close();
  });
});
