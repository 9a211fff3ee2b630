/** The page people look at: a run's curves, prototypes, images and recipe as one HTML file, finished or live. */
export type { Confusion, Curves, ReportData, ReportImages, RunFacts, Sheets, Tree, TreeNode } from "./data.js";
export { livePage, reportHtml } from "./html.js";
