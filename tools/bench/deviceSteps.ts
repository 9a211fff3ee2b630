/** Training steps on a device, in the precisions that it has, beside PyTorch on the same card. */
import { execFileSync } from "node:child_process";
import { UsageError } from "../../src/errors.js";
import { type Precision, precisions } from "../../src/precision.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { flags } from "./flags.js";
import { median, milliseconds, type Row, ratio, timed, timings } from "./measure.js";
import { peer } from "./peer.js";
import { readyStep, recipeOf } from "./steps.js";

const sizes = (backbone: string, batchSize: number, imageSize: number, queue = 4096, clusters = "100,50,20") => ({
  backbone,
  batchSize,
  imageSize,
  queue,
  clusters,
});

/** The demo's, then small and large ones; the last with the queue and hierarchy of ImageNet. */
export const deviceCases = {
  "resnet8, batch 64, 28 px": sizes("resnet8", 64, 28),
  "resnet20, batch 64, 32 px": sizes("resnet20", 64, 32),
  "resnet18 small stem, batch 32, 32 px": sizes("resnet18-small", 32, 32),
  "resnet18 small stem, batch 256, 32 px": sizes("resnet18-small", 256, 32),
  "resnet18, batch 8, 224 px": sizes("resnet18", 8, 224),
  "resnet18, batch 64, 224 px": sizes("resnet18", 64, 224),
  "resnet50, batch 8, 224 px": sizes("resnet50", 8, 224),
  "resnet50, batch 64, 224 px, queue 16,384": sizes("resnet50", 64, 224, 16_384, "3000,2000,1000"),
  "vit-tiny, batch 64, 224 px": sizes("vit-tiny-patch16", 64, 224),
} as const;

export type DeviceCase = (typeof deviceCases)[keyof typeof deviceCases];

export const deviceRecipe = (c: DeviceCase, ...more: readonly string[]) =>
  recipeOf(c, `method.queue=${c.queue}`, `method.clusters=[${c.clusters}]`, ...more);

/** The precisions to measure; those of `--precision`, or float32. */
const wanted = flags.precision.map((name) => {
  if (name in precisions) return name as Precision;
  throw new UsageError("unknown-name", `--precision ${name} is none of ${Object.keys(precisions).join(", ")}.`);
});

/** Seconds a step where each next one is asked for while the last runs, as training does. */
async function overlapped(count: number, step: () => Promise<unknown>): Promise<number> {
  await step();
  const { seconds } = await timed(async () => {
    let last = step();
    for (let i = 1; i < count; i++) {
      const next = step();
      await last;
      last = next;
    }
    await last;
  });
  return seconds / count;
}

interface PeerStep {
  readonly medianMs: number;
  /** A step where none is waited for but the last. */
  readonly overlappedMs: number;
}

/** The peer's step in the better of its layouts, on the card; null where it lacks the script, the encoder or the card. */
async function peerStep(c: DeviceCase, precision: Precision): Promise<PeerStep | null> {
  const found = await peer("bench_step.py", {
    encoder: c.backbone,
    "batch-size": c.batchSize,
    size: c.imageSize,
    queue: c.queue,
    clusters: c.clusters,
    steps: flags.steps,
    format: "both",
    device: "cuda",
    precision,
  });
  const lines = (found?.lines ?? []) as unknown as readonly PeerStep[];
  return lines.length === 0 ? null : lines.reduce((a, b) => (a.medianMs <= b.medianMs ? a : b));
}

async function measure(name: string, c: DeviceCase, precision: Precision): Promise<Row> {
  const engine = await openEngine({ provider: flags.provider, precision, crossCheck: false });
  const step = await readyStep(engine, deviceRecipe(c, `precision=${precision}`), await chooseTarget(engine));
  for (let i = 0; i < 3; i++) await step.run(); // kernels are compiled, then a step is recorded
  const stepMs = milliseconds(median(await timings(Number(flags.steps), step.run)));
  const overlappedMs = milliseconds(await overlapped(Number(flags.steps), step.run));
  await engine.close();
  const row = { name, ...step.row, stepMs, overlappedMs, imagesPerSecond: Math.round((c.batchSize * 1000) / stepMs) };
  const theirs = await peerStep(c, precision);
  if (!theirs) return row;
  return {
    ...row,
    peerMs: theirs.medianMs,
    peerOverlappedMs: theirs.overlappedMs,
    ratio: ratio(stepMs, theirs.medianMs),
    overlappedRatio: ratio(overlappedMs, theirs.overlappedMs),
  };
}

export const deviceStepRows = Object.entries(deviceCases).flatMap(([name, c]) =>
  wanted.map((precision) => ({
    name: `step: ${name}, ${precision}`,
    measure: (own: string) => measure(own, c, precision),
  })),
);

/** What NVIDIA's driver calls the card; null without one. */
export function cardName(): string | null {
  try {
    return execFileSync("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}
