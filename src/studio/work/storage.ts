/** Runs that this browser keeps: a folder each in the page's private storage, with the run's files and its images. */
import { said, UsageError } from "../../errors.js";
import { RunFolder } from "../../train/index.js";
import { inDirectory } from "../../web/index.js";
import type { KeptRun } from "../protocol.js";

const top = "hcsc-runs";
const parts = { run: "run", images: "images" } as const;

async function runsFolder(): Promise<FileSystemDirectoryHandle> {
  const storage = await navigator.storage.getDirectory();
  return storage.getDirectoryHandle(top, { create: true });
}

/** A run's places in storage. */
export interface RunPlace {
  readonly name: string;
  /** Its files, as a run folder has them. */
  readonly run: FileSystemDirectoryHandle;
  /** Where its images are kept, if they are. */
  readonly images: FileSystemDirectoryHandle;
}

/** @param create - whether it is made if there is none. @throws UsageError if there is none */
export async function placeOf(name: string, create: boolean): Promise<RunPlace> {
  const folder = await (await runsFolder()).getDirectoryHandle(name, { create }).catch((cause) => {
    throw new UsageError(
      "missing",
      said`this browser keeps no run ${{ file: name }}. Open one of those that are shown`,
      {
        cause,
      },
    );
  });
  const part = (which: string) => folder.getDirectoryHandle(which, { create: true });
  return { name, run: await part(parts.run), images: await part(parts.images) };
}

/** The files of a run, which messages call by its name. */
export const filesOf = ({ name, run }: RunPlace) => inDirectory(run, name);

/** A name for a new run that no kept one has. @param wanted - what it is to begin with */
export async function freeName(wanted: string): Promise<string> {
  const plain = wanted.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "run";
  const taken = new Set<string>();
  for await (const name of (await runsFolder()).keys()) taken.add(name);
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** All runs that are kept, the newest first; what is left of one that never began is removed, unless a tab is just beginning it. */
export async function keptRuns(): Promise<readonly KeptRun[]> {
  const names: string[] = [];
  for await (const name of (await runsFolder()).keys()) names.push(name);
  const runs: KeptRun[] = [];
  for (const name of names) {
    const run = await RunFolder.open(filesOf(await placeOf(name, false))).catch(() => null);
    if (!run) {
      await removeUnbegun(name);
      continue;
    }
    const { data, images, started, recipe } = run.description;
    const epochs = (await run.metrics()).filter(({ kind }) => kind === "epoch").length;
    runs.push({ name, data, images, epoch: epochs, epochs: recipe.epochs, started });
  }
  return runs.sort((a, b) => (a.started < b.started ? 1 : -1));
}

/** Removes a run without a description: one whose tab was closed before it was written. Another tab's is held until it is. */
async function removeUnbegun(name: string): Promise<void> {
  const letGo = await held(name).catch(() => null);
  if (!letGo) return;
  try {
    const description = await filesOf(await placeOf(name, true)).read("run.json");
    if (description === null) await forget(name);
  } finally {
    letGo();
  }
}

/** Deletes a kept run with its images. */
export async function forget(name: string): Promise<void> {
  await (await runsFolder()).removeEntry(name, { recursive: true }).catch((error) => {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  });
}

/**
 * Holds a run, so that no other tab trains it.
 *
 * @returns what lets it go
 * @throws UsageError if another tab holds it
 */
export function held(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`hcsc run ${name}`, { ifAvailable: true }, (lock) => {
        if (lock) return new Promise<void>((letGo) => resolve(letGo));
        reject(
          new UsageError(
            "locked",
            said`the run ${{ file: name }} is open in another tab of this browser. Close that first`,
          ),
        );
        return undefined;
      })
      .catch(reject);
  });
}
