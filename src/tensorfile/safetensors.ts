/** safetensors files on disk. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { DenseArray } from "../array.js";
import { CheckpointError, said } from "../errors.js";
import { decodeTensors, encodeTensors, type Sha256, type TensorFile } from "../tensors/index.js";
import { writeAtomically } from "./atomic.js";

/** Reads a safetensors file whole. @throws CheckpointError that names the file and, where one is at fault, the tensor */
export const readTensors = async (path: string): Promise<TensorFile> => decodeTensors(await readWhole(path), path);

/** A file's bytes. @throws CheckpointError if they cannot be read */
export const readWhole = (path: string): Promise<Uint8Array> =>
  readFile(path).catch((cause) => {
    throw new CheckpointError(
      "unreadable",
      said`${{ file: path }} cannot be read: ${cause.code === "ENOENT" ? "there is no such file" : cause.message}`,
      { cause },
    );
  });

/** Writes a safetensors file whole or not at all. @throws DataError if it cannot be written */
export async function writeTensors(
  path: string,
  tensors: Readonly<Record<string, DenseArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeAtomically(path, encodeTensors(tensors, metadata));
}

/** By Node's own: several times as fast as what a page has. */
export const sha256 = (): Sha256 => createHash("sha256");
