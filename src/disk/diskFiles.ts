/** The files of a run in a folder of a disk. */
import { appendFile, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, said } from "../errors.js";
import { makeFolder, notWritten, removeUnfinished, sha256, writeAtomically } from "../tensorfile/index.js";
import type { RunFiles } from "../train/index.js";

/** The files in a folder, which need not be there yet. */
export function onDisk(path: string): RunFiles {
  const at = (name: string): string => join(path, name);
  return {
    path,
    at,
    read: (name) =>
      readFile(at(name)).catch((cause) => {
        if (cause.code === "ENOENT") return null;
        throw new CheckpointError("unreadable", said`${{ file: at(name) }} cannot be read: ${cause.message}`, {
          cause,
        });
      }),
    write: (name, bytes) => writeAtomically(at(name), bytes),
    append: (name, text) =>
      appendFile(at(name), text).catch((cause) => {
        throw notWritten(at(name), cause);
      }),
    async flush(name) {
      try {
        const file = await open(at(name), "a");
        await file.sync().finally(() => file.close());
      } catch (cause) {
        throw notWritten(at(name), cause);
      }
    },
    makeFolder: (name) => makeFolder(at(name)),
    list: (folder) => readdir(at(folder)).catch(() => []),
    remove: (name) => rm(at(name), { recursive: true, force: true }),
    sha256,
  };
}

/** Removes what sessions that died have left half-written of a run. Only who holds the folder may. */
export async function removeUnfinishedIn(path: string): Promise<void> {
  const written: ReadonlySet<string> = new Set(["run.json", "images.json", "metrics.jsonl"]);
  await removeUnfinished(path, (name) => written.has(name));
  for (const part of ["checkpoints", "graphs"]) await removeUnfinished(join(path, part), () => true);
}
