/**
 * Many processes as one computation, on the MPI of the machine: who was started together by a launcher such as `mpirun`, and
 * sums, gathers and broadcasts of typed arrays among them, called out of the system's shared library. Without a launcher
 * nothing is loaded, and a process is a world of its own.
 *
 * Calls block the thread until all processes have made them, so all make the same ones in the same order.
 */
export { shareArrays } from "./arrays.js";
export { joinWorld, requireWhole } from "./join.js";
export { anyOf, gatherTexts, requireEqual, share } from "./texts.js";
export { alone, type Numbers, type World } from "./world.js";
