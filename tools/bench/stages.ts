/** The other stages that users wait for: a whole epoch, views, clustering, embedding. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { hierarchy, unitRows } from "../../src/cluster/index.js";
import { describeSource, openLoader, openSource, type Picture, randomView } from "../../src/data/index.js";
import { nearestCentroidOn } from "../../src/engine/index.js";
import { encoderModel, encoderSettings, initialEncoder } from "../../src/programs/index.js";
import { random } from "../../src/random.js";
import type { Recipe } from "../../src/recipe/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { viewPolicies } from "../../src/train/views.js";
import { measuredRun } from "../measuredRun.js";
import { flags } from "./flags.js";
import { gaussian, median, type Row, ratio, rounded, timed, timings } from "./measure.js";
import { type PeerOptions, peer } from "./peer.js";
import { withPhotos } from "./photos.js";
import { recipeOf, stepCases, threads } from "./steps.js";

/** Trainings with the same settings: `hcsc train`'s options and the peer's, and the first epoch that counts. */
interface Trainings {
  readonly given: readonly string[];
  readonly peer: PeerOptions;
  readonly epochs: number;
  readonly from: number;
}

/** A whole epoch: views, embedding, clustering, steps. */
async function epoch(name: string, { given, peer: options, epochs, from }: Trainings): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-bench-"));
  const run = join(folder, "run");
  const hcsc = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
  const train = ["train", "--recipe", "fashion-mnist-peer", "--epochs", String(epochs), ...given];
  const { peakMiB } = await measuredRun(process.execPath, [hcsc, ...train, "--out", run, "--json"]);
  const metrics = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  await rm(folder, { recursive: true });
  const ours = metrics.map((line) => JSON.parse(line)).filter((m) => m.kind === "epoch" && m.epoch >= from);
  const seconds = median(ours.map((m) => m.seconds));
  const waitingShare = rounded(Math.max(...ours.map((m) => m.waitingShare)));
  const row = { name, seconds: rounded(seconds), waitingShare, peakMiB };
  const other = await peer("hcsc_torch.py", { ...options, epochs });
  if (!other) return row;
  const peerSeconds = median(other.lines.filter((l) => l.epoch >= from).map((l) => l.seconds));
  return {
    ...row,
    peerSeconds,
    peerPeakMiB: other.peakMiB,
    ratio: ratio(seconds, peerSeconds),
    memoryRatio: ratio(peakMiB ?? Number.NaN, other.peakMiB ?? Number.NaN),
  };
}

/** The peer's settings on 10,000 small images, after warm-up. */
const smallEpoch = (name: string): Promise<Row> =>
  epoch(name, { given: ["--data", "data/fashion-mnist"], peer: { encoder: "resnet8" }, epochs: 3, from: 1 });

const photoFields = [
  "encoder.backbone=resnet18",
  "encoder.imageSize=224",
  "method.warmupEpochs=0",
  "views.blur.sigma=[0.1,2]",
];

/**
 * One epoch, with clusters, of photographs in files. The peer has decoded them all before its epoch and holds them: decoding costs
 * it no time here, but memory. Its layout is the better one for this encoder.
 */
const photoEpoch = (name: string): Promise<Row> =>
  withPhotos(2000, (data) =>
    epoch(name, {
      given: ["--data", `${data}#train`, "--batch-size", "32", ...photoFields.flatMap((field) => ["--set", field])],
      peer: { data, encoder: "resnet18", size: 224, "batch-size": 32, subset: 0, warmup: 0, "channels-last": true },
      epochs: 1,
      from: 0,
    }),
  );

/** The engine beside ONNX Runtime alone on the exported encoder: what is lost around it. */
async function embedding(name: string): Promise<Row> {
  const recipe = recipeOf(stepCases["resnet20, batch 64, 32 px"]);
  const settings = encoderSettings(recipe.encoder);
  const model = encoderModel(settings, initialEncoder(settings, 0), null);
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
  const out = new Uint8Array(policy.channels * policy.size ** 2);
  const began = performance.now();
  let made = 0;
  for (; performance.now() - began < 2000; made++) randomView(picture, policy, random(0, made), out, 0);
  return { name, viewsPerSecondPerCore: Math.round((made * 1000) / (performance.now() - began)) };
}

/** One loading thread on JPEG files, as training reads them; the peer takes their bytes from memory. */
const loading = (name: string): Promise<Row> =>
  withPhotos(200, async (folder) => {
    const source = await describeSource(`${folder}#train`);
    const { count } = openSource(source);
    const loader = openLoader({ source, seed: 0, workers: 1 });
    const policies = viewPolicies(recipeOf(stepCases["resnet18, batch 8, 224 px"]));
    const starts = Array.from({ length: count / 20 }, (_, b) => 20 * b);
    const requests = starts.map((from) => ({ indices: Int32Array.from({ length: 20 }, (_, i) => from + i), epoch: 0 }));
    const pass = async () => {
      for await (const batch of loader.train(requests, policies)) batch.release();
    };
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < Number(flags.rounds); round++) {
      ours.push(count / median(await timings(2, pass)));
      const other = await peer("bench_views.py", { data: join(folder, "train"), size: 224 });
      if (other) theirs.push(other.lines[0].imagesPerSecond);
    }
    await loader.close();
    const row = { name, imagesPerSecondPerCore: rounded(median(ours)) };
    if (theirs.length === 0) return row;
    return { ...row, peerPerCore: rounded(median(theirs)), speedup: ratio(median(ours), median(theirs)) };
  });

const pictureOf = (width: number, height: number, channels: 1 | 3): Picture => ({
  width,
  height,
  channels,
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 256),
});

export const stageRows = [
  { name: "epoch: resnet8, 10,000 images of 28 px", measure: smallEpoch },
  { name: "epoch: resnet18, 2,000 JPEG of 500×375, 224 px", measure: photoEpoch },
  { name: "decoding and two views: 224 px of 500×375 JPEG", measure: loading },
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
