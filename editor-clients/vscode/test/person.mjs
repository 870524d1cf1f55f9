// The path of a person who uses nothing but the keyboard, and the pictures of it.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const THEMES = { dark: "vs-dark", light: "vs" };
const LENS = ".codelens-decoration a";
const ROW = ".quick-input-widget .monaco-list-row";

export class Person {
  constructor(workbench, page, pictures, servers, payload) {
    Object.assign(this, { workbench, page, pictures, servers, payload });
  }

  // The steps, in their order. Each begins where the one before has ended.

  steps = {
    "the menu of a selected function offers the languages": async () => {
      await this.page.goto(this.page.address);
      await this.sees(".view-line", "def gcd");
      await this.statusIs(/transloop$/);
      await this.press("Control+b"); // more room for the pictures
      await this.select("def gcd", 4);
      await this.press("Control+.");
      await this.sees(".action-widget .monaco-list-row", "Translate to JavaScript");
      await this.picture("menu");
    },
    "a translation shows its progress, and can be cancelled by a key": async () => {
      await this.press("Escape");
      await this.use("held");
      await this.press("Control+1"); // the editor again
      await this.select("def gcd", 4);
      await this.press("Control+k t");
      await this.chooses("Translate to JavaScript");
      await this.sees(".notification-list-item", "Translating gcd to JavaScript");
      await this.sees(".notification-list-item .monaco-button", "Cancel");
      await this.statusIs(/translating/);
      await this.picture("progress");
      await this.press("Control+k x");
      await this.seesNot(".notification-list-item", "Translating gcd");
      assert.ok(!(await this.text()).includes("def gcd".repeat(2)));
    },
    "the default model translates, and both sides are run": async () => {
      await this.use("real");
      await this.page.locator('.statusbar-item [aria-label*="qwen2.5-coder-0.5b"]').first().waitFor({ timeout: 30_000 });
      await this.press("Control+1");
      await this.select("def lcm", 2);
      await this.press("Control+k t");
      await this.chooses("Translate to JavaScript");
      await this.sees(LENS, /^(verified: \d+ cases|differs: lcm\(|does not compile: )/, 180_000);
      await this.sees(".view-line", "function lcm");
      await this.press("Control+k n");
      await this.seesNot(LENS, "Accept");
    },
    "the verdict stands above the translation": async () => {
      await this.use("quick");
      await this.press("Control+1");
      await this.select("def gcd", 4);
      await this.press("Control+k t");
      await this.chooses("Translate to JavaScript");
      await this.sees(LENS, /^verified: \d+ cases/, 60_000);
      for (const title of ["Accept", "Reject", "Show evidence", "Translate again"]) await this.sees(LENS, title);
      await this.statusIs(/1 of 1 verified today/);
      await this.press("Control+Home"); // nothing is selected in the picture
      await this.picture("verdict");
    },
    "the original is compared with it in the diff editor": async () => {
      await this.find("function gcd");
      await this.press("Control+k h");
      await this.sees(".monaco-diff-editor .view-line", "function gcd");
      await this.sees(".monaco-diff-editor .view-line", "def gcd");
      await this.picture("diff");
      await this.press("Control+Alt+w");
    },
    "its evidence is a page": async () => {
      await this.find("function gcd");
      await this.press("Control+k j");
      const page = this.page.frameLocator("iframe.webview").frameLocator("iframe");
      await page.getByRole("heading", { name: "What was run: gcd" }).waitFor({ timeout: 30_000 });
      await this.picture("evidence");
      await this.press("Control+Alt+w");
      await this.seesNot(".tab", "Preview");
    },
    "the status opens a menu": async () => {
      const said = await this.page.locator('.statusbar-item [aria-label*="opens a menu"]').first().getAttribute("aria-label");
      assert.match(said, /^transloop: 1 of 1 verified today\. Model: echo\. Adapter: none\. No training runs\./);
      await this.command("transloop: Status and Actions...");
      await this.sees(ROW, "Accept");
      await this.sees(ROW, "Model");
      await this.picture("status");
      await this.press("Escape");
    },
    "it is accepted by a key": async () => {
      await this.find("function gcd");
      await this.press("Control+k y");
      await this.seesNot(LENS, "Accept");
      assert.ok((await this.text()).includes("function gcd"));
    },
    "the first five minutes are explained": async () => {
      await this.command("transloop: Getting Started");
      await this.sees(".getting-started-step", "Get the language server");
      const first = this.page.locator(".getting-started-step", { hasText: "Get the language server" });
      await first.locator(".codicon-getting-started-step-checked.complete").waitFor();
      await this.page.locator(".getting-started-step", { hasText: "Read the verdict" }).focus();
      await this.press("Enter");
      await this.page.getByAltText("A translation with its verdict in the line above it").waitFor();
      await this.picture("walkthrough");
      await this.press("Control+Alt+w");
    },
    "a program that is not there is named, with what to do": async () => {
      this.configure(["/nowhere/transloop", "lsp"]);
      await this.sees(".notification-list-item", 'there is no program "/nowhere/transloop"');
      await this.statusIs(/no server/);
      await this.clearNotifications();
    },
    "a server that is too old is named, with both versions": async () => {
      await this.use("old");
      await this.sees(".notification-list-item", /is of version 0\.0\.9; this extension needs \d+\.\d+\.\d+ or newer/);
      await this.clearNotifications();
    },
    "a server that ends at its start is shown with its last words": async () => {
      this.configure(this.servers.crashing);
      await this.sees(".notification-list-item", "there is no module pygls", 30_000);
      await this.statusIs(/failed/);
      await this.clearNotifications();
    },
    "without a server it is offered, and nothing is fetched without a yes": async () => {
      this.configure(undefined);
      await this.sees(".notification-list-item", "is not installed on this machine");
      await this.command("transloop: Install Server...");
      await this.sees(".monaco-dialog-box", /MB are downloaded/);
      assert.equal(this.environment(), undefined);
      await this.press("Escape");
      await this.seesNot(".monaco-dialog-box", "MB are downloaded");
      assert.equal(this.environment(), undefined);
    },
    "after a yes it is installed into an environment of its own, and runs": async () => {
      await this.command("transloop: Install Server...");
      await this.sees(".monaco-dialog-box", /MB are downloaded/);
      await this.press("Enter");
      await this.statusIs(/transloop$/, 90_000);
      assert.ok(this.environment());
    },
    "a second window, on a workspace that is not trusted, runs nothing and chooses no program": async () => {
      this.workbench.setUser({ "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never" });
      this.workbench.setWorkspace({ "transloop.server.command": ["/evil/program"], "transloop.trusted": ["/"] });
      this.configure(this.servers.quick);
      const first = this.page;
      this.page = await this.workbench.open(this.payload);
      await this.page.goto(this.page.address);
      await this.sees(".statusbar-item", "Restricted Mode", 40_000);
      await this.sees(".view-line", "def gcd");
      await this.statusIs(/transloop$/);
      await this.select("def gcd", 4);
      await this.press("Control+k t");
      await this.chooses("Translate to JavaScript");
      await this.sees(LENS, /^translated, not run/);
      await this.statusIs(/1 translated today, none run/);
      first.errors.push(...this.page.errors);
      this.page = first;
    },
    "nothing went wrong that only developers see": async () => {
      assert.deepEqual(this.page.errors, []);
    },
  };

  // What a person does

  async press(keys) {
    for (const key of keys.split(" ")) await this.page.keyboard.press(key);
  }

  /** Press keys until they are heard: a page that is just going away swallows them. */
  async opens(keys, selector) {
    for (let tries = 1; ; tries += 1) {
      await this.press(keys);
      try {
        await this.page.locator(selector).first().waitFor({ timeout: 3000 });
        return;
      } catch (error) {
        if (tries === 5) throw error;
      }
    }
  }

  async find(text) {
    await this.opens("Control+1 Control+f", ".find-widget.visible textarea");
    await this.press("Control+a");
    await this.page.keyboard.insertText(text);
    await this.press("Enter Escape");
  }

  async select(text, lines) {
    await this.find(text);
    await this.press("Home");
    for (let line = 0; line < lines; line += 1) await this.press("Shift+ArrowDown");
  }

  async command(title) {
    await this.opens("F1", ".quick-input-widget input");
    await this.page.keyboard.insertText(title);
    await this.page.locator(`${ROW}[data-index="0"]`, { hasText: title }).waitFor(); // the list is filtered
    await this.press("Enter");
  }

  async chooses(label) {
    await this.page.locator(ROW, { hasText: label }).first().waitFor();
    await this.page.keyboard.insertText(label);
    await this.press("Enter");
  }

  async clearNotifications() {
    await this.command("Notifications: Clear All Notifications");
    await this.page.locator(".notification-list-item").first().waitFor({ state: "hidden" });
  }

  // What a person sees

  async sees(selector, text, timeout = 20_000) {
    await this.page.locator(selector, { hasText: text }).first().waitFor({ timeout });
  }

  async seesNot(selector, text) {
    await this.page.locator(selector, { hasText: text }).first().waitFor({ state: "detached", timeout: 20_000 });
  }

  async statusIs(expected, timeout = 30_000) {
    const item = this.page.locator(".statusbar-item a", { hasText: "transloop" }).filter({ hasText: expected });
    await item.first().waitFor({ timeout });
  }

  async text() {
    return (await this.page.locator(".editor-instance .view-lines").first().innerText()).replaceAll("\u00a0", " ");
  }

  /** The same moment in both themes. */
  async picture(name) {
    for (const [theme, shown] of Object.entries(THEMES)) {
      await this.page.emulateMedia({ colorScheme: theme });
      await this.page.locator(`.monaco-workbench.${shown}`).waitFor();
      await this.page.waitForTimeout(300); // the last colours fade in
      await this.page.screenshot({ path: join(this.pictures, `${name}-${theme}.png`), caret: "hide" });
    }
  }

  // The machine

  configure(command) {
    this.workbench.setMachine(command ? { "transloop.server.command": command } : {});
  }

  async use(server) {
    this.configure(this.servers[server]);
    const argument = this.servers[server].at(-1);
    for (let tries = 0; !serves(argument); tries += 1) {
      assert.ok(tries < 200, `the server ${server} does not start`);
      await this.page.waitForTimeout(100);
    }
    await this.statusIs(/transloop$/);
  }

  /** The program of the environment that the extension has made. */
  environment() {
    const storage = join(this.workbench.data, "data", "User", "globalStorage", "transloop.transloop", "server");
    if (!existsSync(join(storage, "ready"))) return undefined;
    assert.match(readFileSync(join(storage, "ready"), "utf8"), /^transloop-.*\.whl$/);
    return readdirSync(join(storage, "bin")).find((name) => name === "transloop");
  }
}

/** Whether a process runs that was started with this argument. */
function serves(argument) {
  return readdirSync("/proc").filter(Number).some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1).at(-1) === argument;
    } catch {
      return false; // it has ended meanwhile
    }
  });
}
