/** Runs in the real extension host, against the extension as it was packaged and installed. */

import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import * as vscode from "vscode";

const KIND = "refactor.rewrite.translate";
const SERVERS = JSON.parse(process.env.TEST_SERVERS ?? "{}") as Record<string, string[]>;
const WRONG = "a = b, b = a % b";
const RIGHT = "((a % b) + b) % b";

interface Job {
  id: string;
  state: string;
  message: string;
  verdict: string | null;
}

interface Told {
  jobs: Job[];
  problem: string;
  today: { translated: number; run: number; verified: number };
}

type Test = [name: string, run: () => Promise<void>];

const TESTS: Test[] = [
  ["it is installed from its package, and wakes up for Python", async () => {
    const extension = vscode.extensions.getExtension("transloop.transloop");
    assert.ok(extension);
    await openGcd();
    await until("activation", () => extension.isActive);
    await until("the server", status);
  }],

  ["every command of the manifest exists, and every setting has its default", async () => {
    const manifest = vscode.extensions.getExtension("transloop.transloop")?.packageJSON as Manifest;
    const known = await vscode.commands.getCommands(true);
    const commands = manifest.contributes.commands.map((each) => each.command);
    assert.ok(commands.length > 15);
    assert.deepEqual(commands.filter((each) => !known.includes(each)), []);
    const settings = Object.entries(manifest.contributes.configuration.properties);
    assert.ok(settings.length > 30);
    for (const [key, { default: value }] of settings)
      assert.deepEqual(vscode.workspace.getConfiguration().inspect(key)?.defaultValue, value, key);
  }],

  ["a setting holds at once", async () => {
    await set("targets", ["go", "rust"]);
    const document = await openGcd();
    await until("Go and Rust alone", async () => (await targets(document)).join() === "Translate to Go,Translate to Rust");
    await set("targets", undefined);
    await until("all", async () => (await targets(document)).length === 7);
  }],

  ["a wrong setting is named, and the others hold", async () => {
    await set("placement", "sideways");
    const problem = await until("the problem", async () => (await status())?.problem);
    assert.match(problem, /placement/);
    await set("placement", "below");
    await until("no problem", async () => (await status())?.problem === "");
  }],

  ["a translation is placed with its verdict, and can be accepted", async () => {
    const document = await openGcd();
    const job = await translated(document);
    assert.equal(job.verdict, "verified", job.message);
    assert.ok(document.getText().includes(RIGHT));
    assert.match((await lenses(document))[0] ?? "", /^verified: \d+ cases/);
    assert.deepEqual((await lenses(document)).slice(1, 3), ["Accept", "Reject"]);
    assert.equal((await status())?.today.verified, 1);
    await vscode.commands.executeCommand("transloop.ui.accept");
    await until("no lens", async () => (await lenses(document)).length === 0);
    assert.ok(document.getText().includes(RIGHT));
  }],

  ["what was rejected is gone, and what stood there before is as it was", async () => {
    const document = await openGcd();
    const before = document.getText();
    await translated(document);
    assert.notEqual(document.getText(), before);
    await vscode.commands.executeCommand("transloop.ui.reject");
    await until("the text before", () => document.getText() === before);
  }],

  ["one undo takes a translation back", async () => {
    const document = await openGcd();
    const before = document.getText();
    await translated(document);
    await vscode.commands.executeCommand("undo");
    assert.equal(document.getText(), before);
  }],

  ["the next alternative is another one", async () => {
    const document = await openGcd();
    await translated(document);
    await vscode.commands.executeCommand("transloop.ui.next");
    await until("the other answer", () => document.getText().includes(WRONG));
    assert.ok(!document.getText().includes(RIGHT));
    await until("its verdict", async () => (await lenses(document))[0]?.startsWith("differs: gcd("));
  }],

  ["the original is compared with the translation in read-only documents", async () => {
    const document = await openGcd();
    await translated(document);
    await vscode.commands.executeCommand("transloop.ui.diff");
    const sides = await until("the diff", shownDiff);
    assert.deepEqual([sides.original.scheme, sides.modified.scheme], ["transloop", "transloop"]);
    assert.ok((await textOf(sides.original)).includes("def gcd(a: int, b: int)"));
    assert.ok((await textOf(sides.modified)).includes(RIGHT));
    await closeAll();
  }],

  ["the draft is compared with what the person accepted", async () => {
    const document = await openGcd();
    await translated(document);
    const at = document.positionAt(document.getText().indexOf("return a;"));
    const edit = new vscode.WorkspaceEdit();
    edit.insert(document.uri, at, "/* mine */ ");
    await vscode.workspace.applyEdit(edit);
    await cursor(document, at);
    await vscode.commands.executeCommand("transloop.ui.accept");
    await until("no lens", async () => (await lenses(document)).length === 0);
    await vscode.commands.executeCommand("transloop.ui.diffDraft");
    const sides = await until("the diff", shownDiff);
    assert.ok(!(await textOf(sides.original)).includes("mine"));
    assert.ok((await textOf(sides.modified)).includes("/* mine */ return a;"));
    await closeAll();
  }],

  ["the evidence is shown as a page", async () => {
    const document = await openGcd();
    await translated(document);
    await vscode.commands.executeCommand("transloop.ui.evidence");
    const tab = await until("the page", () => tabs().find((each) => each.input instanceof vscode.TabInputWebview));
    assert.match((tab.input as vscode.TabInputWebview).viewType, /markdown\.preview/);
    assert.match(tab.label, /gcd/);
    await closeAll();
  }],

  ["a translation beside its source is a file of its own", async () => {
    await set("placement", undefined);
    const document = await openGcd();
    await translated(document, "javascript", { keep: true });
    const file = vscode.Uri.joinPath(document.uri, "..", "gcd.js");
    assert.ok((await vscode.workspace.openTextDocument(file)).getText().includes(RIGHT));
    await closeAll();
    await vscode.workspace.fs.delete(file);
    await set("placement", "below");
  }],

  ["a folder that cannot be written to is told before the work, and the document takes the translation", async () => {
    await set("placement", undefined);
    const small = await openGcd();
    const folder = vscode.Uri.joinPath(small.uri, "..", "locked");
    const file = vscode.Uri.joinPath(folder, "gcd.py");
    await vscode.workspace.fs.writeFile(file, Buffer.from(small.getText()));
    const document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
    rmSync(folder.fsPath, { recursive: true }); // root may write everywhere, but not where nothing is
    const known = (await status())?.jobs.length;
    assert.match((await begin(document, "javascript") as { error: string }).error, /cannot be written to.*`placement`/s);
    assert.equal((await status())?.jobs.length, known);
    await set("placement", "below");
    await translated(document);
    assert.ok(document.getText().includes(RIGHT));
    assert.ok(!existsSync(folder.fsPath));
    await closeAll();
  }],

  ["a file of 5 MB is no obstacle", async () => {
    const small = await openGcd();
    const file = vscode.Uri.joinPath(small.uri, "..", "große Datei.py");
    const more = Array.from({ length: 80_000 }, (_, at) => `def f${at}(x: int) -> int:\n    return x + ${at}  # more of it\n`);
    await vscode.workspace.fs.writeFile(file, Buffer.from(`${small.getText()}\n\n${more.join("\n\n")}`));
    const document = await vscode.workspace.openTextDocument(file);
    assert.ok(document.getText().length > 5_000_000);
    await vscode.window.showTextDocument(document);
    await translated(document);
    assert.ok(document.getText().includes(RIGHT) || document.getText().includes(WRONG));
    await closeAll();
    await vscode.workspace.fs.delete(file);
  }],

  ["a server that is killed while it translates is started again, and works", async () => {
    await use("held");
    const document = await openGcd();
    const before = document.getText();
    await begin(document, "javascript");
    await until("a running job", async () => (await status())?.jobs.at(-1)?.state === "running");
    const killed = serverPid();
    process.kill(killed, "SIGKILL");
    await until("another process", () => serverPids().some((pid) => pid !== killed));
    await until("its answer", async () => (await status())?.jobs.length === 0, 30_000);
    assert.equal(document.getText(), before);
    await use("quick");
    assert.equal((await translated(await openGcd())).verdict, "verified");
  }],

  ["it can be restarted by its command, and leaves no process behind", async () => {
    const before = serverPid();
    await vscode.commands.executeCommand("transloop.restartServer");
    await until("the server", status);
    const after = serverPid();
    assert.notEqual(after, before);
  }],

  ["a server that ends at its start is tried again, and then left alone", async () => {
    await vscode.workspace.getConfiguration("transloop").update("server.command", SERVERS.crashing, vscode.ConfigurationTarget.Global);
    await until("no server", async () => (await status()) === undefined);
    await use("quick");
    assert.ok(await status());
  }],
];

