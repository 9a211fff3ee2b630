/**
 * Images laid out in folders by the hierarchy that a run has learned, for people to look through: where each goes, which folder
 * may be filled, and its filling with links, copies or PNGs, whole or not at all. No source file is ever moved, changed or
 * deleted.
 */
export { type Filling, fillFolder, type Placed } from "./fill.js";
export { freeFolder } from "./freeFolder.js";
export { type LayoutEntry, layout } from "./layout.js";
