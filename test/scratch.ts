/** Folders for tests in the system's temporary folder: made when they are asked for, gone after their test or suite. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own for each test of the enclosing suite. */
export function freshFolder(): () => string {
  const { folder, remove } = lazyFolder();
  afterEach(remove);
  return folder;
}

/** One folder for all tests of the enclosing suite. */
export function suiteFolder(): () => string {
  const { folder, remove } = lazyFolder();
  after(remove);
  return folder;
}

/** Runs `work` with a folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T> | T): Promise<T> {
  const { folder, remove } = lazyFolder();
  try {
    return await work(folder());
  } finally {
    remove();
  }
}

export function lazyFolder(): { folder(): string; remove(): void } {
  let made: string | undefined;
  return {
    folder: () => (made ??= mkdtempSync(join(tmpdir(), "sessionlab-test-"))),
    remove() {
      if (made !== undefined) rmSync(made, { recursive: true, force: true });
      made = undefined;
    },
  };
}
