/** A command that several processes carry out together, where a launcher of MPI has started them. */
import { hostname } from "node:os";
import { joinWorld } from "../../mpi/index.js";
import type { Reporter } from "../../train/index.js";
import type { World } from "../../world/index.js";
import { exitCodeOf, printError } from "../print.js";

/** What a learner is opened with in a world: process 0 alone tells how it goes. */
export const within = (world: World): { readonly world: World; readonly report?: Reporter } =>
  world.rank === 0 ? { world } : { world, report: () => {} };

/** Runs a command in its world. What goes wrong in one process is told with its place, and ends all. */
export async function inWorld(
  { json = false, verbose = false }: { readonly json?: boolean; readonly verbose?: boolean },
  use: (world: World) => Promise<void>,
): Promise<void> {
  const world = await joinWorld(process.env);
  try {
    await use(world);
  } catch (error) {
    if (world.size === 1) throw error;
    process.stderr.write(`process ${world.rank} of ${world.size}, on ${hostname()}, has failed, which ends all:\n`);
    printError(error, { json, verbose });
    world.abort(exitCodeOf(error));
  }
  world.finalize();
}
