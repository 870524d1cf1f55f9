/** Finds programs. Runs nothing. */

import { accessSync, constants, statSync } from "node:fs";
import * as path from "node:path";

/**
 * Give the full path of `program`, a name on the PATH or already a full path.
 *
 * Never relative to a folder: the repository that is open would then choose what runs. Windows
 * would look there first, which is why the search is ours.
 */
export function locate(program: string): string | undefined {
  if (path.isAbsolute(program)) return endings(program).find(isProgram);
  if (path.basename(program) !== program) return undefined;
  return (process.env.PATH ?? "")
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => endings(path.join(folder, program)))
    .find(isProgram);
}

function endings(file: string): string[] {
  return process.platform === "win32" ? [`${file}.exe`, file] : [file];
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
