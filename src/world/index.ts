/**
 * Many processes as one computation: what each knows of the others, and what is told, summed and gathered among them. Who they are
 * and what carries it is another room's (`mpi`); a process that was started by itself is a world of its own.
 *
 * Calls block the thread until all processes have made them, so all make the same ones in the same order.
 */
export { shareArrays } from "./arrays.js";
export { type Counts, countsOf, gatherAll, gatherToMain, ownRange, sumOf } from "./parts.js";
export { anyOf, gatherTexts, requireEqual, share } from "./texts.js";
export { alone, type Numbers, type World } from "./world.js";
