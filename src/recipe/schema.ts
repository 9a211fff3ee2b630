/** What a recipe may say: every field with its meaning, range and default. Unknown fields are errors. */
import * as z from "zod";
import { clusteringDefaults } from "../cluster/index.js";
import { backbones, heads } from "../nn/index.js";
import type { OptimizerKind, ScheduleSettings } from "../optim/index.js";
import { precisions } from "../precision.js";
import { variants } from "../variants.js";
import { kinds } from "./kinds.js";

const keysOf = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as [K, ...K[]];
const count = z.int().positive();
const upTo = (most: number) => count.max(most, `must be at most ${most}`);
/** Of a view, in pixels. */
const mostSide = 4096;
/** Of one array, such as the queue or the views of a batch: 4 GiB as float32. */
const mostNumbers = 2 ** 30;
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const range = z
  .tuple([positive, positive])
  .refine(([low, high]) => low <= high, "the first number must not exceed the second");

const encoder = z.strictObject({
  backbone: z.enum(keysOf(backbones)).describe(`the network: ${Object.keys(backbones).join(", ")}`),
  width: positive
    .max(64, "must be at most 64")
    .default(1)
    .describe("Times the filters of every stage, or the width of every head."),
  channels: z
    .int()
    .min(1)
    .max(16)
    .default(3)
    .describe(
      "1: grey images; 3: colour; 2, or 4 to 16: images of so many channels, as of satellites, whose views keep their colours",
    ),
  imageSize: upTo(mostSide).describe(`Side of the views in pixels, at most ${mostSide}.`),
  dimension: upTo(2 ** 16)
    .default(128)
    .describe("D, the length of the embeddings."),
  head: z
    .enum(keysOf(heads))
    .default("mlp")
    .describe("what training has on top: mlp, HCSC's; mlp-bn, with BatchNorm as MoCo v3's, for transformers"),
  querySubBatches: count
    .default(1)
    .describe(
      "Parts of the query batch that BatchNorm sees apart; 1: the whole batch. Processes that train together each see parts of their own, so their number divides it.",
    ),
  keySubBatches: count
    .default(1)
    .describe(
      "Parts of the shuffled key batch that BatchNorm sees apart; 1: the whole batch, as one process of the authors' code.",
    ),
});

const method = z.strictObject({
  variant: z
    .enum(keysOf(variants))
    .default("paper")
    .describe("paper: the equations; reference: what the authors' code computes"),
  temperature: z.number().min(0.025).default(0.2).describe("τ. Below 0.025, e^(−2/τ) is no float32."),
  keyMomentum: share.default(0.999).describe("m of the key encoder."),
  queue: count
    .default(16384)
    .describe(
      `Q, the number of past keys. Q·D is at most ${mostNumbers}, as are the numbers of a level's centroids and of a batch's views.`,
    ),
  clusters: z
    .array(count)
    .max(32, "must be at most 32 levels")
    .default([3000, 2000, 1000])
    .refine(
      (m) => m.every((c, i) => i === 0 || c < m[i - 1]),
      "each level must have fewer clusters than the one before, such as [3000, 2000, 1000]",
    )
    .describe("M of each level, finest first, each coarser than the one before. Empty: plain InfoNCE (MoCo)"),
  warmupEpochs: z.int().min(0).default(20).describe("Epochs of plain InfoNCE before the first clustering."),
  instanceSelection: z.boolean().default(true).describe("whether queue keys are kept as negatives by their clusters"),
  prototypeSelection: z.boolean().default(true).describe("whether prototypes are kept as negatives by their parents"),
  selectionOnLocal: z
    .boolean()
    .default(true)
    .describe("Whether local views take the query's instance selection, or every queue key."),
  smoothing: positive.default(clusteringDefaults.epsilon).describe("ε of the concentration."),
  minimumClusterSize: count
    .default(clusteringDefaults.minimumClusterSize)
    .describe("Paper: clusters of fewer images are dropped."),
  iterations: count.default(clusteringDefaults.iterations).describe("Of k-means."),
  restarts: count.default(clusteringDefaults.restarts).describe("Of k-means; the best is kept."),
});

const excludeVectors = z.boolean().default(false).describe("no decay of biases and norms");
const trust = positive.default(0.001).describe("LARS's coefficient");

const optimizer = kinds(
  "the optimizer",
  {
    learningRate: positive.default(0.03).describe("For a batch of 256; scaled with the batch (times accumulation)."),
    momentum: share.default(0.9).describe("SGD's and LARS's momentum, Adam's β₁."),
    weightDecay: z.number().min(0).default(1e-4).describe("of weights"),
    clipNorm: positive
      .nullable()
      .default(null)
      .describe("gradients whose norm, all together, is larger are scaled to it"),
  },
  {
    sgd: { nesterov: z.boolean().default(false).describe("Nesterov's momentum"), excludeVectors },
    adamw: {
      excludeVectors,
      beta2: share.default(0.999).describe("Adam's β₂"),
      epsilon: positive.default(1e-8).describe("Adam's ε"),
    },
    lars: { trust },
    "lars-reference": { trust },
  } satisfies Record<OptimizerKind, z.core.$ZodShape>,
);

const schedule = kinds(
  "how the rate falls",
  { warmupEpochs: z.number().min(0).default(0).describe("Epochs in which the rate rises from 0.") },
  {
    cosine: {},
    constant: {},
    step: {
      milestones: z.array(positive).default([]).describe("epochs at which the rate is multiplied by gamma"),
      gamma: positive.default(0.1).describe("by what the rate is multiplied at each milestone"),
    },
  } satisfies Record<ScheduleSettings["kind"], z.core.$ZodShape>,
);

