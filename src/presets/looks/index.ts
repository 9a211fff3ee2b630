/** What a set of images looks like, from a few of them, and what of a recipe suits it. Nothing here is Node's. */
import type { ImageSource, Picture } from "../../data/index.js";
import { type Advice, DataError, said } from "../../errors.js";
import { fittedClusters, type Recipe, type SetLook } from "../../recipe/index.js";
import { counted } from "../../text.js";

const looked = 12;

/** @throws DataError if none of the images looked at can be read */
export async function lookAt(source: ImageSource): Promise<SetLook> {
  const pictures: Picture[] = [];
  const many = Math.min(looked, source.count);
  for (let i = 0; i < many; i++) {
    const picture = await source.read(Math.floor((i * source.count) / many)).catch(() => null);
    if (picture) pictures.push(picture);
  }
  if (pictures.length === 0)
    throw new DataError(
      "unreadable",
      said`none of ${many} images looked at can be read, the first ${{ image: source.name(0) }}`,
    );
  const sides = pictures.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const colourful = pictures.filter(isColourful).length;
  return { images: source.count, side: sides[sides.length >> 1], isColour: 4 * colourful > pictures.length };
}

/** Levels between a pixel's channels that are no rounding of a grey one. */
const tint = 12;

/** Whether one pixel in a hundred is in colour. */
function isColourful({ channels, data, width, height }: Picture): boolean {
  if (channels !== 3) return false;
  let count = 0;
  for (let i = 0; i < 3 * width * height; i += 3) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > tint) count++;
  }
  return 100 * count > width * height;
}

export interface Suited {
  readonly recipe: Recipe;
  /** What was chosen or changed, and why; what does not suit. */
  readonly notes: readonly Advice[];
}

/** A recipe with levels that the set has room for, and what of it does not suit the images. */
export async function suited(recipe: Recipe, source: ImageSource): Promise<Suited> {
  const { clusters, minimumClusterSize } = recipe.method;
  const fitted = fittedClusters(recipe, source.count);
  const notes: Advice[] = [];
  if (fitted !== clusters)
    notes.push({
      message: `${counted(source.count, "image")} are too few for method.clusters [${clusters.join(", ")}], for clusters of fewer than ${minimumClusterSize} images go (method.minimumClusterSize): [${fitted.join(", ")}] is taken`,
      settings: [],
    });
  if (recipe.encoder.channels === 1 && (await lookAt(source)).isColour)
    notes.push({
      message: `the recipe ${recipe.name} sees grey alone, and these images are in colour: the recipe auto, or encoder.channels=3 with 'views.mean=[0.485,0.456,0.406]' and 'views.std=[0.229,0.224,0.225]', sees colours`,
      settings: ["recipe", "set"],
    });
  return { recipe: { ...recipe, method: { ...recipe.method, clusters: [...fitted] } }, notes };
}

/** What of a recipe defeats its purpose, in words. */
export function doubtsOf({ epochs, method }: Recipe): readonly Advice[] {
  if (method.clusters.length === 0 || method.warmupEpochs < epochs) return [];
  return [
    {
      message: `all ${epochs} epochs are warm-up (method.warmupEpochs is ${method.warmupEpochs}): nothing is clustered, and no hierarchy learned. Give more epochs, or a new run method.warmupEpochs=${Math.floor(epochs / 5)}`,
      settings: ["epochs", "set"],
    },
  ];
}
