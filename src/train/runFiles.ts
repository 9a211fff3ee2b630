import type { Sha256 } from "../tensors/index.js";

/** The files of a run, wherever they are: a folder of a disk, or what a page has for one. Names are paths within it, with slashes. */
export interface RunFiles {
  /** What messages call the folder. */
  readonly path: string;
  /** What messages call a file, and what opens it where files have paths. */
  at(name: string): string;
  /** A file's bytes; null if there is none. @throws CheckpointError if it cannot be read */
  read(name: string): Promise<Uint8Array | null>;
  /** Writes a file whole or not at all. @throws DataError if it cannot be written */
  write(name: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void>;
  /** Adds to the end of a file. @throws DataError if it cannot be written */
  append(name: string, text: string): Promise<void>;
  /** Has what was added to a file where it outlasts the process. @throws DataError if that fails */
  flush(name: string): Promise<void>;
  /** Makes a folder, and those above it; "" is the run's own. @throws DataError if it cannot be made */
  makeFolder(name: string): Promise<void>;
  /** The names of what is in a folder; none if there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Removes a file, or a folder with all that is in it, if it is there. */
  remove(name: string): Promise<void>;
  sha256(): Sha256;
}
