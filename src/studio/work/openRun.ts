/** A run that is open in this tab: a new one, a kept one, or one that came as a zip. */
import { sha256 } from "@noble/hashes/sha2.js";
import { DataError, said } from "../../errors.js";
import type { Recipe } from "../../recipe/index.js";
import { type RunDescription, RunFolder } from "../../train/index.js";
import { filesOf, forget, freeName, held, placeOf, type RunPlace } from "./storage.js";
import { unzipped } from "./zips.js";

/** A run's files, held against other tabs until it is closed. */
export interface OpenRun {
  readonly place: RunPlace;
  readonly folder: RunFolder;
  readonly close: () => void;
}

/** SHA-256 in hexadecimal. */
export const sha256Hex = (bytes: Uint8Array): string =>
  Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Holds a run's place for `use`; it stays held if that succeeds. */
async function holding(name: string, create: boolean, use: (place: RunPlace) => Promise<RunFolder>): Promise<OpenRun> {
  const close = await held(name);
  try {
    const place = await placeOf(name, create);
    return { place, folder: await use(place), close };
  } catch (error) {
    close();
    if (create) await forget(name);
    throw error;
  }
}

/** @throws DataError if the browser's storage has no room */
export async function createRun(
  data: string,
  description: Pick<RunDescription, "images" | "versions"> & { readonly recipe: Recipe },
): Promise<OpenRun> {
  const started = new Date().toISOString();
  const name = await freeName(`${data.split("/").at(-1)}-${started.slice(0, 16).replace("T", "-").replace(":", "")}`);
  return holding(name, true, (place) =>
    RunFolder.create(filesOf(place), { ...description, data, test: null, started, sessions: [] }),
  );
}

/** @throws UsageError if it is not kept, or open in another tab; CheckpointError if it is damaged */
export const openKeptRun = (name: string): Promise<OpenRun> =>
  holding(name, false, (place) => RunFolder.open(filesOf(place)));

/** Files of a run folder that are taken from a zip; the rest of one, such as its lock, is of the machine that it was on. */
const files =
  /^(run\.json|images\.json|metrics\.jsonl|report\.json|checkpoints\/step-\d{8}\.safetensors|graphs\/[\w.-]+\.onnx)$/;
const description = "run.json";

/** The folder inside a zip that holds a run, with a slash at its end; null if none does. */
export function runWithin(paths: readonly string[]): string | null {
  const found = paths.filter((path) => path === description || path.endsWith(`/${description}`));
  const [shortest] = found.toSorted((a, b) => a.length - b.length);
  return shortest === undefined ? null : shortest.slice(0, -description.length);
}

/**
 * Keeps the run that a zip holds, and opens it.
 *
 * @throws DataError if the zip holds no run, or is damaged; CheckpointError if the run is
 */
export async function openZippedRun(zip: File, progress: (done: number, total: number) => void): Promise<OpenRun> {
  const paths: string[] = [];
  await unzipped(zip, zip.name, (path) => {
    paths.push(path);
    return false;
  });
  const folder = runWithin(paths);
  if (folder === null)
    throw new DataError(
      "missing",
      said`${{ file: zip.name }} holds no run: give a zip of a folder that hcsc train wrote, or one that this page made`,
    );
  const nameIn = (path: string): string | null =>
    path.startsWith(folder) && files.test(path.slice(folder.length)) ? path.slice(folder.length) : null;
  const inside = await unzipped(
    zip,
    zip.name,
    (path) => nameIn(path) !== null,
    (done) => progress(done, zip.size),
  );
  const name = await freeName(folder.split("/").at(-2) ?? zip.name.replace(/\.zip$/i, ""));
  return holding(name, true, async (place) => {
    const own = filesOf(place);
    for (const { path, file } of inside)
      await own.write(nameIn(path) as string, new Uint8Array(await file.arrayBuffer()));
    return RunFolder.open(own);
  });
}
