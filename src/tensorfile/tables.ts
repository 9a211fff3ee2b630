/** Arrays and tables on disk. */
import type { DenseArray } from "../array.js";
import { encodeNpy, encodeParquet, type ParquetColumn } from "../tensors/index.js";
import { writeAtomically } from "./atomic.js";

/** Writes an array as .npy, whole or not at all. @throws DataError if it cannot be written */
export const writeNpy = (path: string, array: DenseArray): Promise<void> => writeAtomically(path, encodeNpy(array));

/** Writes a table, its columns of one length, whole or not at all. @throws DataError if it cannot be written */
export const writeParquet = async (path: string, columns: readonly ParquetColumn[]): Promise<void> =>
  writeAtomically(path, await encodeParquet(columns));
