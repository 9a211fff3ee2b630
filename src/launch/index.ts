/**
 * A command begun on several machines and brought to its end: the launcher of MPI that is there, its line for these machines, and a run
 * that goes on from its last checkpoint when it was broken off.
 */
export { broughtToEnd, type Ending, type Request } from "./broughtToEnd.js";
export { findLauncher, type HostSlots, hostsOf, type Launcher, launcherLine } from "./launcherLine.js";
