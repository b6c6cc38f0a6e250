/** Starts the kernel that set-up compiled: a copied kernelspec names the checkout in SESSIONLAB_ROOT. */
"use strict";
const { existsSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

const root = process.env.SESSIONLAB_ROOT ?? join(__dirname, "..", "..");
const main = join(root, "dist", "kernel", "main.js");
if (!existsSync(main)) {
  console.error(`Expected the compiled kernel at ${main}, found nothing; run "npm run setup" in ${root}`);
  process.exit(1);
}
enableCompileCache?.(join(root, ".cache", "kernel", "compiled")); // Node 22 and later
require(main);
