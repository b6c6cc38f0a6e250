/** The Python that has Ray: SESSIONLAB_RAY_PYTHON, else the environment that `npm run setup -- --ray` makes. */
import { join } from "node:path";
import { ConfigError } from "../core/errors";
import { pythonIn } from "../core/python";
import { projectRoot } from "../data/store";

/** What to type to get it. */
export const howToGetRay = "npm run setup -- --ray";

/** The interpreter, or undefined where there is none. Whether it has Ray is seen when it is started. */
export function findRayPython(): string | undefined {
  const given = process.env["SESSIONLAB_RAY_PYTHON"];
  if (given !== undefined && given !== "") return given;
  return pythonIn(join(projectRoot, ".cache", "ray-venv"));
}

/** The interpreter. @throws ConfigError where there is none */
export function rayPython(): string {
  const found = findRayPython();
  if (found === undefined) throw new ConfigError(`Expected a Python that has Ray, found none; ${howToGetRay}, or name one in SESSIONLAB_RAY_PYTHON`);
  return found;
}
