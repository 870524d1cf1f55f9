// VS Code's server with the packaged extension, and its workbench in a browser.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

import { VSCODE } from "./get-vscode.mjs";

const MAIN = join(VSCODE, "out", "server-main.js");
const USER = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "window.autoDetectColorScheme": true,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "chat.commandCenter.enabled": false,
  "files.autoSave": "off",
  "editor.minimap.enabled": false,
  "editor.fontFamily": "DejaVu Sans Mono",
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "security.workspace.trust.enabled": false,
  "transloop.placement": "below",
};
/** What this build says of itself in the console: it is used without its wrapper, and nothing of it is compiled. */
const LACKS = [
  /\/node_modules\/vsda\//,
  /\/_static\/src\/browser\/media\//,
  /\/update\/check\)$/,
  /Failed to register a ServiceWorker|when fetching the script/,
  /'vscode\.typescript-language-features' failed/,
  /node_modules\/(native-watchdog|@vscode\/(spdlog|ripgrep))\//,
];

/** One server on the loopback; `root` holds its settings, its extensions and the workspace. */
export class Workbench {
  constructor({ root, vsix, workspace, environment }) {
    Object.assign(this, { root, environment, workspace: join(root, "my café") });
    cpSync(workspace, this.workspace, { recursive: true });
    this.data = join(root, "data");
    this.flags = ["--server-data-dir", this.data, "--extensions-dir", join(root, "extensions"), "--telemetry-level", "off"];
    this.setUser({});
    this.setMachine({});
    // A browser keeps the usual key for itself.
    this.write("User", [{ key: "ctrl+alt+w", command: "workbench.action.closeActiveEditor" }], "keybindings");
    execFileSync(process.execPath, [MAIN, "--install-extension", vsix, ...this.flags], { stdio: ["ignore", "ignore", "inherit"] });
  }

  /** Settings of the person; what is not named has the value that suits a test. */
  setUser(settings) {
    this.write("User", { ...USER, ...settings });
  }

  /** Settings of the machine: those that no workspace may choose. */
  setMachine(settings) {
    this.write("Machine", settings);
  }

  /** Settings that come with the workspace. */
  setWorkspace(settings) {
    mkdirSync(join(this.workspace, ".vscode"), { recursive: true });
    writeFileSync(join(this.workspace, ".vscode", "settings.json"), JSON.stringify(settings));
  }

  write(kind, settings, name = "settings") {
    mkdirSync(join(this.data, "data", kind), { recursive: true });
    const file = join(this.data, "data", kind, `${name}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(settings));
    renameSync(`${file}.new`, file); // nobody reads half of it
  }

  async start() {
    const serve = ["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms"];
    this.server = spawn(process.execPath, [MAIN, ...serve, ...this.flags], {
      env: { ...process.env, EXTENSIONS_GALLERY: "{}", ...this.environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.log = "";
    this.port = await new Promise((resolve, reject) => {
      const heard = (data) => {
        this.log += data;
        const listening = /Extension host agent listening on (\d+)/.exec(this.log);
        if (listening) resolve(Number(listening[1]));
      };
      this.server.stdout.on("data", heard);
      this.server.stderr.on("data", heard);
      this.server.once("exit", (code) => reject(new Error(`VS Code's server ended with ${code}:\n${this.log}`)));
    });
    this.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    });
  }

  /** A fresh browser window on the workspace; `payload` are pairs that the workbench understands. */
  async open(payload) {
    const context = await this.browser.newContext({ viewport: { width: 1100, height: 640 } });
    await context.route((url) => url.hostname !== "127.0.0.1", (route) => route.abort()); // no network
    const page = await context.newPage();
    page.errors = [];
    const heard = (error) => { if (!LACKS.some((each) => each.test(error))) page.errors.push(error); };
    page.on("console", (message) => { if (message.type() === "error") heard(`${message.text()} (${message.location().url})`); });
    page.on("pageerror", (error) => heard(String(error)));
    const given = encodeURIComponent(JSON.stringify([["skipWelcome", "true"], ...payload]));
    page.address = `http://127.0.0.1:${this.port}/?folder=${encodeURIComponent(this.workspace)}&payload=${given}`;
    return page;
  }

  /** A file of this machine as the workbench names it. */
  remote(path) {
    return `vscode-remote://127.0.0.1:${this.port}${encodeURI(path)}`;
  }

  async stop() {
    await this.browser?.close();
    if (this.server?.exitCode === null) {
      const gone = new Promise((resolve) => this.server.once("exit", resolve));
      process.kill(-this.server.pid, "SIGTERM");
      const late = setTimeout(() => process.kill(-this.server.pid, "SIGKILL"), 5000);
      await gone;
      clearTimeout(late);
    }
  }
}
