// Runs everything against one server of VS Code: `node test/run.mjs FOLDER PICTURES SERVERS`.
// FOLDER is empty and is filled; PICTURES gets the pictures; SERVERS is JSON: commands by name.
// Each result is a line: "ok - ..." or "not ok - ...".
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

import { Person } from "./person.mjs";
import { UNITS } from "./unit.mjs";
import { Workbench } from "./workbench.mjs";

const here = (path) => new URL(path, import.meta.url).pathname;
const HOST_MS = 240_000;
const [root, pictures, given] = process.argv.slice(2);
const servers = JSON.parse(given);
mkdirSync(pictures, { recursive: true });
let failed = 0;

function tell(line) {
  console.log(line);
  failed += line.startsWith("not ok");
}

/** Take a step; whether it went well. */
async function take(name, step) {
  const begun = Date.now();
  try {
    await step();
    tell(`ok - ${name} (${Date.now() - begun} ms)`);
    return true;
  } catch (error) {
    tell(`not ok - ${name}: ${error.stack}`);
    return false;
  }
}

async function inHost(workbench) {
  const outfile = join(root, "inhost.js");
  await build({ entryPoints: [here("inhost.ts")], outfile, bundle: true, platform: "node", format: "cjs", external: ["vscode"] });
  const page = await workbench.open([
    ["extensionDevelopmentPath", workbench.remote(here("host"))],
    ["extensionTestsPath", workbench.remote(outfile)],
  ]);
  const ended = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("they did not end")), HOST_MS);
    page.exposeFunction("codeAutomationExit", (code) => { clearTimeout(late); resolve(code); });
  });
  let told = 0;
  await page.exposeFunction("codeAutomationLog", (_type, args) => {
    const line = args.join(" ");
    if (/^(not )?ok - /.test(line)) told += 1;
    if (/^(not )?ok - /.test(line)) tell(line);
    else console.log(`# ${line}`);
  });
  await page.goto(page.address);
  const code = await ended;
  if (code !== 0 && failed === 0) tell(`not ok - the tests in the extension host ended with ${code}`);
  if (told === 0) tell("not ok - no test in the extension host was run");
  await page.context().close();
}

async function atTheKeyboard(workbench) {
  const payload = [["openFile", workbench.remote(join(workbench.workspace, "gcd.py"))]];
  const person = new Person(workbench, await workbench.open(payload), pictures, servers, payload);
  for (const [name, step] of Object.entries(person.steps)) {
    if (await take(name, step)) continue;
    await person.page.screenshot({ path: join(root, "failed.png") });
    break; // the next one begins where this one should have ended
  }
}

const workbench = new Workbench({
  root,
  vsix: here("../transloop.vsix"),
  workspace: here("workspace"),
  environment: { TEST_SERVERS: given },
});
for (const [name, test] of UNITS) await take(name, () => test(join(root, "units")));
try {
  workbench.setMachine({ "transloop.server.command": servers.quick });
  await workbench.start();
  await inHost(workbench);
  workbench.setUser({});
  workbench.setMachine({ "transloop.server.command": servers.quick });
  await atTheKeyboard(workbench);
} catch (error) {
  tell(`not ok - the workbench: ${error.stack}`);
} finally {
  await workbench.stop();
}
process.exitCode = failed ? 1 : 0;
