/** Files that hold embeddings, by their extension, and what each has room for. */
import { isForeign } from "../data/index.js";
import { said, UsageError } from "../errors.js";
import { type ParquetColumn, writeAtomically, writeNpy, writeParquet, writeTensors } from "../tensorfile/index.js";
import type { EmbeddingTable } from "./embeddingTable.js";

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

function columnsOf({ names, vectors, labels, shown, classes, clusters }: EmbeddingTable): readonly ParquetColumn[] {
  const nameOf = (id: number): string => classes?.[id] ?? String(id);
  return [
    { name: "file", kind: "text", rows: names },
    ...(labels
      ? [{ name: "label", kind: "text", rows: Array.from(labels, (id) => (id < 0 ? "" : nameOf(id))) } as const]
      : []),
    ...(shown ? [{ name: "labels", kind: "texts", rows: shown.map((ids) => ids.map(nameOf)) } as const] : []),
    { name: "vector", kind: "vector", rows: vectors },
    ...(clusters ?? []).map((rows, l) => ({ name: `cluster_${l + 1}`, kind: "int32", rows }) as const),
  ];
}

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
  await writeAtomically(path, new TextEncoder().encode(names.map((name) => `${asLine(name)}\n`).join("")));
  return path;
}

/** A name as one line of UTF-8: as JSON where it is none, or might be taken for JSON. */
const asLine = (name: string): string =>
  /[\p{Cc}\u2028\u2029]|^"/u.test(name) || isForeign(name) ? JSON.stringify(name) : name;
