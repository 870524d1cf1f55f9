// Gets the server build of VS Code that the tests drive: the part `lib/vscode` of the npm package code-server.
// Nothing is compiled and no script of a package is run. Does nothing where it is there already.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const VERSION = "4.100.3";
const SHA256 = "a85138ac3a382a9ba1df652a751901ec598fed24f673b8a8653de7be8335bfaa";
const folder = new URL("../.vscode-test/", import.meta.url).pathname;
export const VSCODE = join(folder, `code-server-${VERSION}`);
const ready = join(VSCODE, "ready");

function npm(...args) {
  return execFileSync("npm", args, { cwd: VSCODE, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

if (!existsSync(ready)) {
  rmSync(VSCODE, { recursive: true, force: true });
  mkdirSync(VSCODE, { recursive: true });
  console.log(`Getting VS Code's server (code-server ${VERSION}, about 250 MB on the disk)`);
  const tarball = join(VSCODE, npm("pack", "--silent", `code-server@${VERSION}`).trim());
  const digest = createHash("sha256").update(readFileSync(tarball)).digest("hex");
  if (digest !== SHA256) throw new Error(`${tarball} is not what was looked at: its SHA-256 is ${digest}.`);
  execFileSync("tar", ["-xzf", tarball, "-C", VSCODE, "--strip-components=3", "package/lib/vscode"]);
  rmSync(tarball);
  npm("install", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps", "--silent", "--no-audit", "--no-fund");
  rmSync(join(VSCODE, "extensions", "typescript-language-features"), { recursive: true }); // it lacks its compiler
  symlinkSync("node_modules", join(VSCODE, "node_modules.asar"));
  writeFileSync(ready, VERSION); // only now: what was interrupted is begun again
}
