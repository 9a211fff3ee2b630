/** The other stages that users wait for: a whole epoch, views, clustering, embedding. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { encoderModel, encoderSettings, initialEncoder } from "../../src/artifacts/index.js";
import { hierarchy, unitRows } from "../../src/cluster/index.js";
import { type Picture, randomView } from "../../src/data/index.js";
import { random } from "../../src/random.js";
import type { Recipe } from "../../src/recipe/index.js";
import { nearestCentroidOn, openEngine } from "../../src/runtime/index.js";
import { viewPolicies } from "../../src/train/views.js";
import { measuredRun } from "../measuredRun.js";
import { flags } from "./flags.js";
import { gaussian, median, type Row, ratio, rounded, timed, timings } from "./measure.js";
import { peer } from "./peer.js";
import { recipeOf, stepCases, threads } from "./steps.js";

const epochs = 3;

/** A whole epoch of the peer's settings on 10,000 images, after warm-up: views, embedding, clustering, steps. */
async function epoch(name: string): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-bench-"));
  const run = join(folder, "run");
  const hcsc = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
  const train = ["train", "--recipe", "fashion-mnist-peer", "--data", "data/fashion-mnist", "--epochs", String(epochs)];
  const { peakMiB } = await measuredRun(process.execPath, [hcsc, ...train, "--out", run, "--json"]);
  const metrics = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  await rm(folder, { recursive: true });
  const ours = metrics.map((line) => JSON.parse(line)).filter((m) => m.kind === "epoch" && m.epoch > 0);
  const seconds = median(ours.map((m) => m.seconds));
  const waitingShare = rounded(Math.max(...ours.map((m) => m.waitingShare)));
  const row = { name, seconds: rounded(seconds), waitingShare, peakMiB };
  const other = await peer("hcsc_torch.py", { encoder: "resnet8", epochs });
  if (!other) return row;
  const peerSeconds = median(other.lines.filter((l) => l.epoch > 0).map((l) => l.seconds));
  return {
    ...row,
    peerSeconds,
    peerPeakMiB: other.peakMiB,
    ratio: ratio(seconds, peerSeconds),
    memoryRatio: ratio(peakMiB ?? Number.NaN, other.peakMiB ?? Number.NaN),
  };
}

/** The engine beside ONNX Runtime alone on the exported encoder: what is lost around it. */
async function embedding(name: string): Promise<Row> {
  const recipe = recipeOf(stepCases["resnet20, batch 64, 32 px"]);
  const settings = encoderSettings(recipe.encoder);
  const model = encoderModel(settings, 32, initialEncoder(settings, 0));
  const pixels = gaussian([128, 3, 32, 32]);
  const engine = await openEngine();
  await engine.load("encoder", model);
  const plain = await InferenceSession.create(model, { intraOpNumThreads: threads });
  const tensor = new Tensor("float32", pixels.data, pixels.shape);
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(flags.rounds); round++) {
    ours.push(median(await timings(10, () => engine.run("encoder", { pixels }, ["embedding"]))));
    theirs.push(median(await timings(10, () => plain.run({ pixels: tensor }, ["embedding"]))));
  }
  await Promise.all([engine.close(), plain.release()]);
  const [a, b] = [median(ours), median(theirs)];
  return { name, imagesPerSecond: Math.round(128 / a), plainImagesPerSecond: Math.round(128 / b), ratio: ratio(a, b) };
}

const clustered = { images: 50_000, width: 128, clusters: [3000, 2000, 1000], iterations: 20 } as const;

/** The hierarchy with one start, beside faiss's k-means of the same sizes one after the other. */
async function clustering(name: string): Promise<Row> {
  const { images, width, clusters, iterations } = clustered;
  const engine = await openEngine();
  const features = unitRows(gaussian([images, width]));
  const nearest = await nearestCentroidOn(engine);
  const options = {
    clusters,
    iterations,
    restarts: 1,
    temperature: 0.2,
    variant: "reference",
    seed: 0,
    nearest,
  } as const;
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    ours.push((await timed(() => hierarchy(features, options))).seconds);
    let seconds = 0;
    for (const [n, k] of [images, ...clusters.slice(0, -1)].map((n, l) => [n, clusters[l]])) {
      const other = await peer("bench_kmeans.py", { sizes: `${n},${width},${k}`, iterations, repeats: 1 });
      seconds += other?.lines[0].seconds ?? Number.NaN;
    }
    theirs.push(seconds);
  }
  await engine.close();
  const row = { name, seconds: rounded(median(ours)) };
  const peerSeconds = rounded(median(theirs));
  return flags.peer ? { ...row, peerSeconds, ratio: ratio(median(ours), peerSeconds) } : row;
}

function views(name: string, picture: Picture, recipe: Recipe): Row {
  const [policy] = viewPolicies(recipe);
  const out = new Float32Array(policy.channels * policy.size ** 2);
  const began = performance.now();
  let made = 0;
  for (; performance.now() - began < 2000; made++) randomView(picture, policy, random(0, made), out, 0);
  return { name, viewsPerSecondPerCore: Math.round((made * 1000) / (performance.now() - began)) };
}

const pictureOf = (width: number, height: number, channels: 1 | 3): Picture => ({
  width,
  height,
  channels,
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 256),
});

export const stageRows = [
  { name: "epoch: resnet8, 10,000 images of 28 px", measure: epoch },
  { name: "embedding: resnet20, batch 128, 32 px", measure: embedding },
  { name: "hierarchy: 50,000 × 128 into 3000/2000/1000, 20 iterations", measure: clustering },
  {
    name: "random view: 28 px grey",
    measure: (name: string) => views(name, pictureOf(28, 28, 1), recipeOf(stepCases["resnet8, batch 128, 28 px"])),
  },
  {
    name: "random view: 224 px of 500×375 colour",
    measure: (name: string) => views(name, pictureOf(500, 375, 3), recipeOf(stepCases["resnet18, batch 8, 224 px"])),
  },
] as const;
