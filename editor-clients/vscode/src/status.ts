/** The item in the status bar: whether the server runs, what it does, and what it did today. */

import * as vscode from "vscode";

import type { Phase, Server } from "./server";
import { share, told, type Told } from "./told";

/** Training goes on by itself, so nobody tells of it: it is looked at while somebody looks. */
const LOOK_MS = 10_000;

/** An icon, and words that say the same: colour and icon alone tell nobody anything. */
const PHASES: Record<Phase, { icon: string; words: string }> = {
  missing: { icon: "$(warning)", words: "no server" },
  stopped: { icon: "$(circle-slash)", words: "stopped" },
  starting: { icon: "$(loading~spin)", words: "starting" },
  running: { icon: "$(arrow-swap)", words: "" },
  waiting: { icon: "$(sync~spin)", words: "starts again" },
  failed: { icon: "$(error)", words: "failed" },
};

export class Status implements vscode.Disposable {
  /** What the server told last; undefined while it does not run. */
  last: Told | undefined;
  private readonly item = vscode.window.createStatusBarItem("transloop", vscode.StatusBarAlignment.Right, 90);
  private readonly timer = setInterval(() => { if (vscode.window.state.focused) void this.refresh(); }, LOOK_MS);
  private readonly listening: vscode.Disposable;

  constructor(private readonly server: Server) {
    this.item.name = "transloop";
    this.item.command = "transloop.ui.menu";
    this.listening = server.onDidChange((phase) => {
      if (phase === "running") void this.refresh();
      else this.last = undefined;
      this.show();
    });
    this.show();
    this.item.show();
  }

  /** Ask the server again. */
  async refresh(): Promise<Told | undefined> {
    if (this.server.phase === "running") {
      try {
        this.last = told(await this.server.ask("transloop.status"));
      } catch {
        this.last = undefined; // it has just ended: its phase says so in a moment
      }
      this.show();
    }
    return this.last;
  }

  dispose(): void {
    clearInterval(this.timer);
    this.listening.dispose();
    this.item.dispose();
  }

  private show(): void {
    const { phase, why } = this.server;
    const busy = this.last?.jobs.some((job) => job.state === "running") ?? false;
    const { icon, words } = busy ? { icon: "$(loading~spin)", words: "translating" } : PHASES[phase];
    const parts = [words, this.last ? share(this.last) : "", this.last?.training ? `training: ${this.last.training}` : ""];
    const text = ["transloop", parts.filter(Boolean).join(", ")].filter(Boolean).join(": ");
    this.item.text = `${this.last?.problem && !busy ? "$(warning)" : icon} ${text}`;
    const details = [...(this.last ? facts(this.last) : []), why].filter(Boolean);
    const tooltip = new vscode.MarkdownString();
    for (const line of [text, ...details]) tooltip.appendText(line).appendMarkdown("\n\n");
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: [text, ...details, "opens a menu"].join(". ") };
    this.item.backgroundColor =
      phase === "failed" || phase === "missing" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }
}

function facts(last: Told): string[] {
  return [
    `Model: ${last.model}`,
    `Adapter: ${last.adapter ?? "none"}`,
    last.training ? `Training: ${last.training}` : "No training runs",
    last.problem,
  ];
}
