/** Recipes: small JSON files that say what to train and how, validated field by field. */
export { type FieldChange, fieldChanges, isSameValue, recipeFields } from "./fields.js";
export { recipeFieldTable } from "./fieldTable.js";
export { type Choice, chooseRecipe, fittedClusters, type SetLook } from "./fit.js";
export { problemsOf, wordsOf } from "./problems.js";
export {
  asOverrides,
  kindOfImages,
  overrideRecipe,
  parseRecipe,
  parseWrittenRecipe,
  pixelStatistics,
  recipeJsonSchema,
  scaledLearningRate,
} from "./recipe.js";
export { resumeChanges } from "./resuming.js";
export { type Recipe, type RecipeInput, recipeSchema } from "./schema.js";
