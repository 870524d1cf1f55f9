// What needs no editor: what is missing on a machine is named, with what to do about it.
import { strict as assert } from "node:assert";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = (path) => new URL(path, import.meta.url).pathname;

/** A module of the extension that does not import `vscode`. */
async function load(name, root) {
  const outfile = join(root, `${name}.mjs`);
  await build({ entryPoints: [here(`../src/${name}.ts`)], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  return import(pathToFileURL(outfile).href);
}

/** A folder of programs that say what they are told to say. */
function programs(root, named) {
  const folder = join(root, `bin-${Object.keys(named).join("-")}`);
  mkdirSync(folder, { recursive: true });
  for (const [name, says] of Object.entries(named)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${says}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

async function withPath(path, look) {
  const before = process.env.PATH;
  process.env.PATH = path;
  try {
    return await look();
  } finally {
    process.env.PATH = before;
  }
}

export const UNITS = [
  ["where Python is missing, or too old, it is said what to do", async (root) => {
    const { findPython, Missing } = await load("environment", root);
    const missing = (path, expected) =>
      withPath(path, () => assert.rejects(findPython(), (error) => error instanceof Missing && expected.test(error.message)));
    await missing("", /needs Python 3\.11 or newer, which was not found\. Install it/);
    await missing(programs(root, { python3: "echo 3.9" }), /python3 is 3\.9\)\. Install it/);
    await missing(programs(root, { python: "exit 1" }), /python has no venv or pip\)\. Install it/);
    await missing(programs(root, { "python3.12": "echo 3.12" }), /there is no C\+\+ compiler\./);
    const able = programs(root, { python3: "echo 3.13", "c++": "" });
    const found = await withPath(able, findPython);
    assert.deepEqual(found, { program: join(able, "python3"), version: "3.13" });
  }],

  ["a set-up that fails, or is cancelled, leaves nothing behind", async (root) => {
    const { Environment } = await load("environment", root);
    const extension = join(root, "extension");
    mkdirSync(join(extension, "server"), { recursive: true });
    writeFileSync(join(extension, "server", "transloop-1-py3-none-any.whl"), "");
    const environment = new Environment(join(root, "storage"), extension);
    const half = 'mkdir -p "$4/bin"; echo no room on the disk; ';
    const python = (end) => ({ program: join(programs(root, { half: half + end, [end.slice(0, 4)]: "" }), "half"), version: "3.13" });
    const quiet = () => undefined;
    await assert.rejects(environment.setUp(python("exit 1"), quiet, new AbortController().signal), /no room on the disk/);
    assert.equal(environment.program, undefined);
    const cancelled = new AbortController();
    const going = environment.setUp(python("sleep 30"), () => cancelled.abort(), cancelled.signal);
    await assert.rejects(going, /It was cancelled/);
    assert.equal(environment.program, undefined);
  }],

  ["a program is never looked for in a folder that may be somebody else's", async (root) => {
    const { locate } = await load("program", root);
    const folder = programs(root, { transloop: "" });
    await withPath(`.:relative:${folder}`, () => {
      assert.equal(locate("transloop"), join(folder, "transloop"));
      assert.equal(locate("./transloop"), undefined);
      assert.equal(locate("elsewhere"), undefined);
    });
  }],

  ["versions are compared by their numbers", async (root) => {
    const { isOlder } = await load("version", root);
    assert.deepEqual(
      [["0.0.9", "0.1.0"], ["0.9", "0.10"], ["", "0.1.0"], ["dev", "0.1.0"]].map(([one, other]) => isOlder(one, other)),
      [true, true, true, true],
    );
    assert.deepEqual([["0.1.0", "0.1.0"], ["1", "0.9.9"], ["0.1.0.dev1", "0.1.0"]].map(([one, other]) => isOlder(one, other)), [false, false, false]);
  }],
];
