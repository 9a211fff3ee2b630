/** What the names of files tell: which are images, what systems leave behind, and classes by folders. Nothing here is Node's. */
export { folderLabels } from "./folderLabels.js";
export { isForeign } from "./foreign.js";
export { extensionOf, imageExtensions, isImageFile, leftOut, remedyOf, unreadFormat } from "./formats.js";
export { type Labelling, unlabelled } from "./labelling.js";
export { isLeftover } from "./leftovers.js";
