import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { build } from "esbuild";
import { plainMostSimilar } from "../../src/eval/index.js";
import { normal, random } from "../../src/random.js";
import { mapNeighbours, mapOf } from "../../src/report/map.js";
import { mostSimilarOthers } from "../../src/report/similar.js";
import { replaced } from "../../tools/web/site.js";

type Fitting = typeof import("umap-js/dist/umap.js");

/** A module as the site bundles it. */
async function asBundled<T>(code: string): Promise<{ readonly module: T; readonly inputs: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-curve-"));
  try {
    const { outputFiles, metafile } = await build({
      stdin: { contents: code, resolveDir: "." },
      bundle: true,
      format: "esm",
      alias: replaced,
      write: false,
      metafile: true,
      logLevel: "error",
    });
    const file = join(folder, "bundled.mjs");
    await writeFile(file, outputFiles[0].contents);
    return { module: (await import(pathToFileURL(file).href)) as T, inputs: Object.keys(metafile.inputs) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a map in the page is Node's map, bit for bit, without the library that fits its curve", async (t) => {
  const { module, inputs } = await asBundled<{ readonly mapOf: typeof mapOf }>(
    `export { mapOf } from "./build/src/report/map.js";`,
  );
  t.deepEqual(
    inputs.filter((file) => /ml-(levenberg-marquardt|matrix)/.test(file)),
    [],
  );
  const next = random(3);
  const features = { shape: [60, 4], data: Float32Array.from({ length: 240 }, () => normal(next)) };
  const others = await mostSimilarOthers(features, mapNeighbours, plainMostSimilar, () => {});
  const drawn = await mapOf(features, others, 1, () => {});
  t.deepEqual(await module.mapOf(features, others, 1, () => {}), drawn);
  t.true(new Set(drawn).size > 100);
});

test("a curve that was not fitted is refused", async (t) => {
  const { module } = await asBundled<Fitting>(`export { findABParams } from "umap-js/dist/umap.js";`);
  t.throws(() => module.findABParams(1, 0.2), { message: /fitted for a spread of 1 and a least distance of 0.1/ });
  t.throws(() => module.findABParams(2, 0.1), { message: /fitted for a spread of 1/ });
});
