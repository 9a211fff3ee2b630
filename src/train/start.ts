/** The tensors that a run starts from. */
import { type DenseArray, elements } from "../array.js";
import { encoderSettings, encoderSpecs, firstScale, initialEncoder, state } from "../artifacts/index.js";
import { slotNames } from "../optim/index.js";
import type { Recipe } from "../recipe/index.js";
import { initialQueue } from "./draws.js";

/** State by name: both encoders alike, the optimizer's slots at zero, a queue of random unit rows. */
export function initialState(recipe: Recipe): Record<string, DenseArray> {
  const settings = encoderSettings(recipe.encoder);
  const weights = initialEncoder(settings, recipe.seed);
  const start: Record<string, DenseArray> = {
    [state.queue]: initialQueue(recipe.method.queue, recipe.encoder.dimension, recipe.seed),
  };
  if (recipe.precision === "fp16") {
    start[state.lossScale] = { shape: [], data: Float32Array.of(firstScale) };
    start[state.goodUpdates] = { shape: [], data: Float32Array.of(0) };
  }
  for (const spec of encoderSpecs(settings)) {
    const value = weights[spec.name];
    start[state.query(spec.name)] = value;
    start[state.key(spec.name)] = value;
    if (!spec.trainable) continue;
    const zeros = () => ({ shape: spec.shape, data: new Float32Array(elements(spec.shape)) });
    for (const slot of slotNames[recipe.optimizer.kind]) start[state.optimizer(slot, spec.name)] = zeros();
    if (recipe.accumulation > 1) start[state.gradient(spec.name)] = zeros();
  }
  return start;
}
