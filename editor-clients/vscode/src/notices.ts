/** What people are told when the server is missing, old or broken, and what they can do about it at once. */

import * as vscode from "vscode";

import { findPython, Missing, type Environment } from "./environment";
import { openSettings } from "./menu";
import type { Server } from "./server";
import { isOlder, OLDEST_SERVER } from "./version";

/** What an installation fetches, and what it takes: measured on Linux with Python 3.11. */
const [DOWNLOAD_MB, DISK_MB] = [140, 255];
const SETTING = "transloop.server.command";

/** What keys and the walkthrough ask for. */
export async function setRunning(running: boolean): Promise<void> {
  await vscode.commands.executeCommand("setContext", "transloop.running", running);
}

export class Notices {
  constructor(
    private readonly server: Server,
    private readonly environment: Environment,
    private readonly channel: vscode.LogOutputChannel,
    /** The program that the person has set; undefined: they have set none. */
    private readonly chosen: () => string | undefined,
  ) {
    server.onDidChange((phase) => {
      void setRunning(phase === "running");
      if (phase === "running") void this.tellOfAge();
      if (phase === "missing" || phase === "failed") void this.problem();
    });
  }

  /** Say why the server does not run, and offer what helps. */
  async problem(): Promise<void> {
    const { phase, why } = this.server;
    const program = this.chosen();
    if (phase !== "missing") {
      const what = phase === "failed" ? "ended too often to be started again" : `does not run (${phase})`;
      await this.say(`transloop's server ${what}. ${why}`.trim(), "Restart Server", "Show Output");
    } else if (program === undefined) {
      await this.say("transloop needs its language server, which is not installed on this machine.", "Install...", "Choose a Program");
    } else {
      const hint = `Correct the setting ${SETTING}, or remove it and let the server be installed.`;
      await this.say(`transloop's server was not found: there is no program "${program}". ${hint}`, "Choose a Program");
    }
  }

  /** Ask, and set up the server's own environment. */
  async install(): Promise<void> {
    try {
      const python = await findPython();
      const detail =
        `It gets an environment of its own, made with Python ${python.version}, in ${this.environment.folder}. ` +
        `About ${DOWNLOAD_MB} MB are downloaded from the Python package index (${DISK_MB} MB on the disk), and llama.cpp is ` +
        "compiled, which takes 4 to 8 minutes. The model is no part of that.";
      const answer = await vscode.window.showInformationMessage("Install transloop's server?", { modal: true, detail }, "Install");
      if (answer !== "Install") return;
      await this.server.halt();
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: "Installing transloop's server", cancellable: true },
        async (progress, token) => {
          const cancelled = new AbortController();
          token.onCancellationRequested(() => { cancelled.abort(); });
          await this.environment.setUp(python, (line) => {
            this.channel.info(line);
            progress.report({ message: line.slice(0, 80) });
          }, cancelled.signal);
        },
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const what = error instanceof Missing ? message : `transloop's server was not installed. ${message}`;
      await this.say(what, "Install...", "Show Output");
      return;
    }
    await this.server.restart();
  }

  /** A server that is too old, or one of ours that is older than this extension. */
  private async tellOfAge(): Promise<void> {
    const { version } = this.server;
    if (version === undefined) return;
    const own = this.chosen() === undefined && this.environment.program !== undefined;
    if (isOlder(version, OLDEST_SERVER)) {
      const how = own ? "" : " Update it with “pip install --upgrade”, in the environment that it is in.";
      const what = `transloop's server is of version ${version || "(unknown)"}; this extension needs ${OLDEST_SERVER} or newer.${how}`;
      await this.say(what, own ? "Install..." : "Choose a Program");
    } else if (own && this.environment.isOld) {
      await this.say("This extension brings a newer version of transloop's server.", "Install...");
    }
  }

  private async say(message: string, ...answers: string[]): Promise<void> {
    this.channel.warn(message);
    const choice = await vscode.window.showWarningMessage(message, ...answers);
    if (choice === "Restart Server") await this.server.restart();
    else if (choice === "Show Output") this.channel.show();
    else if (choice === "Install...") await this.install();
    else if (choice === "Choose a Program") await openSettings(SETTING);
  }
}
