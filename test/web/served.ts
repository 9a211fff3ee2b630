/** Pages of this library in Chromium: bundled by esbuild, served on this machine only. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { basename, dirname, extname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { build } from "esbuild";
import type { Page } from "playwright-core";
import { defined } from "../../tools/web/site.js";
import { openPage } from "../browser/chromium.js";

const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
};
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

const bundled = build({
  entryPoints: [
    ...["page", "engineWorker", "loaderWorker"].map((name) => `build/test/web/${name}.js`),
    "build/test/studio/studioPage.js",
    "build/src/studio/work/worker.js",
  ],
  bundle: true,
  splitting: true,
  format: "esm",
  define: defined,
  entryNames: "[name]",
  outdir: "web",
  write: false,
  logLevel: "error",
}).then(({ outputFiles }) => new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents])));

/** What is served beside scripts, and from which folder: the bundled set, the app of reports, fixtures. */
const beside: readonly (readonly [RegExp, string])[] = [
  [/^\/data\/fashion-mnist\/[\w-]+\.gz$/, "data/fashion-mnist"],
  [/^\/report\/page\.(js|css)$/, "build/src/publish"],
  [/^\/fixtures\/[\w-]+\.safetensors$/, "test/fixtures"],
  [/^\/[\w.-]+\.wasm$/, ort],
];

/**
 * The test's page.
 *
 * @param isolated - whether it may have threads
 * @param script - `page`, or `studioPage`, which drives the worker of the page that trains
 */
export async function servedPage(
  t: ExecutionContext,
  isolated: boolean,
  script: "page" | "studioPage" = "page",
): Promise<Page> {
  const files = await bundled;
  const html = new TextEncoder().encode(
    `<!doctype html><title>HCSC</title><link rel="icon" href="data:,"><script type="module" src="/${script}.js"></script>`,
  );
  const server = createServer(async ({ url: asked = "" }, response) => {
    const url = asked.replace(/\?.*$/, "");
    const folder = beside.find(([address]) => address.test(url))?.[1];
    const found = () => (folder === undefined ? null : readFile(join(folder, basename(url))).catch(() => null));
    const body = url === "/" ? html : (files.get(url) ?? (await found()));
    const type = types[extname(url)] ?? "text/html";
    response.writeHead(body ? 200 : 404, { "Content-Type": type, ...(isolated ? isolation : {}) }).end(body ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const page = await openPage(t);
  page.on("pageerror", (error) => t.log(error.message));
  page.on("console", (message) => t.log(message.text()));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.page");
  return page;
}
