/** The page people look at: a run's curves, prototypes, images and recipe as one HTML file, finished or live. */
export { type CollectOptions, collect } from "./collect.js";
export type { Confusion, Curves, ReportData, ReportImages, RunFacts, Sheets, Tree, TreeNode } from "./data.js";
export { groupsPage } from "./groups.js";
export { livePage, reportHtml } from "./html.js";
export { reportFile, writeReport } from "./kept.js";
export { projectorSample, writeProjector } from "./projector.js";
export { type PageServer, servePage } from "./server.js";
