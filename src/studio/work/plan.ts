/** A plan in plain words as a recipe: its size by the images, its epochs by the time that there is and the speed that was measured. */
import cifar from "../../../graphs/cifar-resnet18.json" with { type: "json" };
import demo from "../../../graphs/demo.json" with { type: "json" };
import fashion from "../../../graphs/fashion-mnist.json" with { type: "json" };
import small from "../../../graphs/small.json" with { type: "json" };
import type { ImageSource } from "../../data/index.js";
import { lookAt, suited } from "../../presets/looks/index.js";
import { chooseRecipe, overrideRecipe, parseRecipe, type Recipe, type SetLook } from "../../recipe/index.js";
import type { Size } from "../protocol.js";

const bundled = { "cifar-resnet18": cifar, demo, "fashion-mnist": fashion, small } as const;
type Bundled = keyof typeof bundled;

interface Choice {
  readonly name: Bundled;
  readonly overrides: readonly string[];
}

/** Of so many images and more the choice is for clusters of GPUs: a page takes what suits fewer. */
const most = 99_999;
const isBundled = (name: string): name is Bundled => name in bundled;

function auto(look: SetLook, epochs: number): Choice {
  const { name, overrides } = chooseRecipe({ ...look, images: Math.min(look.images, most) }, epochs);
  return { name: isBundled(name) ? name : "small", overrides };
}

/** Recipes for sets of images: what Node's `auto` takes, and a quicker one. */
const choices: Readonly<Record<Size, (look: SetLook, epochs: number) => Choice>> = {
  small(look, epochs) {
    const { name, overrides } = auto(look, epochs);
    if (name === "fashion-mnist") return { name: "demo", overrides };
    if (name === "small") return { name, overrides: [...overrides, "encoder.width=1"] };
    // Far fewer images than there are, so that the plain small recipe is what fits them.
    const fewer = auto({ ...look, images: 5000 }, epochs);
    return { name: fewer.name, overrides: [...fewer.overrides, "encoder.width=1"] };
  },
  medium: auto,
};

/** Shares of the epochs that only warm up: the method's, and the learning rate's. */
const warmup = { method: 0.2, schedule: 0.08 } as const;

/** Epochs until there is a hierarchy to see: one to warm up, one with prototypes. */
const fewest = 2;

/**
 * The recipe of a plan.
 *
 * @param epochs - at least 2
 * @throws DataError if the images cannot be read, or are fewer than fill a batch
 */
export async function recipeOf(source: ImageSource, size: Size, epochs: number): Promise<Recipe> {
  const { name, overrides } = choices[size](await lookAt(source), epochs);
  const changes = [
    ...overrides,
    `epochs=${epochs}`,
    `method.warmupEpochs=${warmupEpochs(epochs)}`,
    `schedule.warmupEpochs=${Math.min(2, Math.round(warmup.schedule * epochs))}`,
    "name=page",
  ];
  return (await suited(parseRecipe(overrideRecipe(bundled[name], changes), `the recipe ${name}`), source)).recipe;
}

const warmupEpochs = (epochs: number): number => Math.max(1, Math.round(warmup.method * epochs));

/** Seconds that were measured. */
export interface Speed {
  readonly warmupStep: number;
  readonly selectiveStep: number;
  /** To embed an image. */
  readonly embedding: number;
}

/** Of the time, how much reports and checkpoints take. */
const overhead = 0.15;

/** How long so many epochs take. */
export function secondsFor(epochs: number, images: number, stepsPerEpoch: number, speed: Speed): number {
  const plain = warmupEpochs(epochs);
  const selective = epochs - plain;
  const steps = stepsPerEpoch * (plain * speed.warmupStep + selective * speed.selectiveStep);
  return (steps + selective * images * speed.embedding) / (1 - overhead);
}

/** The most epochs that fit a time; 2 where not even those do: what they take is then to be said. */
export function epochsWithin(seconds: number, images: number, stepsPerEpoch: number, speed: Speed): number {
  let epochs = fewest;
  while (secondsFor(epochs + 1, images, stepsPerEpoch, speed) <= seconds && epochs < 1000) epochs++;
  return epochs;
}
