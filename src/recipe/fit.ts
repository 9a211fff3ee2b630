/** Recipes for the images at hand: levels that a set has room for, and the bundled recipe that suits it. */
import { rulesOf } from "../variants.js";
import type { Recipe } from "./schema.js";

/**
 * `method.clusters` as a set of so many images has room for them: where clusters would have fewer images than
 * `method.minimumClusterSize` on average, most would go, so the finest level gets as many as have twice that, the others in proportion.
 * Of a variant that drops none, they stay.
 */
export function fittedClusters({ method }: Pick<Recipe, "method">, images: number): readonly number[] {
  const { clusters, minimumClusterSize, variant } = method;
  if (!rulesOf(variant).dropsSmallClusters || clusters.length === 0 || images >= clusters[0] * minimumClusterSize)
    return clusters;
  const finest = Math.max(2, Math.floor(images / (2 * minimumClusterSize)));
  const scaled = clusters.map((count) => Math.max(2, Math.round((count * finest) / clusters[0])));
  return scaled.filter((count, level) => level === 0 || count < scaled[level - 1]);
}

/** What a set looks like. */
export interface SetLook {
  readonly images: number;
  /** The median short side in pixels. */
  readonly side: number;
  readonly isColour: boolean;
}

export interface Choice {
  /** A bundled recipe. */
  readonly name: string;
  /** `FIELD=VALUE` */
  readonly overrides: readonly string[];
}

interface Row {
  readonly suits: (look: SetLook) => boolean;
  readonly choice: (look: SetLook, epochs: number | null) => Choice;
}

/** The first that suits is taken. */
const rows: readonly Row[] = [
  {
    suits: ({ images, side, isColour }) => isColour && images >= 100_000 && side >= 128,
    choice: () => ({ name: "imagenet-resnet50", overrides: [] }),
  },
  {
    suits: ({ images, side, isColour }) => isColour && images >= 10_000 && side <= 64,
    choice: () => ({ name: "cifar-resnet18", overrides: [] }),
  },
  {
    suits: ({ images, side, isColour }) => !isColour && images >= 2000 && side <= 40,
    choice: () => ({ name: "fashion-mnist", overrides: [] }),
  },
  { suits: () => true, choice: (look, epochs) => ({ name: "small", overrides: smallFor(look, epochs) }) },
];

/** The bundled recipe for a set. @param epochs - how many are asked for; null: as the recipe has it */
export const chooseRecipe = (look: SetLook, epochs: number | null = null): Choice =>
  (rows.find((row) => row.suits(look)) as Row).choice(look, epochs);

/** Updates that the recipe `small` is to come to. */
const updates = 3000;

/** What of the recipe `small` depends on the set: the views' size, and what grows with the number of images. */
function smallFor({ images, side, isColour }: SetLook, asked: number | null): readonly string[] {
  const within = (low: number, x: number, high: number) => Math.min(high, Math.max(low, Math.round(x)));
  const batch = images >= 128 ? 32 : images >= 32 ? 16 : 8;
  const finest = within(4, images / 15, 1000);
  const levels = [finest, finest / 2.5, finest / 6].map((count) => within(2, count, 1000));
  const epochs = asked ?? within(20, (updates * batch) / images, 200);
  return [
    `encoder.channels=${isColour ? 3 : 1}`,
    `encoder.imageSize=${side <= 40 ? 32 : side <= 80 ? 48 : 64}`,
    `method.clusters=${JSON.stringify(levels.filter((count, l) => l === 0 || count < levels[l - 1]))}`,
    `method.queue=${within(batch, images / 2, 4096)}`,
    `method.warmupEpochs=${Math.round(epochs / 5)}`,
    `epochs=${epochs}`,
    ...(batch === 32 ? [] : [`batchSize=${batch}`]),
  ];
}
