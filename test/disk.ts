/** A disk that is soon full: a tmpfs of a given size, where this process may mount one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** A mounted disk. */
export interface SmallDisk {
  readonly folder: string;
  /** Gives it another size: "1m". */
  resize(size: string): void;
  /** Bytes of all its files. */
  used(): number;
}

/** Runs `work` on a disk of `size` ("128k"), mounted in `folder`; skips the test, and says why, where none can be mounted. */
export async function onSmallDisk(context: Mocha.Context, folder: string, size: string, work: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const disk = join(folder, "disk");
  mkdirSync(disk, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk], { stdio: "pipe" });
  } catch (error) {
    console.log(`    skipped: no small disk can be mounted here (${(error as Error).message.split("\n")[0]})`);
    context.skip();
  }
  const files = (): string[] => readdirSync(disk, { recursive: true, encoding: "utf8" }).map((file) => join(disk, file));
  try {
    await work({
      folder: disk,
      resize: (other) => void execFileSync("mount", ["-o", `remount,size=${other}`, disk], { stdio: "pipe" }),
      used: () => files().reduce((sum, file) => sum + (statSync(file).isFile() ? statSync(file).size : 0), 0),
    });
  } finally {
    execFileSync("umount", ["--lazy", disk]);
  }
}
