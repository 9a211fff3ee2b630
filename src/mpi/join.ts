/** How a process joins those that it was started with. */
import { said, UsageError } from "../errors.js";
import { alone, type World } from "../world/index.js";
import { type Launched, launchedBy } from "./launchers.js";
import { worldOf } from "./mpiWorld.js";
import { type Patience, watched } from "./pulse/index.js";

/** `MPI_THREAD_SINGLE`, of every family: one thread makes all calls. */
const single = 0;

/**
 * Joins the processes that a launcher has started; of a process without one, a world of its own, and nothing is loaded.
 *
 * They watch over one another: where one is killed, stopped or cut off, or none comes on, all end, with its place and what is wrong.
 *
 * @param environment - the process's; `HCSC_MPI_LIBRARY` may name the library's file
 * @param patience - in seconds; by default a process is taken for lost after 30, and all for hung when none has come on for 1,800
 * @throws ProviderError if there is no MPI library; UsageError if the launcher and the library do not belong together, whereby
 *   each process would be a world of its own
 */
export async function joinWorld(
  environment: Readonly<Record<string, string | undefined>>,
  { silence = 30, stall = 1800 }: Partial<Patience> = {},
): Promise<World> {
  const launched = launchedBy(environment);
  if (!launched) return alone;
  const { openBinding } = await import("./binding.js");
  const binding = await openBinding(environment.HCSC_MPI_LIBRARY, launched.family);
  binding.call("Init_thread", null, null, single, new Int32Array(1));
  const world = worldOf(binding);
  const { file, version } = binding;
  requireWhole(launched, { file, version, size: world.size });
  return world.size === 1 ? world : watched(world, { silence, stall });
}

/**
 * Refuses a library that does not know of the processes that a launcher has started.
 *
 * @param library - its file, what it says it is, and how many processes it knows of
 */
export function requireWhole(
  { by, size }: Pick<Launched, "by" | "size">,
  library: { readonly file: string; readonly version: string; readonly size: number },
): void {
  if (size === null || size === library.size) return;
  throw new UsageError(
    "wrong-launcher",
    said`${by} has started ${size} processes, but ${{ file: library.file }} (${library.version}) knows of ${library.size}: launcher and library do not belong together. Start it by the library's own launcher (mpirun.openmpi, mpirun.mpich), or name the launcher's library in HCSC_MPI_LIBRARY`,
  );
}
