/** The page that trains as a folder of files, for this machine's server or any other. */
import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build, type Metafile } from "esbuild";
import { version } from "../../src/version.js";

/** Scripts by the names that they call each other by. */
export const scripts: Readonly<Record<string, string>> = {
  page: "build/src/studio/page/main.js",
  work: "build/src/studio/work/worker.js",
  engineWorker: "build/src/studio/work/engineWorker.js",
  loaderWorker: "build/src/studio/work/loaderWorker.js",
};

/** What stands in scripts in place of names. zod is told not to try whether it may compile code, which the policy refuses. */
export const defined: Readonly<Record<string, string>> = {
  HCSC_VERSION: JSON.stringify(version),
  "globalThis.__zod_globalConfig": JSON.stringify({ jitless: true }),
};
/** What stands in scripts in place of packages. */
export const replaced: Readonly<Record<string, string>> = {
  "ml-levenberg-marquardt": "./build/tools/web/umapCurve.js",
  "d3-geo": "./build/src/view/noProjections.js",
};

const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
/** Files that scripts fetch: path in the site, and where it comes from. */
const beside: Readonly<Record<string, string>> = {
  "ort-wasm-simd-threaded.wasm": join(ort, "ort-wasm-simd-threaded.wasm"),
  "ort-wasm-simd-threaded.asyncify.wasm": join(ort, "ort-wasm-simd-threaded.asyncify.wasm"),
  "report/page.js": "build/src/publish/page.js",
  "report/page.css": "build/src/publish/page.css",
};
const folders: Readonly<Record<string, string>> = { "data/fashion-mnist": "data/fashion-mnist" };

/**
 * What the page may load and connect to: what it came with, and pictures of its own making. Style attributes and Plot's style elements
 * are inline.
 */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/**
 * Writes the site into a folder, over what is there.
 *
 * @param made - files of its scripts by their names
 * @returns what each script is made of
 */
export async function buildSite(out: string, made = scripts): Promise<Metafile> {
  const { page, ...workers } = made;
  const bundles = await Promise.all([
    bundled(out, { page, style: "src/studio/page/page.css" }, false),
    bundled(out, workers, true),
  ]);
  const html = await readFile("src/studio/page/index.html", "utf8");
  await writeFile(join(out, "index.html"), html.replace("{{policy}}", policy));
  for (const [name, from] of Object.entries(beside)) {
    await mkdir(dirname(join(out, name)), { recursive: true });
    await copyFile(from, join(out, name));
  }
  for (const [name, from] of Object.entries(folders)) await cp(from, join(out, name), { recursive: true });
  return {
    inputs: Object.assign({}, ...bundles.map(({ inputs }) => inputs)),
    outputs: Object.assign({}, ...bundles.map(({ outputs }) => outputs)),
  };
}

/**
 * Scripts, each whole, or `shared` in parts: what they have in common, and what is fetched when it is needed. The page is whole: it
 * would fetch what workers share, and run none of it.
 */
async function bundled(out: string, made: Readonly<Record<string, string>>, shared: boolean): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: Object.entries(made).map(([name, file]) => ({ out: name, in: file })),
    bundle: true,
    splitting: shared,
    minify: true,
    format: "esm",
    platform: "browser",
    define: defined,
    alias: replaced,
    outdir: out,
    metafile: true,
    logLevel: "warning",
  });
  return metafile;
}
