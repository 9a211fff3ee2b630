/** Recipes and sweeps by name: a file, one that comes with the package, or for recipes `auto`, which suits the images at hand. */
export { bundledNames, readNamed } from "./bundled.js";
export { autoRecipe, doubtsOf, lookAt, type Suited, suited } from "./looks.js";
export { changedRecipe, loadRecipe } from "./recipes.js";
