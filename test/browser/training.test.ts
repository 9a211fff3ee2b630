import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { build } from "esbuild";
import type { TrainingModule } from "../../src/ortTraining/index.js";
import { inChromium, openPage } from "./chromium.js";
import { trainSteps } from "./steps.js";

const dist = dirname(createRequire(import.meta.url).resolve("onnxruntime-training-web"));
const steps = 6;
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
};

const pageOf = (threads: number): string => `<!doctype html><title>training</title><script src="/page.js"></script>
<script type="module">
import * as ort from "/ort/ort.training.wasm.min.mjs";
ort.env.wasm.wasmPaths = "/ort/";
ort.env.wasm.numThreads = ${threads};
globalThis.answer = trainSteps(ort, ${steps}).then((losses) => ({ losses, isolated: crossOriginIsolated }));
</script>`;

/** Serves the page, its script and the training build on this machine only. */
async function serve(threads: number): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: ["build/test/browser/page.js"],
    bundle: true,
    platform: "browser",
    write: false,
    logLevel: "error",
  });
  const files: Record<string, () => Promise<Uint8Array> | Uint8Array> = {
    "/index.html": () => Buffer.from(pageOf(threads)),
    "/page.js": () => outputFiles[0].contents,
  };
  const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
  const server = createServer(async ({ url = "" }, response) => {
    const name = url.startsWith("/ort/") ? join(dist, url.slice("/ort/".length)) : url;
    const body = await (files[url]?.() ?? readFile(name).catch(() => null));
    const headers = { "Content-Type": types[extname(url)] ?? "text/plain", ...(threads > 1 ? isolation : {}) };
    response.writeHead(body ? 200 : 404, headers).end(body ?? "");
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Losses by Node's single thread: once, since the numbers it starts from are drawn from one stream. */
async function inNode(): Promise<readonly number[]> {
  const ort = createRequire(import.meta.url)(join(dist, "ort.training.wasm.js")) as TrainingModule & {
    env: { wasm: { numThreads: number } };
  };
  ort.env.wasm.numThreads = 1;
  return trainSteps(ort, steps);
}

const node = inNode();
for (const threads of [1, 2]) {
  const title = `artifacts emitted and trained in Chromium on ${threads} thread${threads > 1 ? "s, cross-origin isolated," : ""} give Node's losses`;
  const body = async (t: ExecutionContext): Promise<void> => {
    const server = await serve(threads);
    t.teardown(() => server.close());
    const page = await openPage(t);
    page.on("pageerror", (error) => t.log(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/index.html`);
    await page.waitForFunction("globalThis.answer");
    const { losses, isolated } = (await page.evaluate("globalThis.answer")) as { losses: number[]; isolated: boolean };
    t.is(isolated, threads > 1);
    t.is(losses.length, steps);
    t.deepEqual(losses, await node);
  };
  inChromium(title, body);
}
