/** The browser that tests drive: the one that the set-up of the tests installs, or the one that SESSIONLAB_CHROMIUM names. */
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Its file; undefined where there is none. */
export const browserFile = process.env["SESSIONLAB_CHROMIUM"] ?? (process.env["PATH"] ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file));

/** Why tests skip without it. */
export const noBrowser = "no chromium on the PATH (SESSIONLAB_CHROMIUM names one elsewhere)";

/** Where pictures of what was seen are kept. @returns the path of one */
export function pictureFile(name: string): string {
  const folder = join(__dirname, "..", "..", ".cache", "screenshots");
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: browserFile, args: ["--no-sandbox"] });
}
