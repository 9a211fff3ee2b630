/** What a person drops or picks, as files with their paths. */
import type { Given, GivenFile } from "../protocol.js";

/** Files, and those in folders, that were dropped. One that comes from no disk, as from a mail, is an entry of none. */
export async function dropped(transfer: DataTransfer): Promise<readonly GivenFile[]> {
  // Asked for at once: after the event the transfer is empty.
  const given = Array.from(transfer.items, (item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files = given
    .filter((one) => one !== null)
    .map((one) => (one instanceof File ? picked([one]) : filesUnder(one)));
  return (await Promise.all(files)).flat();
}

/** Files of an input element. */
export const picked = (files: Iterable<File>): readonly GivenFile[] =>
  Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));

async function filesUnder(entry: FileSystemEntry): Promise<readonly GivenFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ""), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: GivenFile[] = [];
  for (;;) {
    // A reader gives a part of its folder at a time, and none at the end.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return found;
    found.push(...(await Promise.all(part.map(filesUnder))).flat());
  }
}

/** A zip's directory is at its end. */
const directoryBytes = 2 ** 20;

/** What the files are: a zip of a run is opened as that, all else as images. */
export async function givenBy(files: readonly GivenFile[]): Promise<Given> {
  const [{ file }] = files;
  return files.length === 1 && (await holdsRun(file)) ? { run: file } : { files };
}

async function holdsRun(file: File): Promise<boolean> {
  if (!/\.zip$/i.test(file.name)) return false;
  const end = await file.slice(Math.max(0, file.size - directoryBytes)).text();
  return end.includes("run.json") && end.includes("metrics.jsonl");
}
