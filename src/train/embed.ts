/** Embedding a set of images by the inference graph that is also what users export. */
import type { DenseArray, Matrix } from "../array.js";
import type { EvaluationPolicy, Loader } from "../data/index.js";
import type { Engine } from "../engine/index.js";
import { encoderModel, encoderSettings } from "../programs/index.js";
import { pixelStatistics, type Recipe } from "../recipe/index.js";

/** How images are seen in evaluation: un-augmented, resized and centre-cropped. */
export function evaluationPolicy(recipe: Recipe): EvaluationPolicy {
  return {
    size: recipe.encoder.imageSize,
    channels: recipe.encoder.channels,
    ...recipe.evaluation,
  };
}

/** What an encoder makes of images. */
export interface Embedded {
  /** The backbone's pooled features [N, width], as they are. */
  readonly features: Matrix;
  /** Unit rows [N, D]. */
  readonly embeddings: Matrix;
}

/** Images at a time. */
export const embedBatch = 128;

/**
 * Features and embeddings of the images `indices`, in order.
 *
 * @param weights - an encoder's tensors by torchvision name
 * @param progress - called with the number of images done
 * @param signal - ends it, by throwing its reason
 */
export async function embedImages(
  engine: Engine,
  loader: Loader,
  recipe: Recipe,
  weights: Readonly<Record<string, DenseArray>>,
  indices: Int32Array,
  progress: (done: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Embedded> {
  const settings = encoderSettings(recipe.encoder);
  await engine.load("encoder", encoderModel(settings, weights, pixelStatistics(recipe)));
  const wanted = { features: settings.backbone.featureWidth, embedding: settings.dimension };
  const { features, embedding } = await encoded(engine, "encoder", wanted, {
    loader,
    recipe,
    indices,
    progress,
    signal,
  });
  await engine.unload("encoder");
  return { features, embeddings: embedding };
}

/** What is encoded, and how that is followed. */
export interface EncodingRequest {
  readonly loader: Loader;
  readonly recipe: Recipe;
  /** The images, in order. */
  readonly indices: Int32Array;
  readonly progress: (done: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a loaded encoder makes of images, {@link embedBatch} at a time.
 *
 * @param wanted - its outputs, with their widths
 * @param isWhole - whether it takes whole batches only: the last is filled up
 * @returns rows of each output
 */
export async function encoded<W extends string>(
  engine: Engine,
  program: string,
  wanted: Readonly<Record<W, number>>,
  { loader, recipe, indices, progress, signal }: EncodingRequest,
  isWhole = false,
): Promise<Record<W, Matrix>> {
  const { imageSize: size, channels } = recipe.encoder;
  const widths = Object.entries(wanted) as [W, number][];
  const made = widths.map(([name, width]): [W, Matrix] => [
    name,
    { shape: [indices.length, width], data: new Float32Array(indices.length * width) },
  ]);
  const requests = Array.from({ length: Math.ceil(indices.length / embedBatch) }, (_, b) => {
    const chunk = indices.subarray(b * embedBatch, (b + 1) * embedBatch);
    const filled = (_: unknown, i: number) => chunk[Math.min(i, chunk.length - 1)];
    return { indices: isWhole ? Int32Array.from({ length: embedBatch }, filled) : chunk, epoch: 0 };
  });
  const names = widths.map(([name]) => name);
  let done = 0;
  const keep = (out: Readonly<Record<string, DenseArray>>, batchSize: number) => {
    const count = Math.min(batchSize, indices.length - done);
    for (const [name, { shape, data }] of made)
      data.set((out[name].data as Float32Array).subarray(0, count * shape[1]), done * shape[1]);
    done += count;
    progress(done);
  };
  let before = Promise.resolve(); // the batch before, which runs while the next is loaded and fed
  try {
    for await (const batch of loader.evaluate(requests, evaluationPolicy(recipe), signal)) {
      const { length } = batch.indices;
      const pixels = { shape: [length, channels, size, size], data: batch.views[0] };
      const running = engine.run(program, { pixels }, names);
      batch.release();
      const kept = Promise.all([running, before]).then(([out]) => keep(out, length));
      kept.catch(() => {}); // reported in its turn
      await before;
      before = kept;
    }
  } finally {
    await before; // stopped, nothing is told of it later
  }
  return Object.fromEntries(made) as Record<W, Matrix>;
}