/** Groups of fields by kind. */
export const groups = { optimizer, schedule } as const;

const localViews = z.strictObject({ size: upTo(mostSide), scale: range, count: upTo(64).default(1) });

const views = z.strictObject({
  scale: range.default([0.2, 1]).describe("Share of the image's area that a crop takes."),
  ratio: range.default([3 / 4, 4 / 3]).describe("Width over height of a crop."),
  jitter: z
    .strictObject({
      brightness: share,
      contrast: share,
      saturation: share,
      hue: z.number().min(0).max(0.5),
      probability: share,
    })
    .default({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 })
    .describe("strengths of the changes of colour, and the share of views that are changed"),
  grayscaleProbability: share.default(0.2).describe("share of views that lose their colour"),
  blur: z
    .strictObject({ sigma: range, probability: share })
    .default({ sigma: [0.1, 2], probability: 0.5 })
    .describe("σ of the blur in pixels, and the share of views that are blurred"),
  flipProbability: share.default(0.5).describe("share of views that are mirrored"),
  mean: z
    .array(z.number())
    .optional()
    .describe("Per channel, on a scale of 0 to 1. ImageNet's by default; their mean for grey."),
  std: z.array(positive).optional().describe("As mean."),
  local: z
    .array(localViews)
    .max(16, "must be at most 16 kinds of crops")
    .default([])
    .describe("Further crops of the image, each a size and an area range (multi-crop)."),
});

const evaluation = z.strictObject({
  resize: z
    .int()
    .min(0)
    .default(0)
    .describe(
      "Short side before the centre crop of `imageSize`; 0: images of the view's size are taken as they are, others get size·256/224.",
    ),
  interpolation: z.enum(["bilinear", "bicubic"]).default("bilinear").describe("of that resize"),
});

export const recipeSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[\w.-]+$/, "use letters, digits, dots, dashes and underscores")
      .describe("names the run folder"),
    description: z.string().default("").describe("what it is for, in a sentence"),
    encoder,
    method,
    optimizer: optimizer.prefault({}),
    schedule: schedule.prefault({}),
    views: views.prefault({}),
    evaluation: evaluation.prefault({}),
    epochs: count.describe("times that training goes through the images"),
    batchSize: count.describe("images of a batch"),
    precision: z
      .enum(keysOf(precisions))
      .default("fp32")
      .describe(
        "of products: `tf32` and `fp16` need a GPU provider that has them; weights, statistics, losses and sums are float32",
      ),
    recompute: z
      .boolean()
      .default(false)
      .describe(
        "Less memory, a little more time: the backward pass makes normalised and activated images again instead of keeping them",
      ),
    accumulation: count.default(1).describe("Batches whose gradients are averaged before an update."),
    seed: z.int().min(0).default(0).describe("of every draw"),
    checkpointMinutes: positive
      .default(10)
      .describe("Within an epoch a checkpoint is saved after so many minutes: no death of the process loses more."),
  })
  .superRefine((r, context) => {
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
    for (const field of ["querySubBatches", "keySubBatches"] as const)
      if (r.batchSize % r.encoder[field] !== 0)
        issue(["encoder", field], `${r.encoder[field]} does not divide the batch of ${r.batchSize}`);
    if (r.batchSize > r.method.queue)
      issue(["method", "queue"], `a queue of ${r.method.queue} cannot take the ${r.batchSize} keys of one batch`);
    for (const { path, numbers, what } of largestArrays(r))
      if (numbers > mostNumbers)
        issue(path, `${what} are ${numbers} numbers, which no memory is made room for: at most ${mostNumbers}`);
    const { sideMultiple = 1 } = backbones[r.encoder.backbone](r.encoder);
    const sides = [
      { path: ["encoder", "imageSize"], size: r.encoder.imageSize },
      ...r.views.local.map(({ size }, i) => ({ path: ["views", "local", i, "size"], size })),
    ];
    for (const { path, size } of sides)
      if (size % sideMultiple !== 0)
        issue(path, `${size} px is no whole number of ${r.encoder.backbone}'s patches of ${sideMultiple} px`);
    for (const field of ["mean", "std"] as const) {
      const given = r.views[field];
      if (given && given.length !== r.encoder.channels)
        issue(["views", field], `give ${r.encoder.channels} numbers, one for each channel`);
    }
  });

/** The arrays that a recipe's numbers make large, by the field to lower. */
function largestArrays({ encoder, method, views, batchSize }: Sizes) {
  const { dimension, channels, imageSize } = encoder;
  const pixels = views.local.reduce((sum, { size, count }) => sum + count * size ** 2, 2 * imageSize ** 2);
  const shown = `${channels} × ${imageSize} × ${imageSize}`;
  return [
    {
      path: ["method", "queue"],
      numbers: method.queue * dimension,
      what: `${method.queue} keys of ${dimension} numbers`,
    },
    {
      path: ["method", "clusters"],
      numbers: Math.max(0, ...method.clusters) * dimension,
      what: `${Math.max(0, ...method.clusters)} centroids of ${dimension} numbers`,
    },
    {
      path: ["batchSize"],
      numbers: batchSize * channels * pixels,
      what: `the views of ${batchSize} images of ${shown}`,
    },
  ];
}

interface Sizes {
  readonly encoder: Pick<z.infer<typeof encoder>, "dimension" | "channels" | "imageSize">;
  readonly method: Pick<z.infer<typeof method>, "queue" | "clusters">;
  readonly views: Pick<z.infer<typeof views>, "local">;
  readonly batchSize: number;
}

/** A complete recipe: every field has its value. */
export type Recipe = z.infer<typeof recipeSchema>;
/** A recipe as written: fields with defaults may be left out. */
export type RecipeInput = z.input<typeof recipeSchema>;
