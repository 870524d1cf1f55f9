/** How the editor speaks to the server: what it says at first, and what it does otherwise than usual. */

import * as vscode from "vscode";
import type { ConfigurationItem, LanguageClientOptions, StaticFeature } from "vscode-languageclient/node";

import { activationEvents } from "../package.json";
import type { Commands } from "./commands";
import type { Pages } from "./pages";
import type { Progresses } from "./progress";
import { userSet } from "./settings";
import type { Status } from "./status";

const LANGUAGES = activationEvents.map((event) => event.slice("onLanguage:".length));

/** Says that comparisons are shown here: the server then opens no page of its own for them. */
export const SHOWS_DIFFS: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    const others = capabilities.experimental as object | undefined;
    capabilities.experimental = { ...others, transloop: { diff: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

export function clientOptions(
  channel: vscode.LogOutputChannel,
  commands: Commands,
  pages: Pages,
  progresses: Progresses,
  status: Status,
): LanguageClientOptions {
  return {
    documentSelector: ["file", "untitled"].flatMap((scheme) => LANGUAGES.map((language) => ({ scheme, language }))),
    outputChannel: channel,
    // Asked again at each start.
    initializationOptions: () => ({ settings: userSet(), trusted: vscode.workspace.isTrusted }),
    middleware: {
      executeCommand: (command, args: unknown[]) => commands.execute(command, ...args),
      handleWorkDoneProgress: (token, params, next) => {
        progresses.tell(token, params);
        if (params.kind === "end") next(token, params); // it shows nothing of its own, and lets go of the token
        if (params.kind !== "report") void status.refresh();
      },
      window: {
        showDocument: async (params, token, next) => {
          if (!params.uri.endsWith(".md")) return next(params, token);
          await pages.read(vscode.Uri.parse(params.uri)); // evidence: code is never Markdown
          return { success: true };
        },
      },
      workspace: {
        // The client's own notification would carry the defaults; ours is sent when a setting changes.
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
