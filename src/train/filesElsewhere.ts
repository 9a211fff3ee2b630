import type { RunFiles } from "./runFiles.js";

const nothing = async (): Promise<void> => {};

/** The files of a run that process 0 writes, as those that train it beside it have them: nothing is written, and nothing is there. */
export const elsewhere = (sha256: RunFiles["sha256"]): RunFiles => ({
  path: "process 0's run",
  at: (name) => `process 0's ${name}`,
  read: async () => null,
  write: nothing,
  append: nothing,
  flush: nothing,
  makeFolder: nothing,
  list: async () => [],
  remove: nothing,
  sha256,
});
