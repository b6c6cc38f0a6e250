/** The container: what can be checked without Docker always, and where Docker is there it is built and run. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "..", "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const lines = read("Dockerfile").replace(/\\\n/g, " ").split("\n").filter((line) => /^[A-Z]+ /.test(line));
const instructions = lines.map((line) => ({ name: line.split(" ", 1)[0]!, given: line.slice(line.indexOf(" ") + 1).trim() }));
const all = (name: string): string[] => instructions.filter((one) => one.name === name).map(({ given }) => given);
const { engines, scripts } = JSON.parse(read("package.json")) as { readonly engines: { readonly node: string }; readonly scripts: Readonly<Record<string, string>> };

/** Sources of COPY, without its options and its target. */
const sources = all("COPY").flatMap((given) => given.split(/\s+/).filter((word) => !word.startsWith("--")).slice(0, -1));

interface DevContainer {
  readonly build: { readonly dockerfile: string; readonly context: string; readonly target: string };
  readonly remoteUser: string;
  readonly postCreateCommand: string;
  readonly postStartCommand: string;
  readonly forwardPorts: readonly number[];
}

describe("the container", () => {
  it("copies files that are in the repository and that .dockerignore lets through", () => {
    assert.ok(sources.length > 10);
    assert.deepEqual(sources.filter((source) => !existsSync(join(root, source))), []);
    const ignored = read(".dockerignore").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(sources.filter((source) => ignored.includes(source)), []);
    for (const made of ["node_modules", ".venv", ".native", "dist", ".cache"]) assert.ok(ignored.includes(made) || ignored.includes(`**/${made}`), made);
    if (!existsSync(join(root, ".git"))) return;
    const tracked = execFileSync("git", ["ls-files", "--", ...sources], { cwd: root, encoding: "utf8" }).split("\n");
    assert.deepEqual(sources.filter((source) => !tracked.some((file) => file === source || file.startsWith(`${source}/`))), []);
  });

  it("has the whole of what set-up reads", () => {
    const named = Array.from(read("scripts/setup.mjs").matchAll(/"(package(?:-lock)?\.json|requirements\.txt|tsconfig[\w.]*\.json|\.npmrc|src|kernels|shims)"/g), ([, file]) => file!);
    assert.ok(named.length > 0);
    assert.deepEqual([...new Set(named)].filter((file) => !sources.includes(file)), []);
  });

  it("has the Node and the packages that package.json and environment.md ask for", () => {
    const [image] = all("FROM");
    const [, major, minor] = /^node:(\d+)\.(\d+)\.\d+-bookworm-slim AS base$/.exec(image!)!;
    const [, least, leastMinor] = /^>=(\d+)\.(\d+)/.exec(engines.node)!;
    assert.ok(Number(major) === Number(least) ? Number(minor) >= Number(leastMinor) : Number(major) > Number(least));
    const environment = read("environment.md");
    assert.ok(environment.includes(`tried with ${major}.${minor} `), `environment.md was not tried with Node ${major}.${minor}`);
    const packages = /Debian, Ubuntu: `sudo apt-get install ([^`]+)`/.exec(environment)![1]!.split(" ");
    const installed = all("RUN").join(" ");
    assert.deepEqual(packages.filter((name) => !installed.split(/\s+/).includes(name)), []);
  });

  it("runs as nobody of power, on one port, by scripts that are there", () => {
    assert.deepEqual(all("USER"), ["node"]);
    assert.deepEqual(all("EXPOSE"), ["8888"]);
    const [program, run, script, , ...options] = JSON.parse(all("CMD")[0]!) as string[];
    assert.deepEqual([program, run], ["npm", "run"]);
    assert.ok(scripts[script!] !== undefined && options.includes("--port=8888"));
    assert.ok(lines.indexOf("USER node") < lines.findIndex((line) => line.startsWith("RUN npm run setup")));
  });

  it("is what the dev container is built from: its stage, its user, its port, scripts that are there", () => {
    const { build, remoteUser, postCreateCommand, postStartCommand, forwardPorts } = JSON.parse(read(".devcontainer/devcontainer.json")) as DevContainer;
    assert.equal(join(root, ".devcontainer", build.dockerfile), join(root, "Dockerfile"));
    assert.equal(join(root, ".devcontainer", build.context), join(root, "/").slice(0, -1));
    assert.ok(all("FROM").some((stage) => stage.endsWith(` AS ${build.target}`)));
    assert.deepEqual([remoteUser, forwardPorts.map(String)], [all("USER")[0], all("EXPOSE")]);
    for (const command of [postCreateCommand, postStartCommand]) assert.ok(scripts[/npm run (\w+)/.exec(command)![1]!] !== undefined, command);
    assert.ok(postStartCommand.includes(`--port=${forwardPorts[0]}`));
  });

  it("is built, starts as a user without power, and offers the kernel and the notebooks", async function () {
    this.timeout(1_800_000);
    const daemon = spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { encoding: "utf8", timeout: 20_000 });
    if (daemon.status !== 0) {
      console.log(`skipped: no Docker that runs here (${(daemon.error?.message ?? daemon.stderr).trim().split("\n").at(-1)})`);
      return this.skip();
    }
    const docker = (...given: string[]): string => execFileSync("docker", given, { cwd: root, encoding: "utf8", maxBuffer: 1e8, stdio: ["ignore", "pipe", "pipe"] }).trim();
    const image = `sessionlab-test-${process.pid}`;
    docker("build", "--tag", image, ".");
    const container = docker("run", "--detach", "--publish", "127.0.0.1::8888", image, "npm", "run", "lab", "--", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--IdentityProvider.token=");
    try {
      const address = `http://${docker("port", container, "8888").split("\n")[0]!}`;
      const specs = (await answerOf(`${address}/api/kernelspecs`)) as { readonly kernelspecs: Readonly<Record<string, unknown>> };
      assert.ok(specs.kernelspecs["sessionlab"] !== undefined, Object.keys(specs.kernelspecs).join());
      const { content } = (await answerOf(`${address}/api/contents/notebooks`)) as { readonly content: readonly { readonly name: string }[] };
      assert.ok(content.some(({ name }) => name === "00-quick-start.ipynb"));
      assert.notEqual(docker("exec", container, "id", "-u"), "0");
      assert.match(docker("exec", container, "npx", "sessionlab", "doctor"), /native/);
    } finally {
      docker("rm", "--force", container);
      docker("rmi", "--force", image);
    }
  });
});

/** What an address answers, once it does. */
async function answerOf(url: string): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(url);
      if (response.ok) return await response.json();
      throw new Error(`${url} answers ${response.status}`);
    } catch (error) {
      if (attempt >= 60) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
