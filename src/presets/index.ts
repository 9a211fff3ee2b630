/** Recipes and sweeps by name: a file, one that comes with the package, or for recipes `auto`, which suits the images at hand. */
export { autoRecipe } from "./auto.js";
export { bundledNames, readNamed } from "./bundled.js";
export { doubtsOf, lookAt, type Suited, suited } from "./looks/index.js";
export { changedRecipe, loadRecipe } from "./recipes.js";
