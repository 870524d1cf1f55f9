/** Starts `transloop lsp`, tells it the user's settings and puts its commands into the menus. It translates nothing itself. */

import { mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import type { LanguageClientOptions } from "vscode-languageclient/node";

import { clientOptions } from "./client";
import { AFTERWARDS, Commands } from "./commands";
import { Environment } from "./environment";
import { openSettings, showMenu } from "./menu";
import { Notices, setRunning } from "./notices";
import { Pages } from "./pages";
import { Progresses } from "./progress";
import { locate } from "./program";
import { Server } from "./server";
import { userSet } from "./settings";
import { Status } from "./status";

const SAMPLE = `def gcd(a: int, b: int) -> int:
    """The largest number that divides both."""
    while b:
        a, b = b, a % b
    return a
`;

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const channel = vscode.window.createOutputChannel("transloop", { log: true });
  const environment = new Environment(context.globalStorageUri.fsPath, context.extensionPath);
  const options = (): LanguageClientOptions => clientOptions(channel, commands, pages, progresses, status);
  const running: Server = (server = new Server(channel, () => serverCommand(environment), options));
  const status = new Status(running);
  const pages = new Pages();
  const commands = new Commands(running, status, pages);
  const progresses = new Progresses((token) => { running.cancelProgress(token); });
  const notices = new Notices(running, environment, channel, chosenProgram);
  const command = (id: string, run: (...args: unknown[]) => unknown) => vscode.commands.registerCommand(id, run);
  context.subscriptions.push(
    channel,
    status,
    pages,
    running.onDidChange((phase) => { if (phase !== "running") progresses.endAll(); }),
    command("transloop.ui.translate", (target) => commands.translate(target)),
    ...AFTERWARDS.map((name) => command(`transloop.ui.${name}`, () => commands.afterwards(name))),
    command("transloop.ui.cancel", () => commands.execute("transloop.cancel")),
    command("transloop.ui.menu", () => showMenu(running, status, commands)),
    command("transloop.ui.problem", () => notices.problem()),
    command("transloop.ui.install", () => notices.install()),
    command("transloop.ui.output", () => { channel.show(); }),
    command("transloop.ui.settings", () => openSettings("transloop")),
    command("transloop.ui.walkthrough", () => walkthrough(context.extension.id, running)),
    command("transloop.ui.sample", () => sample(context.globalStorageUri.fsPath)),
    command("transloop.restartServer", () => running.restart().then(() => running.settled())),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeConfiguration((event) => configurationChanged(event, running)),
  );
  await running.restart();
  await running.settled();
}

export async function deactivate(): Promise<void> {
  await server?.dispose();
}

/** The program that the settings ask for, that on the PATH, or that of the environment of its own. */
function serverCommand(environment: Environment): string[] | undefined {
  const [program = "", ...args] = vscode.workspace.getConfiguration("transloop").get<string[]>("server.command", []);
  const found = locate(program) ?? (chosenProgram() === undefined ? environment.program : undefined);
  return found === undefined ? undefined : [found, ...args];
}

/** What the person has set, which is never replaced by something else; undefined: nothing. */
function chosenProgram(): string | undefined {
  const set = vscode.workspace.getConfiguration("transloop").inspect<string[]>("server.command");
  return (set?.workspaceFolderValue ?? set?.workspaceValue ?? set?.globalValue)?.[0];
}

async function configurationChanged(event: vscode.ConfigurationChangeEvent, running: Server): Promise<void> {
  if (event.affectsConfiguration("transloop.server.command")) await running.follow();
  else if (event.affectsConfiguration("transloop")) await running.configure(userSet());
}

async function walkthrough(extension: string, running: Server): Promise<void> {
  // A step is only done when its condition comes true before the eyes of the walkthrough.
  await setRunning(false);
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${extension}#transloop.start`, false);
  await setRunning(running.phase === "running");
}

/** A file to try it with: a real one, because a translation is put beside it. */
async function sample(storage: string): Promise<void> {
  const file = path.join(storage, "sample", "gcd.py");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, SAMPLE);
  const editor = await vscode.window.showTextDocument(vscode.Uri.file(file));
  editor.selection = new vscode.Selection(0, 4, 0, 4);
}
