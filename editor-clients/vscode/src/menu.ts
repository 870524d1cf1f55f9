/** The menu behind the item in the status bar. */

import * as vscode from "vscode";

import type { Commands } from "./commands";
import type { Server } from "./server";
import type { Status } from "./status";
import { share, title, type Job, type Told } from "./told";

interface Line extends vscode.QuickPickItem {
  run?: () => unknown;
}

export async function showMenu(server: Server, status: Status, commands: Commands): Promise<void> {
  const last = await status.refresh();
  const job = last && (await commands.newest());
  const lines = [...(job ? ofJob(job, commands) : []), ...(last ? ofStatus(last) : []), ...ofServer(server)];
  const heading = `transloop: ${last ? share(last) || "ready" : server.phase}`;
  const chosen = await vscode.window.showQuickPick(lines, { title: heading, matchOnDescription: true });
  await chosen?.run?.();
}

function ofJob(job: Job, commands: Commands): Line[] {
  const line = (label: string, name: string): Line => ({
    label,
    run: () => commands.execute(`transloop.${name}`, { job: job.id }),
  });
  const heading = separator(`${title(job)}: ${job.verdict ?? job.state}`);
  if (job.state === "running") return [heading, line("$(stop-circle) Cancel", "cancel")];
  if (job.placed === null) return [heading, line("$(refresh) Translate again", "retry")];
  return [
    heading,
    { label: "$(go-to-file) Go to the translation", run: () => show(job.placed) },
    line("$(check) Accept", "accept"),
    line("$(close) Reject", "reject"),
    line("$(arrow-right) Next alternative", "next"),
    line("$(diff) Compare with the original", "diff"),
    line("$(diff-single) Compare with the draft", "diffDraft"),
    ...(job.verdict === null ? [] : [line("$(book) Show evidence", "evidence")]),
  ];
}

function ofStatus(last: Told): Line[] {
  const setting = (label: string, description: string, key: string): Line => ({
    label,
    description,
    run: () => openSettings(`transloop.${key}`),
  });
  return [
    separator("model"),
    setting("$(chip) Model", last.model, "model"),
    setting("$(layers) Adapter", last.adapter ?? "none", "adapter"),
    setting("$(beaker) Training", last.training || "does not run", "train"),
    ...(last.problem ? [{ label: "$(warning) Settings that are off", description: last.problem, run: () => openSettings("transloop") }] : []),
  ];
}

function ofServer(server: Server): Line[] {
  const command = (label: string, id: string): Line => ({ label, run: () => vscode.commands.executeCommand(id) });
  const running = server.phase === "running";
  return [
    separator("server"),
    ...(running ? [command("$(arrow-swap) Translate to...", "transloop.ui.translate")] : []),
    ...(server.phase === "missing" ? [command("$(cloud-download) Install Server...", "transloop.ui.install")] : []),
    { ...command("$(debug-restart) Restart Server", "transloop.restartServer"), description: running ? "runs" : server.why },
    command("$(output) Show Output", "transloop.ui.output"),
    command("$(gear) Settings", "transloop.ui.settings"),
    command("$(mortar-board) Getting Started", "transloop.ui.walkthrough"),
  ];
}

function separator(label: string): Line {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

async function show(uri: string | null): Promise<void> {
  if (uri !== null) await vscode.window.showTextDocument(vscode.Uri.parse(uri));
}

/** Settings of a machine lie on the remote tab of a remote window (SSH, WSL, a container). */
export async function openSettings(query: string): Promise<void> {
  const settings = vscode.env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
  await vscode.commands.executeCommand(`workbench.action.${settings}`, { query });
}
