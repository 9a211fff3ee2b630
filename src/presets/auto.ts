/** The recipe that a set of images asks for. */
import type { ImageSource } from "../data/index.js";
import { chooseRecipe } from "../recipe/index.js";
import { counted } from "../text.js";
import { lookAt, type Suited } from "./looks/index.js";
import { loadRecipe } from "./recipes.js";

/** The recipe `auto`, chosen by what a set looks like. */
export async function autoRecipe(source: ImageSource, overrides: readonly string[]): Promise<Suited> {
  const look = await lookAt(source);
  const asked = Number(overrides.findLast((text) => text.startsWith("epochs="))?.slice("epochs=".length));
  const { name, overrides: own } = chooseRecipe(look, Number.isInteger(asked) ? asked : null);
  const why = `${counted(look.images, "image")}, ${look.isColour ? "in colour" : "grey"}, of ${look.side} px`;
  const recipe = await loadRecipe(name, [...own, ...overrides]);
  const changed = own.length > 0 ? `, with ${own.join(" ")}` : "";
  return { recipe, notes: [{ message: `recipe auto: ${why}: ${name}${changed}`, settings: [] }] };
}
