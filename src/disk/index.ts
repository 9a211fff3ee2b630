/**
 * Runs on a disk: their files in a folder, the lock that one trainer holds, checkpoints by their paths, and a recipe's graphs written
 * in every form. What is Node's about training is here, and nothing else is.
 */
export { readCheckpoint } from "./checkpointFile.js";
export { onDisk } from "./diskFiles.js";
export type { EmittedFile } from "./emitPrograms.js";
export { emitGraphs, type GraphFormat, graphFormats } from "./graphFormats.js";
export { type Holder, holderOf, withLock } from "./lock.js";
export { inRunFolder } from "./runPlace.js";
