// Builds static/src into static/dist: hashed files and a manifest that names them.
// New files are moved in first and the manifest last, so a reader never meets a half-built folder.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const src = path.join(here, "src");
const dist = path.join(here, "dist");
const require = createRequire(import.meta.url);

async function bundle() {
  const result = await build({
    entryPoints: ["app.js", "theme.js", "app.css"].map((name) => path.join(src, name)),
    bundle: true,
    minify: true,
    write: false,
    outdir: dist,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
  });
  return result.outputFiles.map((file) => [path.basename(file.path), file.text]);
}

function findPackage(name) {
  return path.dirname(require.resolve(`${name}/package.json`));
}

async function drawSymbol(name) {
  const file = path.join(findPackage("lucide-static"), "icons", `${name}.svg`);
  const text = (await readFile(file, "utf8")).replace(/<!--[\s\S]*?-->/g, "");
  const inner = text.slice(text.indexOf(">", text.indexOf("<svg")) + 1, text.indexOf("</svg>"));
  const shape = inner.replace(/\s+/g, " ").replace(/> </g, "><").trim();
  return `<symbol id="${name}" viewBox="0 0 24 24">${shape}</symbol>`;
}

async function drawSprite() {
  const names = JSON.parse(await readFile(path.join(src, "icons.json"), "utf8"));
  const symbols = await Promise.all(names.map(drawSymbol));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

async function gatherLicenses() {
  const parts = ["htmx.org", "lucide-static"].map(async (name) => {
    const text = await readFile(path.join(findPackage(name), "LICENSE"), "utf8");
    return `${name}\n${"=".repeat(name.length)}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(parts)).join("\n\n");
}

function nameByContent(name, text) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return `${stem}-${hash}${ext}`;
}

const started = performance.now();
const outputs = [
  ...(await bundle()),
  ["icons.svg", await drawSprite()],
  ["mark.svg", await readFile(path.join(src, "mark.svg"), "utf8")],
  ["licenses.txt", await gatherLicenses()],
];
const manifest = Object.fromEntries(outputs.map(([name, text]) => [name, nameByContent(name, text)]));

const fresh = await mkdtemp(path.join(here, ".build-"));
try {
  await Promise.all(
    outputs.map(([name, text]) => writeFile(path.join(fresh, manifest[name]), text)),
  );
  await writeFile(path.join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await mkdir(dist, { recursive: true });
  const current = [...Object.values(manifest), "manifest.json"];
  for (const name of current) await rename(path.join(fresh, name), path.join(dist, name));
  const stale = (await readdir(dist)).filter((name) => !current.includes(name));
  await Promise.all(stale.map((name) => rm(path.join(dist, name), { recursive: true })));
} finally {
  await rm(fresh, { recursive: true, force: true });
}

for (const [name, text] of outputs) {
  console.log(`${manifest[name].padEnd(28)} ${String(gzipSync(text).length).padStart(6)} B gz`);
}
console.log(`built in ${Math.round(performance.now() - started)} ms`);
