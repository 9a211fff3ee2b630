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

const batchSize = 128;

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
  const width = settings.backbone.featureWidth;
  const features = new Float32Array(indices.length * width);
  const embeddings = new Float32Array(indices.length * settings.dimension);
  const size = settings.imageSize;
  await engine.load("encoder", encoderModel(settings, weights, pixelStatistics(recipe)));
  const requests = Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, b) => ({
    indices: indices.subarray(b * batchSize, (b + 1) * batchSize),
    epoch: 0,
  }));
  let done = 0;
  for await (const batch of loader.evaluate(requests, evaluationPolicy(recipe), signal)) {
    const count = batch.indices.length;
    const pixels = { shape: [count, settings.channels, size, size], data: batch.views[0] };
    const running = engine.run("encoder", { pixels }, ["features", "embedding"]);
    batch.release();
    const out = await running;
    features.set(out.features.data as Float32Array, done * width);
    embeddings.set(out.embedding.data as Float32Array, done * settings.dimension);
    done += count;
    progress(done);
  }
  await engine.unload("encoder");
  return {
    features: { shape: [indices.length, width], data: features },
    embeddings: { shape: [indices.length, settings.dimension], data: embeddings },
  };
}
