/**
 * What draws a run in a browser: curves, the prototype tree, the map, retrieval, confusion and recipe, by keyboard as by mouse, in light and
 * dark. The report's page and the page that trains are made of it; what it draws is plain data of `src/report`.
 */
export { type Chart, charts } from "./charts.js";
export { confusionSection } from "./confusion.js";
export { CurvesView, type Turns } from "./curves.js";
export { type Attributes, type Child, element, section } from "./element.js";
export { exploreSection } from "./explore.js";
export { recipeSection } from "./facts.js";
export { figureList, type KeyFigure } from "./figures.js";
export { Gallery } from "./gallery.js";
export { HeaderView } from "./header.js";
export { count, figure, plural } from "./numbers.js";
export { paintLabels } from "./palette.js";
export { retrievalSection } from "./retrieval.js";
export { extended } from "./series.js";
export { afterFrame } from "./tasks.js";
export { themeToggle } from "./theme.js";
export { Thumbnails } from "./thumbnails.js";
export { treeSection } from "./tree.js";
