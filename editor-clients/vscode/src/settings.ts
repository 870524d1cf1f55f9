/** The settings that the user set, in the server's shape. Nothing here is sent that is only a default. */

import * as vscode from "vscode";

import { contributes } from "../package.json";

const SECTION = "transloop";
/** Read by this extension, unknown to the server. */
const OURS = ["transloop.server.command"];
const KEYS = Object.keys(contributes.configuration.properties).filter((key) => !OURS.includes(key));

export interface Tree {
  [key: string]: Tree | unknown[] | string | number | boolean | null;
}

/**
 * Read what the user set: in the folder of `scope`, the workspace or the user's settings.
 *
 * A default that went along would win over the user's `transloop.toml`, because the server lets
 * the editor have the last word.
 */
export function userSet(scope?: vscode.Uri): Tree {
  const configuration = vscode.workspace.getConfiguration(undefined, scope);
  const settings: Tree = {};
  for (const key of KEYS) {
    const found = configuration.inspect<Tree[string]>(key);
    const value = found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
    if (value !== undefined) put(settings, key.slice(SECTION.length + 1).split(".").map(snake), value);
  }
  return settings;
}

function put(tree: Tree, [first = "", ...rest]: string[], value: Tree[string]): void {
  if (rest.length === 0) tree[first] = value;
  else put((tree[first] ??= {}) as Tree, rest, value);
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
