/** Python environments. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The interpreter of an environment, or undefined where there is none. */
export function pythonIn(environment: string): string | undefined {
  return [join(environment, "bin", "python"), join(environment, "Scripts", "python.exe")].find((file) => existsSync(file));
}
