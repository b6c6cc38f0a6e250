/** sessionlab kernel: what it installs it removes again, for papermill too; the doctor starts the kernel and says how long it takes. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Laboratory, onlyLine } from "../cli/sessionlab";

const root = join(__dirname, "..", "..");

describe("sessionlab kernel", () => {
  const lab = new Laboratory();

  it("installs into an environment and takes it back", async () => {
    const packages = lab.path("env", "lib", "python3.11", "site-packages");
    mkdirSync(packages, { recursive: true });
    const { file } = onlyLine(await lab.call(["kernel", "install", "--prefix", lab.path("env"), "--json"])) as { file: string };
    assert.equal(file, lab.path("env", "share", "jupyter", "kernels", "sessionlab", "kernel.json"));
    const spec = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    assert.deepEqual(spec["argv"], [process.execPath, join(root, "kernels", "sessionlab", "start.cjs"), "{connection_file}"]);
    assert.deepEqual([spec["language"], spec["interrupt_mode"]], ["typescript", "signal"]);
    const translator = [join(packages, "sessionlab_papermill.py"), join(packages, "sessionlab_papermill-1.0.dist-info", "entry_points.txt")];
    assert.ok(translator.every((one) => existsSync(one)));
    const gone = onlyLine(await lab.call(["kernel", "uninstall", "--prefix", lab.path("env"), "--json"]));
    assert.equal(gone["removed"], true);
    assert.ok(![file, ...translator].some((one) => existsSync(one)));
    assert.equal(onlyLine(await lab.call(["kernel", "uninstall", "--prefix", lab.path("env"), "--json"]))["removed"], false);
    assert.equal((await lab.call(["kernel", "install", "--user", "--prefix", "x"])).code, 2);
  });

  it("is found where JUPYTER_PATH names the checkout", () => {
    const spec = JSON.parse(readFileSync(join(root, "kernels", "sessionlab", "kernel.json"), "utf8")) as { argv: string[] };
    assert.deepEqual(spec.argv, ["node", "{resource_dir}/start.cjs", "{connection_file}"]);
  });

  it("examines the kernel", async function () {
    if (!existsSync(join(root, "dist", "kernel", "client.js"))) {
      console.log("skipped: the doctor starts the compiled kernel, which set-up makes");
      return this.skip();
    }
    const { code, stdout } = await lab.call(["kernel", "doctor", "--json"]);
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as Record<string, number>;
    assert.deepEqual(Object.keys(report), ["startMilliseconds", "firstCellMilliseconds", "cellMilliseconds", "libraryMilliseconds", "heartbeatMilliseconds"]);
    assert.ok(Object.values(report).every((one) => Number.isFinite(one)) && report["startMilliseconds"]! > 0);
  });
});
