/** One process of the server: its streams, its last words, and its end. */

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { homedir } from "node:os";
import { createInterface } from "node:readline";

/** Lines of its standard error that are kept; a traceback's last line says most. */
const KEPT = 20;
/** After it was told to end, and after its streams were closed. */
const GRACE_MS = 2000;

export class ServerProcess {
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly words: string[] = [];
  /** How it ended. */
  private ending = "";
  private gone: Promise<void> = Promise.resolve();

  constructor(private readonly command: readonly string[]) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  spawn(): Promise<ChildProcessWithoutNullStreams> {
    const [program = "", ...args] = this.command;
    // Not in the workspace: a program such as `python -m` imports what lies in its working directory.
    const child = (this.child = spawn(program, args, { cwd: homedir(), windowsHide: true }));
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.trim()) this.words.push(line.trim());
      this.words.splice(0, this.words.length - KEPT);
    });
    child.stdin.on("error", () => undefined); // it is gone: `exit` says so
    this.gone = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.ending ||= signal ? `It was ended by ${signal}` : `Its exit code was ${String(code)}`;
        setTimeout(resolve, 50); // the last lines may still be on their way
      });
      child.once("error", (error) => {
        this.ending ||= `It could not be started: ${error.message}`;
        resolve();
      });
    });
    return new Promise((resolve, reject) => {
      child.once("spawn", () => { resolve(child); });
      child.once("error", reject);
    });
  }

  /** Why it ended, in a sentence; waits a moment for the end itself. */
  async farewell(): Promise<string> {
    await Promise.race([this.gone, wait(GRACE_MS)]);
    if (!this.ending) this.kill("It closed its connection");
    const last = this.words.at(-1);
    return last === undefined ? `${this.ending}.` : `${this.ending}; it said last: ${last}`;
  }

  kill(why: string): void {
    this.ending ||= why.replace(/\.$/, "");
    this.child?.kill("SIGKILL");
  }

  /** It was asked to end: wait for that, and then do not wait any more. */
  async end(): Promise<void> {
    await Promise.race([this.gone, wait(GRACE_MS)]);
    if (this.child?.exitCode === null && this.child.signalCode === null) this.kill("It did not end");
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
