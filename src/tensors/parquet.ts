/** Apache Parquet (https://parquet.apache.org/docs/file-format): a table of named columns, every cell filled. */
import type { ColumnSource, SchemaElement } from "hyparquet-writer";
import type { Matrix } from "../array.js";

/** What a column may hold, row by row. */
interface Contents {
  readonly text: readonly string[];
  readonly texts: readonly (readonly string[])[];
  readonly int32: Int32Array;
  /** A list of float32 each. */
  readonly vector: Matrix;
}

export type ParquetColumn = {
  readonly [K in keyof Contents]: { readonly name: string; readonly kind: K; readonly rows: Contents[K] };
}[keyof Contents];

/** How a kind of column is declared and cut into rows `from` ≤ r < `to`. */
interface Kind<Rows> {
  readonly schema: (name: string) => readonly SchemaElement[];
  readonly cells: (rows: Rows, from: number, to: number) => Omit<ColumnSource, "name">;
}

const repetition_type = "REQUIRED";
const text = { type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type } as const;

const list = (name: string, element: Omit<SchemaElement, "name">): readonly SchemaElement[] => [
  { name, repetition_type, converted_type: "LIST", num_children: 1 },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  { name: "element", ...element },
];

const kinds: { readonly [K in keyof Contents]: Kind<Contents[K]> } = {
  text: {
    schema: (name) => [{ name, ...text }],
    cells: (rows, from, to) => ({ data: rows.slice(from, to) }),
  },
  texts: {
    schema: (name) => list(name, text),
    cells: (rows, from, to) => ({ data: rows.slice(from, to) }),
  },
  int32: {
    schema: (name) => [{ name, type: "INT32", repetition_type }],
    cells: (rows, from, to) => ({ data: rows.slice(from, to) }),
  },
  vector: {
    schema: (name) => list(name, { type: "FLOAT", repetition_type }),
    // Numbers of a network hardly shrink or repeat.
    cells: ({ shape: [, width], data }, from, to) => ({
      data: Array.from({ length: to - from }, (_, r) =>
        Array.from(data.subarray((from + r) * width, (from + r + 1) * width)),
      ),
      codec: "UNCOMPRESSED",
      encoding: "PLAIN",
    }),
  },
};

const kindOf = ({ kind }: ParquetColumn) => kinds[kind] as Kind<ParquetColumn["rows"]>;

const rowsIn = ({ kind, rows }: ParquetColumn): number => (kind === "vector" ? rows.shape[0] : rows.length);

/** Numbers that a row group may hold: the writer takes some 40 bytes for each, for as long as it writes the group. */
const groupNumbers = 1 << 20;

/** A table, its columns of one length, as a Parquet file: its bytes, a row group at a time. */
export async function encodeParquet(columns: readonly ParquetColumn[]): Promise<Iterable<Uint8Array>> {
  return encoded(columns, await import("hyparquet-writer"));
}

function* encoded(
  columns: readonly ParquetColumn[],
  { ByteWriter, ParquetWriter }: typeof import("hyparquet-writer"),
): Iterable<Uint8Array> {
  const writer = new ByteWriter();
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  const parquet = new ParquetWriter({
    writer,
    createdBy: "hcsc",
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.flatMap((column) => kindOf(column).schema(column.name)),
    ],
  });
  const count = rowsIn(columns[0]);
  const widest = columns.reduce(
    (most, { kind, rows }) => (kind === "vector" ? Math.max(most, rows.shape[1]) : most),
    1,
  );
  const group = Math.max(1, Math.floor(groupNumbers / widest));
  for (let from = 0; from < count; from += group) {
    const to = Math.min(count, from + group);
    const columnData = columns.map((column) => ({ name: column.name, ...kindOf(column).cells(column.rows, from, to) }));
    parquet.write({ columnData, rowGroupSize: group });
    yield taken();
  }
  parquet.finish();
  yield taken();
}
