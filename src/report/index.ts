/** What a run has learned, as plain data, and the HTML that holds it: the same in Node and in a page, which pass in how pictures are cut and encoded. */
export { type CollectOptions, collect, type Learned, learned } from "./collect.js";
export { curvesOf, fewerSteps } from "./curves.js";
export type { Confusion, Curves, ReportData, ReportImages, RunFacts, Sheets, Tree, TreeNode } from "./data.js";
export { factsOf } from "./facts.js";
export { escaped, feedPage, feedPolicy, type PageApp, reportPage } from "./html.js";
export { reportFile, reportNow, writeReport } from "./kept.js";
export { sampled } from "./sample.js";
export { type SheetMaker, thumbnails, tileSides, tinySide } from "./thumbnails.js";
