/** Starts `transloop lsp`, tells it the user's settings and puts its commands into the menus. It translates nothing itself. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  LanguageClient,
  State,
  type ConfigurationItem,
  type ErrorHandler,
  type LanguageClientOptions,
} from "vscode-languageclient/node";

import { activationEvents } from "../package.json";
import { locate } from "./program";
import { userSet } from "./settings";

const LANGUAGES = activationEvents.map((event) => event.slice("onLanguage:".length));

let channel: vscode.LogOutputChannel;
let client: Client | undefined;
/** Restarts happen one after the other. They do not wait for `started`: a server may never answer. */
let turn: Promise<void> = Promise.resolve();
let started: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  channel = vscode.window.createOutputChannel("transloop", { log: true });
  const command = (id: string, run: () => unknown) => vscode.commands.registerCommand(id, run);
  context.subscriptions.push(
    channel,
    command("transloop.ui.translate", translate),
    command("transloop.ui.cancel", () => execute("transloop.cancel")),
    command("transloop.ui.status", status),
    command("transloop.restartServer", () => restart().then(() => started)),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration(configurationChanged),
  );
  await restart();
  await started;
}

export async function deactivate(): Promise<void> {
  await (turn = turn.then(stop));
}

function restart(): Promise<void> {
  return (turn = turn.then(stop).then(start));
}

function start(): void {
  const [program = "", ...args] = vscode.workspace.getConfiguration("transloop").get<string[]>("server.command", []);
  const command = locate(program);
  if (command === undefined) {
    void reportMissing(program);
    return;
  }
  channel.info(`Starting ${[command, ...args].join(" ")}`);
  // Without `transport` the client speaks stdio and adds no argument of its own. Not started in the
  // workspace: a program such as `python -m` imports what lies in its working directory.
  client = new Client("transloop", "transloop", { command, args, options: { cwd: homedir() } }, clientOptions());
  started = client.start().catch(() => {
    channel.error("The server did not start."); // the client has shown and logged the reason
  });
}

async function stop(): Promise<void> {
  const old = client;
  client = undefined;
  try {
    await old?.dispose();
  } catch (error) {
    channel.warn(`The server did not stop in order: ${String(error)}`); // its process is ended all the same
  }
}

/** Restarts a server that crashed, but not one that never came up, nor one that we have stopped. */
class Client extends LanguageClient {
  override createDefaultErrorHandler(maxRestartCount?: number): ErrorHandler {
    const usual = super.createDefaultErrorHandler(maxRestartCount);
    return {
      error: async (...problem) => ({ ...(await usual.error(...problem)), handled: true }), // logged only
      closed: () =>
        this === client && this.state === State.Running
          ? usual.closed()
          : { action: CloseAction.DoNotRestart, handled: true },
    };
  }
}

function clientOptions(): LanguageClientOptions {
  return {
    documentSelector: ["file", "untitled"].flatMap((scheme) => LANGUAGES.map((language) => ({ scheme, language }))),
    outputChannel: channel,
    // Asked again when a crashed server restarts.
    initializationOptions: () => ({ settings: userSet(), trusted: vscode.workspace.isTrusted }),
    initializationFailedHandler: () => false, // said once, by `start`
    middleware: {
      workspace: {
        // The client's own notification would carry the defaults; `configurationChanged` sends ours.
        didChangeConfiguration: () => Promise.resolve(),
        configuration: async (params, token, next) => {
          const answers = await next(params, token);
          if (!Array.isArray(answers)) return answers; // an error
          const ours = ({ section, scopeUri }: ConfigurationItem) =>
            section === "transloop" ? userSet(scopeUri ? vscode.Uri.parse(scopeUri) : undefined) : undefined;
          return params.items.map((item, index): unknown => ours(item) ?? answers[index]);
        },
      },
    },
  };
}

async function configurationChanged(event: vscode.ConfigurationChangeEvent): Promise<void> {
  if (event.affectsConfiguration("transloop.server.command")) await restart();
  else if (event.affectsConfiguration("transloop") && client?.state === State.Running)
    await client.sendNotification(DidChangeConfigurationNotification.type, { settings: { transloop: userSet() } });
}

async function translate(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return;
  await execute("transloop.translateTo", (running) => ({
    uri: running.code2ProtocolConverter.asUri(editor.document.uri),
    range: running.code2ProtocolConverter.asRange(editor.selection),
  }));
}

async function status(): Promise<void> {
  const answer: unknown = await execute("transloop.status");
  if (answer === undefined || answer === null) return; // the server has shown it itself
  void vscode.window.showInformationMessage(`transloop: ${typeof answer === "string" ? answer : JSON.stringify(answer)}`);
}

/** Run a command of the server and give its answer; undefined when it failed, which is shown. */
async function execute(command: string, argument?: (running: LanguageClient) => object): Promise<unknown> {
  await turn;
  await started;
  if (client?.state !== State.Running) {
    void reportStopped();
    return undefined;
  }
  try {
    return await client.sendRequest(ExecuteCommandRequest.type, {
      command,
      arguments: argument ? [argument(client)] : [],
    });
  } catch (error) {
    void vscode.window.showErrorMessage(`transloop: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function reportMissing(program: string): Promise<void> {
  const message =
    `transloop's server was not found: there is no program "${program}". Install it with "pip install transloop", ` +
    "or give the full path of .venv/bin/transloop (Windows: .venv\\Scripts\\transloop.exe) in the setting transloop.server.command.";
  channel.error(message);
  if ((await vscode.window.showErrorMessage(message, "Open Settings")) === undefined) return;
  // A setting of a machine: in a remote window (SSH, WSL, a container) it lies on the remote tab.
  const settings = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
  await vscode.commands.executeCommand(`workbench.action.${settings}`, { query: "transloop.server.command" });
}

async function reportStopped(): Promise<void> {
  const choice = await vscode.window.showErrorMessage("transloop's server is not running.", "Restart Server", "Show Output");
  if (choice === "Restart Server") await restart();
  else if (choice === "Show Output") channel.show();
}
