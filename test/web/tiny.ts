/** A training small enough for tests, the same in Node and in a page. Nothing here is Node's. */
import type { ImageSource, Loader, Picture } from "../../src/data/index.js";
import { type Engine, targetOf } from "../../src/engine/index.js";
import { random } from "../../src/random.js";
import { parseRecipe, type Recipe } from "../../src/recipe/index.js";
import type { RunFiles } from "../../src/train/index.js";
import { RunFolder } from "../../src/train/runFolder.js";
import { train } from "../../src/train/trainer.js";

export const seed = 5;
const count = 40;

/** Two epochs: one of warm-up, one with prototypes. */
export const recipe = (): Recipe =>
  parseRecipe(
    {
      name: "tiny",
      encoder: { backbone: "resnet8", imageSize: 12, channels: 3, dimension: 8 },
      epochs: 2,
      batchSize: 8,
      seed,
      method: { queue: 32, clusters: [6, 3], warmupEpochs: 1 },
    },
    "the test",
  );

/** Colours of 16 by 14 pixels, smooth and different. */
export const pictures = (wanted = count): { readonly name: string; readonly image: Picture }[] =>
  Array.from({ length: wanted }, (_, i) => {
    const draw = random(seed, i);
    const [a, b, c] = [draw(), draw(), draw()];
    const data = Uint8Array.from({ length: 16 * 14 * 3 }, (_, p) => {
      const [x, y, channel] = [Math.floor(p / 3) % 16, Math.floor(p / 48), p % 3];
      return (255 * ((a * x + b * y + c * channel * 5) % 16)) / 16;
    });
    return { name: `picture ${i}`, image: { width: 16, height: 14, channels: 3, data } };
  });

/** Trains a new run. @returns the losses of its steps */
export async function trainTiny(
  engine: Engine,
  files: RunFiles,
  source: ImageSource,
  loader: Loader,
): Promise<number[]> {
  const run = await RunFolder.create(files, {
    recipe: recipe(),
    data: "pictures",
    images: count,
    versions: {},
    started: "",
  });
  const losses: number[] = [];
  await train({
    run,
    engine,
    target: await targetOf(engine),
    source,
    loader,
    report: (event) => {
      if (event.kind === "step") losses.push(event.metric.loss);
    },
  });
  await Promise.all([engine.close(), loader.close()]);
  return losses;
}

export function asBase64(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += 0x8000)
    text += String.fromCharCode(...bytes.subarray(from, from + 0x8000));
  return btoa(text);
}
