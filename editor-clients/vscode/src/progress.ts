/** Work of the server as messages with a Cancel button; the usual client hides the button behind the status bar. */

import * as vscode from "vscode";
import type { WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport } from "vscode-languageclient/node";

type Told = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Shown {
  report: (message: string) => void;
  end: () => void;
}

export class Progresses {
  private readonly shown = new Map<number | string, Shown>();

  /** `cancel` tells the server. */
  constructor(private readonly cancel: (token: number | string) => void) {}

  tell(token: number | string, told: Told): void {
    if (told.kind === "begin") this.begin(token, told);
    else if (told.kind === "report") this.shown.get(token)?.report(told.message ?? "");
    else this.end(token);
  }

  /** The server has ended: nobody else would end what it has begun. */
  endAll(): void {
    for (const token of [...this.shown.keys()]) this.end(token);
  }

  private begin(token: number | string, { title, message = "", cancellable = false }: WorkDoneProgressBegin): void {
    void vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable }, (progress, cancelled) => {
      cancelled.onCancellationRequested(() => { this.cancel(token); });
      progress.report({ message });
      return new Promise<void>((resolve) => {
        this.shown.set(token, { report: (words) => { progress.report({ message: words }); }, end: resolve });
      });
    });
  }

  private end(token: number | string): void {
    this.shown.get(token)?.end();
    this.shown.delete(token);
  }
}