interface Manifest {
  contributes: {
    commands: { command: string }[];
    configuration: { properties: Record<string, { default: unknown }> };
  };
}

async function until<T>(what: string, look: () => T | Promise<T>, milliseconds = 20_000): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<Exclude<T, false>>;
    if (Date.now() > deadline) throw new Error(`It did not happen within ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the server tells; undefined while it does not run, because its commands do not exist then. */
async function status(): Promise<Told | undefined> {
  try {
    return await vscode.commands.executeCommand<Told | undefined>("transloop.status");
  } catch {
    return undefined;
  }
}

async function set(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration("transloop").update(key, value, vscode.ConfigurationTarget.Global);
}

async function use(server: string): Promise<void> {
  await set("server.command", SERVERS[server]);
  const program = SERVERS[server]?.at(-1) ?? "";
  await until(`the server ${server}`, async () => (await status()) && commandLine(serverPid()).includes(program));
}

/** The file as it is on the disk, without lenses of earlier tests. */
async function openGcd(): Promise<vscode.TextDocument> {
  await closeAll();
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  assert.ok(folder);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder, "gcd.py"));
  await vscode.window.showTextDocument(document);
  return document;
}

async function closeAll(): Promise<void> {
  for (const document of vscode.workspace.textDocuments.filter((each) => each.isDirty)) {
    await vscode.window.showTextDocument(document); // a closed one would ask whether it is to be saved
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  }
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}

async function cursor(document: vscode.TextDocument, at: vscode.Position): Promise<void> {
  const editor = await vscode.window.showTextDocument(document);
  editor.selection = new vscode.Selection(at, at);
}

async function actions(document: vscode.TextDocument): Promise<vscode.CodeAction[]> {
  const at = document.positionAt(document.getText().indexOf("gcd("));
  return vscode.commands.executeCommand("vscode.executeCodeActionProvider", document.uri, new vscode.Range(at, at), KIND);
}

async function targets(document: vscode.TextDocument): Promise<string[]> {
  return (await actions(document)).filter((each) => each.command?.command === "transloop.translate").map((each) => each.title);
}

async function begin(document: vscode.TextDocument, target: string): Promise<unknown> {
  const action = await until("the action", async () =>
    (await actions(document)).find((each) => each.kind?.value === `${KIND}.${target}`));
  return vscode.commands.executeCommand(action.command?.command ?? "", ...((action.command?.arguments ?? []) as unknown[]));
}

/** Translate `gcd` and wait for the end; the cursor is then on the translation. */
async function translated(document: vscode.TextDocument, target = "javascript", { keep = false } = {}): Promise<Job> {
  const known = (await status())?.jobs.length ?? 0;
  await begin(document, target);
  const job = await until("the end", async () => (await status())?.jobs.slice(known).find((each) => each.state !== "running"), 60_000);
  assert.equal(job.state, "done", job.message);
  if (!keep) {
    const at = await until("the text", () => document.getText().indexOf("function gcd") + 1);
    await cursor(document, document.positionAt(at));
    await until("its lens", async () => (await lenses(document)).length > 0);
  }
  return job;
}

async function lenses(document: vscode.TextDocument): Promise<string[]> {
  const found = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 20);
  return found.map((each) => each.command?.title ?? "");
}

function tabs(): vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap((group) => group.tabs);
}

function shownDiff(): vscode.TabInputTextDiff | undefined {
  return tabs().map((each) => each.input).find((each) => each instanceof vscode.TabInputTextDiff);
}

async function textOf(uri: vscode.Uri): Promise<string> {
  return (await vscode.workspace.openTextDocument(uri)).getText();
}

/** Children of this extension host that serve. */
function serverPids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid && parent(pid) === process.pid && commandLine(pid).includes("echo_server"));
}

function serverPid(): number {
  const found = serverPids();
  assert.equal(found.length, 1, `one server, not ${found.length}`);
  return found[0] ?? 0;
}

function parent(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
  } catch {
    return 0; // it has ended meanwhile
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

export async function run(): Promise<void> {
  let failed = 0;
  for (const [name, test] of TESTS) {
    const begun = Date.now();
    try {
      await test();
      console.log(`ok - ${name} (${Date.now() - begun} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`not ok - ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  await closeAll();
  if (failed) throw new Error(`${failed} of ${TESTS.length} failed`);
}
