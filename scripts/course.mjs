/**
 * npm run course [-- FOLDER]: the notebooks, with the outputs that they were saved with, as HTML pages in one folder (course/), and an
 * index. Nothing is executed. Ends with an error where a link inside leads nowhere.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { notebookPaths } from "./notebooks.mjs";

const root = join(fileURLToPath(import.meta.url), "..", "..");
const bin = join(root, ".venv", process.platform === "win32" ? "Scripts" : "bin");

/** Why there is no course here, if there is none. */
export function missingForCourse() {
  return readdirSync(root).includes(".venv") && readdirSync(bin).some((file) => /^jupyter-nbconvert(\.exe)?$/.test(file)) ? undefined : "there is no nbconvert in .venv (npm run setup says what it needs)";
}

const text = (source) => (Array.isArray(source) ? source.join("") : source);
const escaped = (words) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const plain = (words) => words.replace(/\*\*|[*`]|\[([^\]]+)\]\([^)]*\)/g, (_, label) => label ?? "");

/** The title of a notebook and its first paragraph. */
export function headOf(notebook) {
  const lines = text(notebook.cells[0].source).split("\n");
  const title = (lines.find((line) => line.startsWith("# ")) ?? "# untitled").slice(2);
  const about = lines.slice(1).join("\n").trim().split(/\n\s*\n/)[0] ?? "";
  return { title: plain(title), about: plain(about.replaceAll("\n", " ")) };
}

/** Makes the pages. @returns their names, the index first */
export function makeCourse(folder, names = []) {
  const paths = notebookPaths(names);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const made = spawnSync(join(bin, "jupyter-nbconvert"), ["--to", "html", "--log-level=WARN", "--output-dir", folder, ...paths], { encoding: "utf8", env: { ...process.env, PYDEVD_DISABLE_FILE_VALIDATION: "1" } });
  if (made.status !== 0) throw new Error(`Expected pages of the notebooks, found that nbconvert ended with ${made.status}:\n${made.stderr}`);
  const pages = paths.map((path) => `${basename(path, ".ipynb")}.html`);
  for (const page of pages) {
    const file = join(folder, page);
    // A link to a notebook is one to its page here.
    writeFileSync(file, readFileSync(file, "utf8").replace(/href="((?:\.\/)?[\w-]+)\.ipynb(#[^"]*)?"/g, 'href="$1.html$2"').replace("<body", '<body data-course="page"').replace(/(<main|<body[^>]*>)/, (start) => (start === "<main" ? start : `${start}\n<p style="padding:.5rem 1rem"><a href="index.html">All notebooks</a></p>`)));
  }
  const items = paths.map((path, at) => {
    const { title, about } = headOf(JSON.parse(readFileSync(path, "utf8")));
    return `<li><h2><a href="${pages[at]}">${escaped(title)}</a></h2>\n<p>${escaped(about)}</p></li>`;
  });
  writeFileSync(join(folder, "index.html"), `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>SessionLab: the notebooks</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:0 auto;padding:1rem}h2{font-size:1.1rem;margin:1.5rem 0 .3rem}ol{padding-left:1.4rem}p{margin:.3rem 0}</style>
</head>
<body>
<main>
<h1>SessionLab: the notebooks</h1>
<p>In reading order, with the outputs that they were saved with. <code>npm run lab</code> opens them to be run and changed.</p>
<ol>
${items.join("\n")}
</ol>
</main>
</body>
</html>
`);
  return ["index.html", ...pages];
}

/** Links of a folder's pages that lead to no file or to no place in one. */
export function linkFaults(folder) {
  const pages = readdirSync(folder).filter((file) => file.endsWith(".html"));
  const contents = new Map(pages.map((page) => [page, readFileSync(join(folder, page), "utf8")]));
  const places = new Map([...contents].map(([page, html]) => [page, new Set(Array.from(html.matchAll(/\s(?:id|name)="([^"]+)"/g), ([, id]) => id))]));
  return pages.flatMap((page) => {
    const links = new Set(Array.from(contents.get(page).replace(/<(script|style)\b[\s\S]*?<\/\1>/g, "").matchAll(/<(?:a|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g), ([, link]) => link.replaceAll("&amp;", "&")));
    return [...links].filter((link) => !/^([a-z][a-z+.-]*:|\/\/)/i.test(link)).flatMap((link) => {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : decodeURIComponent(path);
      if (!existsSync(join(folder, target))) return [`${page}: ${link} leads to no file`];
      if (anchor === undefined || anchor === "" || places.get(target) === undefined) return [];
      return places.get(target).has(decodeURIComponent(anchor)) || places.get(target).has(anchor) ? [] : [`${page}: ${link} leads to no place`];
    });
  });
}

function main([given]) {
  const missing = missingForCourse();
  if (missing !== undefined) throw new Error(`Expected Jupyter, found that ${missing}`);
  const folder = resolve(given ?? join(root, "course"));
  const pages = makeCourse(folder);
  const faults = linkFaults(folder);
  console.log(`${pages.length} pages in ${folder}`);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
