/** The examples of deployment give what `hcsc embed` gives, on images of every kind. */
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import sharp, { type Sharp } from "sharp";
import { readTensors } from "../../src/tensorfile/index.js";
import { inChromium, openPage } from "../browser/chromium.js";
import { hcsc, withRecipe } from "./cli.js";

/** Grey, transparent, turned by EXIF, larger than the view and smaller, of even and odd sides, a view's own size. */
async function photos(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const noise = (width: number, height: number, channels: 1 | 3 | 4, seed: number) =>
    sharp(
      Buffer.from(
        Array.from({ length: width * height * channels }, (_, i) => 127 + 120 * Math.sin(i / (5 + seed)) + (i % 7)),
      ),
      { raw: { width, height, channels } },
    );
  const made: Readonly<Record<string, Sharp>> = {
    "grey.png": noise(33, 57, 1, 1).toColourspace("b-w").png(),
    "clear.png": noise(40, 31, 4, 2).png(),
    "small.png": noise(9, 7, 3, 3).png(),
    "wide.webp": noise(200, 41, 3, 4).webp({ lossless: true }),
    "view.png": noise(16, 16, 3, 5).png(),
    "turned.jpg": noise(64, 37, 3, 6).jpeg({ quality: 95 }).withMetadata({ orientation: 6 }),
  };
  for (const [name, image] of Object.entries(made)) await image.toFile(join(folder, name));
  for (let i = 0; i < 10; i++)
    await noise(20 + i, 24, 3, i)
      .png()
      .toFile(join(folder, `z${i}.png`));
}

let prepared: Promise<{ model: string; data: string; vectors: ReadonlyMap<string, Float32Array> }> | null = null;

const exported = () => {
  prepared ??= (async () => {
    const { folder, recipe } = await withRecipe({ epochs: 1, evaluation: { interpolation: "bicubic" } });
    const [data, run, model, out] = ["photos", "run", "model", "v.safetensors"].map((name) => join(folder, name));
    await photos(data);
    for (const args of [
      ["train", "--data", data, "--recipe", recipe, "--out", run],
      ["export", "--run", run, "--out", model],
      ["embed", "--run", run, "--data", data, "--out", out],
    ]) {
      const { code, stderr } = await hcsc(...args);
      if (code !== 0) throw new Error(stderr);
    }
    const { data: all, shape } = (await readTensors(out)).tensors.get("vectors") as {
      data: Float32Array;
      shape: readonly number[];
    };
    const names = (await readFile(join(folder, "v.names.txt"), "utf8")).trim().split("\n");
    const vectors = new Map(names.map((name, i) => [name, all.slice(i * shape[1], (i + 1) * shape[1])]));
    return { model, data, vectors };
  })();
  return prepared;
};

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

function same(
  t: ExecutionContext,
  name: string,
  vector: readonly number[],
  expected: Float32Array,
  most: number,
): void {
  t.is(vector.length, expected.length);
  const largest = Math.max(...vector.map((x, i) => Math.abs(x - expected[i])));
  t.true(largest < most, `${name}: ${largest}, cosine ${cosine(vector, expected)}`);
}

test.serial("the example for Node", async (t) => {
  const { model, data, vectors } = await exported();
  const files = (await readdir(data)).map((name) => join(data, name));
  const { stdout } = await promisify(execFile)(process.execPath, ["examples/embed.mjs", model, ...files]);
  const lines = stdout.trim().split("\n");
  t.is(lines.length, 16);
  for (const line of lines) {
    const { file, vector } = JSON.parse(line);
    const name = file.slice(data.length + 1);
    same(t, name, vector, vectors.get(name) as Float32Array, 2e-5);
  }
});

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

inChromium("the example for browsers", async (t) => {
  const { model, data, vectors } = await exported();
  const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-training-web"));
  const server = createServer(async ({ url = "/" }, response) => {
    const name = url === "/" ? "embed.html" : url.slice(1);
    const folder = name === "embed.html" ? "examples" : name === "encoder.onnx" ? model : ort;
    const content = await readFile(join(folder, name)).catch(() => null);
    response.writeHead(content ? 200 : 404, { "content-type": types[extname(name)] ?? "application/octet-stream" });
    response.end(content);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.teardown(() => server.close());
  const page = await openPage(t);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const names = ["grey.png", "clear.png", "small.png", "wide.webp", "view.png", "turned.jpg"];
  await page.waitForSelector("input:enabled");
  await page.locator("input").setInputFiles(names.map((name) => join(data, name)));
  await page.waitForFunction("document.querySelector('pre').textContent.trim().split('\\n').length === 6");
  for (const line of ((await page.locator("pre").textContent()) as string).trim().split("\n")) {
    const { file, vector } = JSON.parse(line);
    const expected = vectors.get(file) as Float32Array;
    // Browsers blend transparent pixels and decode JPEG a level off here and there.
    if (file === "clear.png" || file === "turned.jpg") t.true(cosine(vector, expected) > 0.9999, file);
    else same(t, file, vector, expected, 1e-4);
  }
});

test.serial("preprocessing.json says all of it", async (t) => {
  const { model } = await exported();
  const { decoding, images, pixels } = JSON.parse(await readFile(join(model, "preprocessing.json"), "utf8"));
  t.like(images, { model: "encoder.onnx", input: { name: "images", dtype: "uint8" } });
  t.regex(decoding.alpha, /white/);
  t.regex(decoding.orientation, /EXIF/);
  t.like(pixels.steps.resize, {
    shortSide: 18,
    interpolation: "bicubic",
    unchanged: "images of 16 x 16 are taken as they are",
  });
  t.regex(pixels.steps.crop.offset, /even/);
});
