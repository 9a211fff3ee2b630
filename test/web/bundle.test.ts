/** What applications bundle: `hcsc/web` with the worker of its engine, by esbuild and by Vite, as the examples do. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { build } from "esbuild";

test("hcsc/web and its engine's worker hold nothing of Node's", async (t) => {
  const { metafile, outputFiles } = await build({
    entryPoints: ["build/src/browser.js", "build/src/web/engineWorker/index.js", "build/src/web/loaderWorker/index.js"],
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    outdir: "web",
    write: false,
    metafile: true,
    logLevel: "silent", // what cannot be resolved makes this fail
  });
  const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
  t.deepEqual(imported, []);
  const inputs = Object.keys(metafile.inputs);
  t.true(inputs.includes("build/src/train/trainer.js"));
  t.deepEqual(
    inputs.filter((file) => /node_modules\/(onnxruntime-node|koffi|sharp)\//.test(file)),
    [],
  );
  t.true(outputFiles.length > 3);
});

const bundlers: Readonly<Record<string, (out: string) => readonly string[]>> = {
  esbuild: (out) => ["examples/web/esbuild.mjs", out],
  Vite: (out) => ["node_modules/vite/bin/vite.js", "build", "examples/web", "--outDir", out, "--logLevel", "error"],
};

for (const [name, command] of Object.entries(bundlers))
  test(`the example is built by ${name}: scripts for a browser, and ONNX Runtime's WebAssembly`, async (t) => {
    const out = await mkdtemp(join(tmpdir(), "hcsc-bundle-"));
    t.teardown(() => rm(out, { recursive: true }));
    const { stderr } = await promisify(execFile)(process.execPath, command(out), { timeout: 120_000 });
    t.is(stderr, "");
    const files = await readdir(out, { recursive: true });
    t.is(files.filter((file) => file.endsWith(".wasm")).length, 2);
    const scripts = files.filter((file) => file.endsWith(".js"));
    t.true(scripts.some((file) => file.includes("engineWorker")));
    for (const file of scripts)
      t.notRegex(await readFile(join(out, file), "utf8"), /(from|import)\s*\(?"node:|vite-browser-external/, file);
  });
