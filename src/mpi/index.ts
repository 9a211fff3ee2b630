/**
 * The MPI of the machine: who was started together by a launcher such as `mpirun`, and a world of them, called out of the system's
 * shared library. Without a launcher nothing is loaded.
 */
export { joinWorld, requireWhole } from "./join.js";
export { launchedBy } from "./launchers.js";
export { isPlacesLine, placesLine } from "./places.js";
export { endsAll } from "./pulse/index.js";
