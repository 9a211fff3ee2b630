/** Trains on images that a person picks, in the page: nothing is uploaded. */
import { inDirectory, openEngine, openImages, openLoader, parseRecipe, RunFolder, targetOf, train } from "hcsc/web";

const recipe = parseRecipe(
  {
    name: "page",
    encoder: { backbone: "resnet8", imageSize: 32 },
    epochs: 4,
    batchSize: 32,
    method: { queue: 256, clusters: [20, 5], warmupEpochs: 1 },
  },
  "this page's recipe",
);
const picked = document.querySelector("input");
const words = document.querySelector("pre");

async function trainOn(files) {
  const images = await openImages(files.map((image) => ({ name: image.name, image })));
  for (const { name, reason } of images.skipped) words.append(`${name} is skipped: ${reason}\n`);
  const worker = new Worker(new URL("./engineWorker.js", import.meta.url), { type: "module" });
  const loading = new Worker(new URL("./loaderWorker.js", import.meta.url), { type: "module" });
  const engine = await openEngine({ worker, provider: "gpu" in navigator ? "webgpu" : "cpu" });
  const name = `run-${Date.now()}`;
  const storage = await navigator.storage.getDirectory();
  const run = await RunFolder.create(inDirectory(await storage.getDirectoryHandle(name, { create: true }), name), {
    recipe,
    data: "images of the page",
    images: images.source.count,
    versions: {},
    started: new Date().toISOString(),
  });
  const report = (event) => {
    if (event.kind === "epoch") words.append(`epoch ${event.metric.epoch + 1}: loss ${event.metric.loss.toFixed(3)}\n`);
  };
  const loader = openLoader(images, { seed: recipe.seed, workers: [loading] });
  await train({ run, engine, target: await targetOf(engine), source: images.source, loader, report });
  await Promise.all([engine.close(), loader.close()]);
}

picked.addEventListener("change", () =>
  trainOn([...picked.files]).catch((error) => words.append(`${error.message}\n`)),
);
