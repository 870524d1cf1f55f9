/** What the server writes for people to read: comparisons as diffs of read-only documents, pages as previews. */

import { readFile } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";

const SCHEME = "transloop";

/** The translation that a document of a comparison belongs to; undefined: it is another document. */
export function jobOf(uri: vscode.Uri): string | undefined {
  return uri.scheme === SCHEME ? uri.path.split("/")[1] : undefined;
}

export class Pages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly files = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  /** Only what the server has named is read, whatever a link says. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const file = this.files.get(uri.path);
    return file === undefined ? "" : readFile(file, "utf8");
  }

  /** Show the two files of a comparison side by side. */
  async compare(answer: unknown): Promise<void> {
    const sides = answer as { left?: unknown; right?: unknown; title?: unknown } | null;
    if (typeof sides?.left !== "string" || typeof sides.right !== "string") return; // the server has said why
    const [left, right] = [this.document(sides.left), this.document(sides.right)];
    await vscode.commands.executeCommand("vscode.diff", left, right, String(sides.title), { preview: true });
  }

  /** Show a page of Markdown as it is meant to look, beside what the person works on. */
  async read(page: vscode.Uri): Promise<void> {
    try {
      await vscode.commands.executeCommand("markdown.showPreviewToSide", page);
    } catch {
      // somebody has switched the Markdown preview off: its text is readable too
      await vscode.window.showTextDocument(page, { viewColumn: vscode.ViewColumn.Beside });
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }

  private document(file: string): vscode.Uri {
    // The last folder is the translation's: two comparisons are two documents.
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${path.basename(path.dirname(file))}/${path.basename(file)}` });
    this.files.set(uri.path, file);
    this.changed.fire(uri);
    return uri;
  }
}
