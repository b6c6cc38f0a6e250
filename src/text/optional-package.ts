/** Packages that are not always installed: found where they are, with the way out where not. */
import { ConfigError } from "../core/errors";

/**
 * The path of a file of a package.
 * @param file "package/file", or the package
 * @param install the command that installs it
 * @param from the folder in whose node_modules it is looked for; default this package's, then the working directory's
 * @throws ConfigError if it is not there
 */
export function resolveOptional(file: string, install: string, from?: string): string {
  try {
    return require.resolve(file, { paths: from === undefined ? [__dirname, process.cwd()] : [from] });
  } catch (cause) {
    const name = /^(@[^/]+\/)?[^/]+/.exec(file)![0];
    throw new ConfigError(`Expected the package ${name}, found none; install it: ${install}`, { cause });
  }
}
