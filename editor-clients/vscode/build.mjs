// Bundles the extension, and lays beside it the licences of what is in the bundle.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const wheels = existsSync("server") ? readdirSync("server").filter((file) => file.endsWith(".whl")) : [];
if (wheels.length !== 1) throw new Error("The server's wheel is not in server/: build with `make vscode`.");

const { metafile } = await build({
  entryPoints: ["src/extension.ts"],
  outfile: "out/extension.js",
  bundle: true,
  minify: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  metafile: true,
  logLevel: "warning",
});

const folders = Object.keys(metafile.inputs).map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
const notices = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
  const licence = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (licence === undefined) throw new Error(`${folder} has no licence file: its notice must be in the package.`);
  return `${folder.replace(/.*node_modules\//, "")}\n\n${readFileSync(`${folder}/${licence}`, "utf8").trim()}\n`;
});
writeFileSync("out/THIRD_PARTY_LICENSES.txt", notices.join(`\n${"-".repeat(80)}\n\n`));
copyFileSync("../../LICENSE", "LICENSE");
