/** What this machine has: platform, GPU, programs on the PATH; and how to get what it lacks. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The machine as `planNative` asks for it; starts no program. */
export function thisMachine() {
  return {
    platform: process.platform,
    arch: process.arch,
    gpu: existsSync("/proc/driver/nvidia/version") || onPath("nvidia-smi") !== undefined,
    libc: process.platform === "linux" ? (isMusl() ? "musl" : "glibc") : undefined,
  };
}

function isMusl() {
  try {
    return readdirSync("/lib").some((name) => name.startsWith("ld-musl-"));
  } catch {
    return false;
  }
}

/** The full path of a program, or undefined. */
export function onPath(program, path = process.env.PATH ?? "") {
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  for (const folder of path.split(delimiter).filter((one) => one !== "")) {
    for (const ending of endings) {
      const file = join(folder, program + ending);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // not here
      }
    }
  }
  return undefined;
}

/** Names under which a Python >= 3.10 may be found, in the order they are tried. */
export const pythonNames = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/** The first Python >= 3.10 on the PATH: its command and version, or undefined. Starts programs. */
export function findPython(path = process.env.PATH) {
  for (const name of pythonNames) {
    const command = onPath(name, path);
    if (command === undefined) continue;
    try {
      const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
      const version = execFileSync(command, ["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"], options).trim();
      if (atLeast(version, "3.10.0")) return { command, version };
    } catch {
      // a stub that is not installed (pyenv, the Windows store): try the next name
    }
  }
  return undefined;
}

/** Is version a >= b, number by number? */
export function atLeast(a, b) {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 3; i++) if (left[i] !== right[i]) return left[i] > right[i];
  return true;
}

const commands = {
  node: {
    debian: "curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install -y nodejs",
    fedora: "sudo dnf install nodejs",
    mac: "brew install node",
    windows: "winget install OpenJS.NodeJS.LTS",
  },
  python: {
    debian: "sudo apt-get install python3 python3-venv",
    fedora: "sudo dnf install python3",
    mac: "brew install python",
    windows: "winget install Python.Python.3.12",
  },
  compiler: {
    debian: "sudo apt-get install g++",
    fedora: "sudo dnf install gcc-c++",
    mac: "xcode-select --install",
    windows: "use WSL 2",
  },
};

/**
 * The command that installs something here; where the system is not known, the commands of the three usual ones.
 * @param {"node" | "python" | "compiler"} what
 */
export function howToGet(what, { platform, osRelease } = { platform: process.platform, osRelease: readOsRelease() }) {
  const { debian, fedora, mac, windows } = commands[what];
  if (platform === "darwin") return mac;
  if (platform === "win32") return windows;
  const family = osRelease.split("\n").filter((line) => /^ID(_LIKE)?=/.test(line)).join(" ");
  if (/debian|ubuntu/.test(family)) return debian;
  if (/fedora|rhel|centos/.test(family)) return fedora;
  return `Debian, Ubuntu: ${debian}; Fedora: ${fedora}; macOS: ${mac}`;
}

function readOsRelease() {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}
