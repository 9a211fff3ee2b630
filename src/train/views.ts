/** The random views of a training step as the recipe asks for them. */
import type { ViewPolicy } from "../data/index.js";
import type { Recipe } from "../recipe/index.js";

/** Policies of the query view, the key view, and each local view. */
export function viewPolicies(recipe: Recipe): readonly ViewPolicy[] {
  const { encoder, views } = recipe;
  const { ratio, jitter, grayscaleProbability, blur, flipProbability } = views;
  const common = {
    channels: encoder.channels,
    ratio,
    jitter,
    grayscaleProbability,
    blur,
    flipProbability,
  };
  const global: ViewPolicy = { ...common, size: encoder.imageSize, scale: views.scale };
  const local = views.local.flatMap(({ size, scale, count }) =>
    Array<ViewPolicy>(count).fill({ ...common, size, scale }),
  );
  return [global, global, ...local];
}
