/** doctor tells what is there, and names each missing thing once with its remedy. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { doctor, missingParts, renderDoctor, type DoctorReport, type NativeState } from "../../src/cli/doctor";
import { initBackend } from "../../src/tensor/backend";

const built: NativeState = { variant: "cpu", built: true, everRunOnGpu: false };
const native = { name: "native", device: "CPU" } as const;

describe("doctor", () => {
  it("reports this machine, and leaves no tensor", async () => {
    const backend = await initBackend();
    const before = tf.memory().numTensors;
    const report = await doctor();
    assert.equal(tf.memory().numTensors, before);
    assert.equal(report.node, process.versions.node);
    assert.deepEqual([report.backend, report.device, report.threads], [backend.name, backend.device, backend.threads]);
    assert.equal(report.tensorflow, backend.tensorflow);
    assert.ok(Number.isFinite(report.gflops) && report.gflops > 0.01, `${report.gflops} GFLOPS`);
    const { dependencies } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8")) as { dependencies: Record<string, string> };
    assert.equal(report.packages["plotly.js"], dependencies["plotly.js"]);
    assert.deepEqual(Object.keys(report.packages), Object.keys(dependencies));
  });

  it("finds nothing missing where all is there", () => {
    assert.deepEqual(missingParts({ native: { status: "done" } }, native, built, false), []);
  });

  it("repeats what set-up had to leave out, each once", () => {
    const lost = { what: "no C++ compiler was found", loses: "tensors run on wasm", how: "sudo apt-get install g++" };
    const record = { native: { status: "lost", lost }, other: { status: "lost", lost }, build: { status: "done" } };
    assert.deepEqual(missingParts(record, { name: "wasm", device: "CPU", fallback: "native: no addon" }, { ...built, variant: "none", built: false }, false), [lost]);
  });

  it("says so where set-up never ran, or a backend that was built does not start", () => {
    assert.deepEqual(missingParts(undefined, native, built, false), [{ what: "set-up was not run in this folder", loses: "parts may be missing", how: "npm run setup" }]);
    assert.deepEqual(missingParts({}, { name: "wasm", device: "CPU", fallback: "native: does not load" }, built, false), [
      { what: "native: does not load", loses: "tensors run on wasm", how: "npm run setup" },
    ]);
  });

  it("says so where a GPU is not used", () => {
    assert.match(missingParts({}, native, built, true)[0]!.how!, /SESSIONLAB_NATIVE=cuda/);
    assert.match(missingParts({}, native, { ...built, variant: "cuda" }, true)[0]!.how!, /nvidia-smi/);
    assert.deepEqual(missingParts({}, { name: "native", device: "GPU" }, { ...built, variant: "cuda" }, true), []);
  });

  it("is read line by line", () => {
    const report: DoctorReport = {
      sessionlab: "0.1.0", node: "20.20.2", npm: "11.0.0", python: "3.11.7", platform: "linux x64", cpu: "a CPU", backend: "native", device: "CPU",
      threads: 2, tensorflow: "2.21.0", gflops: 131.4, matmulSize: 1024, packages: { tslab: "1.0.22", mocha: "12.0.3" }, native: built,
      missing: [{ what: "no C++ compiler was found", loses: "tensors run on wasm", how: "sudo apt-get install g++" }],
    };
    assert.equal(renderDoctor(report), `sessionlab  0.1.0
backend     native on CPU, 2 threads
speed       131 GFLOPS (matmul 1024^3)
tensorflow  2.21.0
native      cpu build, never run on a GPU here
machine     linux x64, a CPU
node        20.20.2
npm         11.0.0
python      3.11.7
compiler    not found
ray         not installed; for --engine ray: npm run setup -- --ray
packages    tslab 1.0.22, mocha 12.0.3
Missing:
  - no C++ compiler was found; without it tensors run on wasm. To get it: sudo apt-get install g++
`);
    assert.match(renderDoctor({ ...report, missing: [] }), /Nothing is missing\.\n$/);
  });
});
