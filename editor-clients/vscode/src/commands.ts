/** What people can call by a key, a menu or the palette. The server says what there is to do; here it is chosen. */

import * as vscode from "vscode";

import { jobOf, type Pages } from "./pages";
import type { Server } from "./server";
import type { Status } from "./status";
import type { Job } from "./told";

const KIND = "refactor.rewrite.translate";

/** What can be done with a translation: the server's commands, and ours that find the translation for them. */
export const AFTERWARDS = ["accept", "reject", "next", "retry", "fix", "diff", "diffDraft", "evidence", "learnNothing"];

/** Their answers name two files, which are shown here. */
const COMPARISONS = ["transloop.diff", "transloop.diffDraft"];

export class Commands {
  constructor(
    private readonly server: Server,
    private readonly status: Status,
    private readonly pages: Pages,
  ) {}

  /** Choose a language, the one used last first; with `target` it is not asked for. */
  async translate(target?: unknown): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) {
      void vscode.window.showInformationMessage("Open a file and select code to translate.");
      return;
    }
    if (!(await this.isRunning())) return;
    const choices = (await actions(editor, KIND)).filter((each) => each.command?.command === "transloop.translate");
    if (choices.length === 0) {
      const hint = "There is nothing to translate here: select code, or put the cursor on a function's name.";
      void vscode.window.showInformationMessage(hint);
      return;
    }
    const named = choices.find((each) => typeof target === "string" && each.kind?.value === `${KIND}.${target}`);
    const chosen =
      named ??
      (
        await vscode.window.showQuickPick(
          choices.map((action) => ({ label: action.title, action })),
          { title: "transloop", placeHolder: "Translate to which language?" },
        )
      )?.action;
    if (chosen) await run(chosen);
  }

  /** Do something with the translation at the cursor, or else with the newest one of this document. */
  async afterwards(name: string): Promise<void> {
    if (!(await this.isRunning())) return;
    const editor = vscode.window.activeTextEditor;
    const here = editor ? await actions(editor, `${KIND}.${name}`) : [];
    const [first] = here;
    if (first) {
      await run(first);
      return;
    }
    const newest = await this.newest(editor?.document.uri);
    if (newest) await this.execute(`transloop.${name}`, { job: newest.id });
    else void vscode.window.showInformationMessage("There is no translation here. Put the cursor on one.");
  }

  /** Run a command of the server; what goes wrong is shown. */
  async execute(command: string, ...args: unknown[]): Promise<unknown> {
    const before = this.server.pid;
    try {
      const answer = await this.server.ask(command, ...args);
      void this.status.refresh();
      if (COMPARISONS.includes(command)) await this.pages.compare(answer);
      return answer;
    } catch (error) {
      if (this.server.pid === before) // else it has ended meanwhile, and that is told
        void vscode.window.showErrorMessage(`transloop: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** The newest translation: of a document, of a comparison, or of all. */
  async newest(uri?: vscode.Uri): Promise<Job | undefined> {
    const jobs = [...((await this.status.refresh())?.jobs ?? [])].reverse();
    if (uri === undefined) return jobs[0];
    const compared = jobOf(uri);
    const isIn = (job: Job): boolean => [job.placed, job.uri].some((each) => each && vscode.Uri.parse(each).fsPath === uri.fsPath);
    return jobs.find(compared === undefined ? isIn : (job) => job.id === compared);
  }

  private async isRunning(): Promise<boolean> {
    await this.server.settled();
    if (this.server.phase === "running") return true;
    await vscode.commands.executeCommand("transloop.ui.problem");
    return false;
  }
}

async function actions(editor: vscode.TextEditor, kind: string): Promise<vscode.CodeAction[]> {
  const found = await vscode.commands.executeCommand<(vscode.CodeAction | vscode.Command)[]>(
    "vscode.executeCodeActionProvider",
    editor.document.uri,
    editor.selection,
    kind,
  );
  return found.filter((each): each is vscode.CodeAction => "kind" in each);
}

async function run(action: vscode.CodeAction): Promise<void> {
  const { command } = action;
  if (command) await vscode.commands.executeCommand(command.command, ...((command.arguments ?? []) as unknown[]));
}
