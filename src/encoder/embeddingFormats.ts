/** Files that hold embeddings, by their extension, and what each has room for. */
import { said, UsageError } from "../errors.js";
import { writeAtomically, writeNpy, writeParquet, writeTensors } from "../tensorfile/index.js";
import { columnsOf, type EmbeddingTable, nameLines } from "./embeddings/index.js";

export interface EmbeddingFormat {
  readonly holdsClusters: boolean;
  /** @returns the file of names beside it; null where names are in the file itself */
  readonly write: (file: string, table: EmbeddingTable) => Promise<string | null>;
}

const embeddingFormats: Readonly<Record<string, EmbeddingFormat>> = {
  ".npy": {
    holdsClusters: false,
    async write(file, { vectors, names }) {
      await writeNpy(file, vectors);
      return writeNames(file, names);
    },
  },
  ".safetensors": {
    holdsClusters: true,
    async write(file, { vectors, labels, clusters, names }) {
      await writeTensors(file, {
        vectors,
        ...(labels ? { labels: { shape: [labels.length], data: labels } } : {}),
        ...(clusters ? { clusters: sideBySide(clusters) } : {}),
      });
      return writeNames(file, names);
    },
  },
  ".parquet": {
    holdsClusters: true,
    async write(file, table) {
      await writeParquet(file, columnsOf(table));
      return null;
    },
  },
};

/** @throws UsageError if a file's name ends in none of the formats' extensions */
export function embeddingFormatOf(file: string): EmbeddingFormat {
  const extensions = Object.keys(embeddingFormats);
  const extension = extensions.find((e) => file.endsWith(e));
  if (extension === undefined)
    throw new UsageError("wrong-value", said`${{ file }}: a file of embeddings ends in ${extensions.join(" or ")}`, {
      settings: ["out"],
    });
  return embeddingFormats[extension];
}

/**
 * Writes vectors with what is known of each image, whole or not at all: `.npy` (vectors alone), `.safetensors`, or `.parquet`.
 *
 * @returns the file of names beside it; null where names are in the file itself
 * @throws UsageError if the name ends otherwise; DataError if it cannot be written
 */
export const writeEmbeddings = async (file: string, table: EmbeddingTable): Promise<string | null> =>
  embeddingFormatOf(file).write(file, table);

/** [N, levels] */
function sideBySide(columns: readonly Int32Array[]) {
  const [count, levels] = [columns[0].length, columns.length];
  const data = new Int32Array(count * levels);
  for (const [l, column] of columns.entries()) for (const [i, id] of column.entries()) data[i * levels + l] = id;
  return { shape: [count, levels], data };
}

/** @param file - what the names are of: `photos.npy` has them in `photos.names.txt` */
async function writeNames(file: string, names: readonly string[]): Promise<string> {
  const path = file.replace(/\.[^.]+$/, ".names.txt");
  await writeAtomically(path, new TextEncoder().encode(nameLines(names)));
  return path;
}
