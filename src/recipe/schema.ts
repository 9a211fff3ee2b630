/** What a recipe may say: every field with its meaning, range and default. Unknown fields are errors. */
import { z } from "zod";
import { backbones } from "../nn/index.js";
import { optimizerKinds, scheduleKinds } from "../optim/index.js";

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as [K, ...K[]];
const count = z.int().positive();
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const range = z
  .tuple([positive, positive])
  .refine(([low, high]) => low <= high, "the first number must not exceed the second");

const encoder = z.strictObject({
  backbone: z.enum(keysOf(backbones)),
  /** Times the filters of every stage. */
  width: positive.default(1),
  /** 1: grey images; 3: colour. */
  channels: z.union([z.literal(1), z.literal(3)]).default(3),
  /** Side of the views in pixels. */
  imageSize: count,
  /** D, the length of the embeddings. */
  dimension: count.default(128),
  /** Parts of the shuffled key batch that BatchNorm sees apart; 1: the whole batch, as one process of the authors' code. */
  keySubBatches: count.default(1),
});

const method = z.strictObject({
  variant: z.enum(["paper", "reference"]).default("paper"),
  /** τ. Below 0.025, e^(−2/τ) is no float32. */
  temperature: z.number().min(0.025).default(0.2),
  /** m of the key encoder. */
  keyMomentum: share.default(0.999),
  /** Q, the number of past keys. */
  queue: count.default(16384),
  /** M of each level, finest first, each coarser than the one before. Empty: plain InfoNCE (MoCo). */
  clusters: z
    .array(count)
    .default([3000, 2000, 1000])
    .refine(
      (m) => m.every((c, i) => i === 0 || c < m[i - 1]),
      "each level must have fewer clusters than the one before, such as [3000, 2000, 1000]",
    ),
  /** Epochs of plain InfoNCE before the first clustering. */
  warmupEpochs: z.int().min(0).default(20),
  instanceSelection: z.boolean().default(true),
  prototypeSelection: z.boolean().default(true),
  /** Whether local views take the query's instance selection, or every queue key. */
  selectionOnLocal: z.boolean().default(true),
  /** ε of the concentration. */
  smoothing: positive.default(10),
  /** Paper: clusters of fewer images are dropped. */
  minimumClusterSize: count.default(10),
  /** Of k-means. */
  iterations: count.default(20),
  restarts: count.default(5),
});

const optimizer = z.strictObject({
  kind: z.enum(optimizerKinds).default("sgd"),
  /** For a batch of 256; scaled with the batch (times accumulation). */
  learningRate: positive.default(0.03),
  /** SGD's and LARS's momentum, Adam's β₁. */
  momentum: share.default(0.9),
  weightDecay: z.number().min(0).default(1e-4),
  nesterov: z.boolean().default(false),
  excludeVectors: z.boolean().default(false),
  beta2: share.default(0.999),
  epsilon: positive.default(1e-8),
  trust: positive.default(0.001),
  clipNorm: positive.nullable().default(null),
});

const schedule = z.strictObject({
  kind: z.enum(scheduleKinds).default("cosine"),
  warmupEpochs: z.number().min(0).default(0),
  milestones: z.array(positive).default([]),
  gamma: positive.default(0.1),
});

const localViews = z.strictObject({ size: count, scale: range, count: count.default(1) });

const views = z.strictObject({
  /** Share of the image's area that a crop takes. */
  scale: range.default([0.2, 1]),
  /** Width over height of a crop. */
  ratio: range.default([3 / 4, 4 / 3]),
  jitter: z
    .strictObject({
      brightness: share,
      contrast: share,
      saturation: share,
      hue: z.number().min(0).max(0.5),
      probability: share,
    })
    .default({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 }),
  grayscaleProbability: share.default(0.2),
  blur: z.strictObject({ sigma: range, probability: share }).default({ sigma: [0.1, 2], probability: 0.5 }),
  flipProbability: share.default(0.5),
  /** Per channel, on a scale of 0 to 1. ImageNet's by default; their mean for grey. */
  mean: z.array(z.number()).optional(),
  std: z.array(positive).optional(),
  /** Further crops of the image, each a size and an area range (multi-crop). */
  local: z.array(localViews).default([]),
});

const evaluation = z.strictObject({
  /** Short side before the centre crop of `imageSize`; 0: images of the view's size are taken as they are, others get size·256/224. */
  resize: z.int().min(0).default(0),
  interpolation: z.enum(["bilinear", "bicubic"]).default("bilinear"),
});

export const recipeSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().regex(/^[\w.-]+$/, "use letters, digits, dots, dashes and underscores"),
    description: z.string().default(""),
    encoder,
    method,
    optimizer: optimizer.prefault({}),
    schedule: schedule.prefault({}),
    views: views.prefault({}),
    evaluation: evaluation.prefault({}),
    epochs: count,
    batchSize: count,
    /** Of convolutions; `fp16` needs a GPU provider that has it. Weights, statistics, losses and sums are float32. */
    precision: z.enum(["fp32", "fp16"]).default("fp32"),
    /**
     * Less memory, a little more time: the backward pass makes normalised and activated images again instead of keeping them, and
     * on the CPU a run is of one step.
     */
    recompute: z.boolean().default(false),
    /** Batches whose gradients are averaged before an update. */
    accumulation: count.default(1),
    seed: z.int().min(0).default(0),
    /** Within an epoch a checkpoint is saved after so many minutes: no death of the process loses more. */
    checkpointMinutes: positive.default(10),
  })
  .superRefine((r, context) => {
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
    if (r.batchSize % r.encoder.keySubBatches !== 0)
      issue(["encoder", "keySubBatches"], `${r.encoder.keySubBatches} does not divide the batch of ${r.batchSize}`);
    if (r.batchSize > r.method.queue)
      issue(["method", "queue"], `a queue of ${r.method.queue} cannot take the ${r.batchSize} keys of one batch`);
    for (const field of ["mean", "std"] as const) {
      const given = r.views[field];
      if (given && given.length !== r.encoder.channels)
        issue(["views", field], `give ${r.encoder.channels} numbers, one for each channel`);
    }
  });

/** A complete recipe: every field has its value. */
export type Recipe = z.infer<typeof recipeSchema>;
/** A recipe as written: fields with defaults may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;
