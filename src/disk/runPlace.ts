/** Where a run is trained: its folder, new or to go on in, held by one trainer, on the images that it was begun with. */
import { rmdir, stat } from "node:fs/promises";
import { TrainingError } from "../errors.js";
import { makeFolder } from "../tensorfile/index.js";
import { RunFolder } from "../train/index.js";
import { onDisk, removeUnfinishedIn } from "./diskFiles.js";
import { withLock } from "./lock.js";

/**
 * Holds a run's folder for `use`. A start that fails before the first step leaves no folder.
 *
 * @param run - a path for a new run, or a run to go on with
 * @throws UsageError if it is being trained; and as `use`
 */
export async function inRunFolder<T>(
  run: string | RunFolder,
  use: (existing: RunFolder | null, path: string) => Promise<T>,
): Promise<T> {
  if (typeof run !== "string") return held(run.path, () => use(run, run.path));
  const isThere = await stat(run).catch(() => null);
  await makeFolder(run);
  try {
    return await held(run, () => unlessStillborn(run, () => use(null, run)));
  } finally {
    // Only an empty folder goes: the start has failed.
    if (!isThere) await rmdir(run).catch(() => {});
  }
}

const held = <T>(path: string, use: () => Promise<T>): Promise<T> =>
  withLock(path, async () => {
    await removeUnfinishedIn(path);
    return use();
  });

/** Removes what a new run has made if it fails before its first step, so that the corrected command finds nothing in its way. */
async function unlessStillborn<T>(path: string, start: () => Promise<T>): Promise<T> {
  const before = await RunFolder.open(onDisk(path)).catch(() => null);
  try {
    return await start();
  } catch (error) {
    if (!before && !(error instanceof TrainingError)) {
      const made = await RunFolder.open(onDisk(path)).catch(() => null);
      if (made && (await made.metrics()).length === 0) await made.discard();
    }
    throw error;
  }
}
