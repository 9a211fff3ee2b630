/** What files of embeddings hold beside the vectors: columns of a table, and lines of names. */
import { isForeign } from "../../data/layout/index.js";
import type { ParquetColumn } from "../../tensors/index.js";
import type { EmbeddingTable } from "./table.js";

/** A table's columns, one row an image: `file`, `label` or `labels`, `vector`, `cluster_1`, … */
export function columnsOf({
  names,
  vectors,
  labels,
  shown,
  classes,
  clusters,
}: EmbeddingTable): readonly ParquetColumn[] {
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

/** Names, one a line. */
export const nameLines = (names: readonly string[]): string => names.map((name) => `${asLine(name)}\n`).join("");

/** A name as one line of UTF-8: as JSON where it is none, or might be taken for JSON. */
const asLine = (name: string): string =>
  /[\p{Cc}\u2028\u2029]|^"/u.test(name) || isForeign(name) ? JSON.stringify(name) : name;
