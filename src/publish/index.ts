/** What a run has learned, for people, from Node: reports as files and kept in run folders, the live page's server, groups, TensorBoard's projector. */
export { groupsPage } from "./groups.js";
export { livePage, reportHtml } from "./html.js";
export { type Answer, type LocalServer, localHeaders, serveLocally } from "./local.js";
export { projectorSample, writeProjector } from "./projector.js";
export { servePage } from "./server.js";
export { sheetsBySharp } from "./sheets.js";
