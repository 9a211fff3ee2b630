/** A command that several processes carry out together, where a launcher of MPI has started them. */
import { hostname } from "node:os";
import { UsageError } from "../../errors.js";
import { endsAll, joinWorld, launchedBy, placesLine } from "../../mpi/index.js";
import type { Reporter } from "../../train/index.js";
import { gatherTexts, type World } from "../../world/index.js";
import { exitCodeOf, printError, tell } from "../print.js";

/** Flags of commands that several processes may carry out. */
export interface WorldFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly lostSeconds?: number;
  readonly stallSeconds?: number;
}

/** @throws UsageError in a process of several: each would do all of the work, and write over what the others write */
export function requireOne(): void {
  const launched = launchedBy(process.env);
  if (!launched || launched.size === 1 || (launched.size === null && launched.rank === 0)) return;
  const many = launched.size === null ? "several" : String(launched.size);
  throw new UsageError(
    "unsupported",
    `this command is one process's, and ${launched.by} has started ${many}: start it by itself. Several share train, embed, eval knn, eval linear and eval transfer`,
  );
}

/** What a learner is opened with in a world: process 0 alone tells how it goes. */
export const within = (world: World): { readonly world: World; readonly report?: Reporter } =>
  world.rank === 0 ? { world } : { world, report: () => {} };

/** Runs a command in its world. What goes wrong in one process is told with its place, and ends all. */
export async function inWorld(
  { json = false, verbose = false, lostSeconds, stallSeconds }: WorldFlags,
  use: (world: World) => Promise<void>,
): Promise<void> {
  const world = await joinWorld(process.env, {
    ...(lostSeconds && { silence: lostSeconds }),
    ...(stallSeconds && { stall: stallSeconds }),
  });
  tellPlaces(world);
  try {
    await use(world);
  } catch (error) {
    if (world.size === 1) throw error;
    process.stderr.write(`process ${world.rank} of ${world.size}, on ${hostname()}, has failed, ${endsAll}:\n`);
    printError(error, { json, verbose });
    world.abort(exitCodeOf(error));
  }
  world.finalize();
}

/** Says which process is where, a line a machine: launchers speak of machines and PIDs alone. */
function tellPlaces(world: World): void {
  if (world.size === 1) return;
  const places = gatherTexts(world, JSON.stringify([hostname(), process.pid])).map((text) => JSON.parse(text));
  if (world.rank !== 0) return;
  for (const host of new Set(places.map(([name]) => name)))
    tell(
      placesLine(
        host,
        places.flatMap(([name, pid], rank) => (name === host ? [{ rank, pid }] : [])),
      ),
    );
}
