/** The recipe that weights from elsewhere ask for. */
import { basename, extname } from "node:path";
import { said } from "../errors.js";
import { parseRecipe, type Recipe } from "../recipe/index.js";
import { detectEncoder, type OpenedWeights } from "./fit.js";
import { preprocessorOf } from "./preprocessor.js";

/** A recipe for an encoder that a file's names and shapes tell, with the images' preparation where a folder says it. */
export async function recipeOfWeights(opened: OpenedWeights, size?: number): Promise<Recipe> {
  const encoder = detectEncoder(opened);
  const advice = await preprocessorOf(opened.path);
  const imageSize = size ?? advice?.imageSize ?? encoder.imageSize;
  const name = basename(opened.path, extname(opened.path)).replaceAll(/[^\w.-]/g, "-") || "imported";
  return parseRecipe(
    {
      name,
      description: `weights of ${basename(opened.path)}`,
      encoder: { ...encoder, imageSize },
      method: { queue: 4096 },
      evaluation: size === undefined ? advice?.evaluation : { interpolation: advice?.evaluation.interpolation },
      views: advice?.views,
      epochs: 100,
      batchSize: 64,
    },
    said`${{ file: opened.path }}`,
  );
}
