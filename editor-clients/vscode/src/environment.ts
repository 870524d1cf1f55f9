/** The server's own environment in the extension's storage: made of the wheel that lies in the extension. */

import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { locate } from "./program";

export const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python"];
const COMPILERS = process.platform === "win32" ? ["cl", "clang++", "g++"] : ["c++", "g++", "clang++"];
const PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";
const [OLDEST_MAJOR, OLDEST_MINOR] = [3, 11];

/** What is missing on this machine, and what to do about it. */
export class Missing extends Error {}

export interface Python {
  program: string;
  version: string;
}

export class Environment {
  readonly folder: string;
  /** The server's package; its name holds the version. */
  readonly wheel: string;

  constructor(storage: string, extension: string) {
    this.folder = path.join(storage, "server");
    const carried = path.join(extension, "server");
    const name = readdirSync(carried).find((file) => file.endsWith(".whl"));
    if (name === undefined) throw new Error(`There is no wheel in ${carried}.`);
    this.wheel = path.join(carried, name);
  }

  /** The program, if the environment was set up to its end. */
  get program(): string | undefined {
    if (!existsSync(this.stamp)) return undefined;
    return locate(path.join(this.folder, process.platform === "win32" ? "Scripts" : "bin", "transloop"));
  }

  /** Whether it holds another version than this extension carries. */
  get isOld(): boolean {
    return this.program !== undefined && readFileSync(this.stamp, "utf8") !== path.basename(this.wheel);
  }

  /** Set it up anew. `report` is told what is being done; `signal` ends it, and nothing of it stays. */
  async setUp(python: Python, report: (message: string) => void, signal: AbortSignal): Promise<void> {
    this.remove();
    try {
      report("making an environment");
      await run(python.program, ["-I", "-m", "venv", this.folder], report, signal);
      const inside = path.join(this.folder, process.platform === "win32" ? "Scripts\\python.exe" : "bin/python");
      const pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", this.wheel];
      await run(inside, pip, report, signal);
      writeFileSync(this.stamp, path.basename(this.wheel)); // only now: an interrupted set-up is begun again
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  private remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  private get stamp(): string {
    return path.join(this.folder, "ready");
  }
}

/** A Python that the server runs on, and whatever else its installation needs. Rejects with `Missing`. */
export async function findPython(): Promise<Python> {
  const tried: string[] = [];
  for (const program of PYTHONS.map(locate).filter((each) => each !== undefined)) {
    const version = await versionOf(program);
    const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
    if (version !== undefined && (major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR))) {
      requireCompiler();
      return { program, version };
    }
    tried.push(version === undefined ? `${program} has no venv or pip` : `${program} is ${version}`);
  }
  const found = tried.length ? ` (${tried.join("; ")})` : "";
  throw new Missing(`transloop's server needs Python 3.11 or newer, which was not found${found}. ${advice()}`);
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(program, ["-I", "-c", PROBE], { timeout: 20_000 })).stdout.trim();
  } catch {
    return undefined;
  }
}

function advice(): string {
  if (process.platform === "win32") return "Install it from python.org or the Microsoft Store, then try again.";
  if (process.platform === "darwin") return "Install it from python.org, or with “brew install python”, then try again.";
  return "Install it with your package manager (Debian and Ubuntu: “sudo apt install python3 python3-venv”), then try again.";
}

function requireCompiler(): void {
  if (COMPILERS.some((name) => locate(name) !== undefined)) return;
  const how =
    process.platform === "win32"
      ? "Install the Build Tools for Visual Studio"
      : process.platform === "darwin"
        ? "Run “xcode-select --install”"
        : "Install one with your package manager (Debian and Ubuntu: “sudo apt install g++”)";
  throw new Missing(`llama.cpp is compiled on this machine, and there is no C++ compiler. ${how}, then try again.`);
}

/** Run a program to its end; rejects with its last line where it fails. */
function run(program: string, args: string[], report: (line: string) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // A group of its own: a compiler that pip has started ends with it.
    const child = spawn(program, args, { detached: process.platform !== "win32", windowsHide: true });
    let last = "";
    const heard = (line: string): void => {
      if (!line.trim()) return;
      last = line.trim();
      report(last);
    };
    createInterface({ input: child.stdout }).on("line", heard);
    createInterface({ input: child.stderr }).on("line", heard);
    const stop = (): void => {
      try {
        if (process.platform === "win32" || child.pid === undefined) child.kill();
        else process.kill(-child.pid, "SIGTERM");
      } catch {
        // it has ended already
      }
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(new Error("It was cancelled."));
      else if (code === 0) resolve();
      else reject(new Error(last || `${path.basename(program)} ended with ${String(code)}.`));
    });
  });
}
