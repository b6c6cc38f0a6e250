/** The notebooks as lessons: short, with an aim at the start and assertions and tasks at the end; and as HTML pages whose links lead somewhere. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { skipFor } from "../data/fixtures";
import { suiteFolder } from "../scratch";
import { load } from "../setup/load";

interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly source: string | readonly string[];
}

interface Lesson {
  readonly cells: readonly Cell[];
}

interface Course {
  missingForCourse(): string | undefined;
  headOf(lesson: Lesson): { readonly title: string; readonly about: string };
  makeCourse(folder: string, names?: readonly string[]): string[];
  linkFaults(folder: string): string[];
}

const root = join(__dirname, "..", "..");
const longest = 25;
const textOf = ({ source }: Cell): string => [source].flat().join("");

/** What a lesson lacks. */
function lessonFaults({ cells }: Lesson): string[] {
  const end = cells.slice(-3);
  return [
    ...(cells.length <= longest ? [] : ["too many cells"]),
    ...(/you will learn/i.test(textOf(cells[0]!)) ? [] : ["no word on what you will learn"]),
    ...(end.some((cell) => cell.cell_type === "code" && /\bassert\.|\bcheck\(/.test(textOf(cell))) ? [] : ["no assertions at the end"]),
    ...(end.some((cell) => cell.cell_type === "markdown" && /^## .*what to try/im.test(textOf(cell))) ? [] : ["nothing to try at the end"]),
  ];
}

describe("lessons", () => {
  const names = readdirSync(join(root, "notebooks")).filter((file) => file.endsWith(".ipynb")).sort();
  const read = (name: string): Lesson => JSON.parse(readFileSync(join(root, "notebooks", name), "utf8")) as Lesson;

  it("begin with what you will learn, end with assertions and what to try, and are short", () => {
    assert.ok(names.length >= 10);
    const found = Object.fromEntries(names.map((name) => [basename(name, ".ipynb"), lessonFaults(read(name))]).filter(([, faults]) => faults!.length > 0));
    assert.deepEqual(found, {});
  });

  it("are found wanting where they are", () => {
    const words = (source: string): Cell => ({ cell_type: "markdown", source });
    const good: Lesson = { cells: [words("# T\n\nYou will learn it."), { cell_type: "code", source: ["assert.ok", "(true)"] }, words("## 2. What to try")] };
    assert.deepEqual(lessonFaults(good), []);
    assert.deepEqual(lessonFaults({ cells: [words("# T")] }), ["no word on what you will learn", "no assertions at the end", "nothing to try at the end"]);
    assert.deepEqual(lessonFaults({ cells: [good.cells[0]!, ...Array.from({ length: 24 }, () => words("x")), ...good.cells.slice(1)] }), ["too many cells"]);
  });

  it("are in README's table, one by one", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    assert.deepEqual(names.filter((name) => !readme.includes(`](notebooks/${name})`)), []);
  });
});

describe("the course as HTML", function () {
  this.timeout(900_000); // ten seconds on a quiet machine
  const folder = suiteFolder();
  let course: Course;
  let pages: readonly string[];

  before(async function () {
    course = await load<Course>("course.mjs");
    const missing = course.missingForCourse();
    if (missing !== undefined) skipFor(this, missing);
    pages = course.makeCourse(join(folder(), "course"));
  });

  it("has a page for each notebook and an index with their titles, and no link that leads nowhere", () => {
    const names = readdirSync(join(root, "notebooks")).filter((file) => file.endsWith(".ipynb")).sort();
    assert.deepEqual(pages, ["index.html", ...names.map((name) => name.replace(".ipynb", ".html"))]);
    assert.deepEqual(course.linkFaults(join(folder(), "course")), []);
    const index = readFileSync(join(folder(), "course", "index.html"), "utf8");
    assert.ok(index.includes('<a href="00-quick-start.html">Quick start: a session in, a list out</a>'));
    for (const page of pages.slice(1)) {
      const html = readFileSync(join(folder(), "course", page), "utf8");
      assert.ok(index.includes(`href="${page}"`) && html.includes('href="index.html"'), page);
      assert.match(html, /<svg|data:image\/png/, `${page} shows no picture`);
    }
  });

  it("finds links that lead to no file and to no place", () => {
    const own = join(folder(), "planted");
    course.makeCourse(own, ["11"]);
    writeFileSync(join(own, "index.html"), '<p id="here"><a href="#here">a</a> <a href="#there">b</a> <a href="11-your-own-data.html">c</a> <a href="12.html">d</a> <a href="11-your-own-data.html#nowhere">e</a> <a href="https://example.org/x">f</a></p>');
    assert.deepEqual(course.linkFaults(own), ["index.html: #there leads to no place", "index.html: 12.html leads to no file", "index.html: 11-your-own-data.html#nowhere leads to no place"]);
  });
});
