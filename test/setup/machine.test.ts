/** Versions compare by number, programs are found without starting them, and every system gets its own command. */
import assert from "node:assert/strict";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { suiteFolder } from "../scratch";
import { load } from "./load";

interface Module {
  atLeast(a: string, b: string): boolean;
  onPath(program: string, path?: string): string | undefined;
  findPython(path: string): { command: string; version: string } | undefined;
  howToGet(what: string, where?: { platform: string; osRelease: string }): string;
}

describe("machine", () => {
  let machine: Module;
  const folder = suiteFolder();

  before(async () => {
    machine = await load<Module>("machine.mjs");
  });

  it("compares versions by number", () => {
    assert.equal(machine.atLeast("3.10.0", "3.9.9"), true);
    assert.equal(machine.atLeast("20.19.0", "20.19.0"), true);
    assert.equal(machine.atLeast("20.9.0", "20.19.0"), false);
  });

  it("passes over a Python that is too old or does not start", function () {
    if (process.platform === "win32") {
      console.log("skipped: the stand-ins are shell scripts");
      this.skip();
    }
    const script = (name: string, text: string): void => {
      writeFileSync(join(folder(), name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder(), name), 0o755);
    };
    script("python3", "echo 3.9.2");
    script("python", "exit 127");
    script("python3.12", "echo 3.12.1");
    assert.deepEqual(machine.findPython(["", folder()].join(delimiter)), { command: join(folder(), "python3.12"), version: "3.12.1" });
    rmSync(join(folder(), "python3.12"));
    assert.equal(machine.findPython(folder()), undefined);
    assert.equal(machine.onPath("python3", folder()), join(folder(), "python3"));
    assert.equal(machine.onPath("absent", folder()), undefined);
  });

  it("names the command of the system at hand", () => {
    const on = (platform: string, osRelease: string): string => machine.howToGet("compiler", { platform, osRelease });
    assert.equal(on("linux", 'ID=debian\nVERSION_ID="12"'), "sudo apt-get install g++");
    assert.equal(on("linux", "ID=pop\nID_LIKE=\"ubuntu debian\""), "sudo apt-get install g++");
    assert.equal(on("linux", "ID=fedora"), "sudo dnf install gcc-c++");
    assert.equal(on("darwin", ""), "xcode-select --install");
    assert.match(on("linux", "ID=arch"), /Debian, Ubuntu: .*Fedora: .*macOS: /);
  });
});
