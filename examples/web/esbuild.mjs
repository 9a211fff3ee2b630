/** `node examples/web/esbuild.mjs [folder]`: the page by esbuild, with ONNX Runtime's WebAssembly beside it. */
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const from = (name) => fileURLToPath(new URL(name, import.meta.url));
const outdir = argv[2] ?? "web";
await build({
  entryPoints: [from("page.js"), from("engineWorker.js"), from("loaderWorker.js")],
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  outdir,
  logLevel: "warning",
});
await mkdir(outdir, { recursive: true });
await copyFile(from("index.html"), join(outdir, "index.html"));
const ort = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
for (const name of ["ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.asyncify.wasm"])
  await copyFile(join(ort, name), join(outdir, name));
