/**
 * Parquet tables of images: with a column of paths, as `hcsc embed` writes, or with the images themselves in a column of bytes, as
 * Hugging Face's data sets.
 */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { FileMetaData } from "hyparquet";
import { z } from "zod";
import { DataError, said } from "../../errors.js";
import type { FilesDescription } from "./files.js";
import { extensionOf } from "./formats.js";
import { type HeldDescription, together } from "./held.js";
import { labellingOf, listed } from "./list.js";
import { columnName, columnOf, type ListRow, rowOf } from "./listRows.js";

export const isParquet = (path: string): boolean => extensionOf(path) === ".parquet";

/** A cell of an image column: bytes alone, or a group of bytes and the path that they had. */
const imageCell = z.union([
  z.instanceof(Uint8Array).transform((bytes) => ({ bytes, path: null as string | null })),
  z.object({ bytes: z.instanceof(Uint8Array), path: z.string().nullish() }),
]);

/** @param folder - where paths start; null for the table's own folder */
export async function describeParquet(
  file: string,
  folder: string | null,
  mayLeave: boolean,
): Promise<FilesDescription | HeldDescription> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import("hyparquet");
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer).catch((cause) => {
    throw new DataError(
      "unknown-format",
      said`${{ file }} is no Parquet table: ${reasonOf(cause)}. Restore it from its source`,
      { cause },
    );
  });
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  const named = (kind: Parameters<typeof columnOf>[0]) =>
    columns.find((column) => columnName(column) === columnOf(kind, columns.map(columnName)));
  const image = named("file");
  if (!image)
    throw new DataError(
      "wrong-entry",
      said`${{ file }} has no column of image files or images; its columns are ${columns.join(", ")}`,
    );
  const wanted = [image, named("label"), named("labels")].filter((column) => column !== undefined);
  const rows = await parquetReadObjects({ file: buffer, metadata, columns: wanted, utf8: false }).catch((cause) => {
    throw new DataError("damaged", said`${{ file }} is damaged: ${reasonOf(cause)}. Restore it from its source`, {
      cause,
    });
  });
  if (rows.length === 0) throw new DataError("empty", said`${{ file }} holds no rows`);
  const classes = classNamesOf(metadata, named("label"), file);
  const row = (cells: Record<string, unknown>, name: unknown, i: number): ListRow => {
    const own = Object.fromEntries(Object.entries(cells).map(([key, value]) => [key, plain(value, classes)]));
    return rowOf({ ...own, [image]: name }, i + 1, said`${{ file }}: row ${{ line: i + 1 }}`);
  };
  if (typeof rows[0][image] === "string") {
    const root = folder ?? dirname(file);
    if (!(await stat(root).catch(() => null))?.isDirectory())
      throw new DataError("missing", said`${file}: the folder of its images, ${{ file: root }}, does not exist`);
    const paths = rows.map((cells, i) => row(cells, cells[image], i));
    return { ...(await listed(paths, root, file, mayLeave)), root };
  }
  const cells = rows.map((cells, i) => {
    const found = imageCell.safeParse(cells[image]);
    if (!found.success)
      throw new DataError(
        "wrong-entry",
        said`${{ file }}: row ${{ line: i + 1 }}: the column ${{ field: image }} holds neither a path nor an image`,
      );
    return found.data;
  });
  const names = cells.map(({ path }, i) => path || `row ${i + 1}`);
  const labelling = labellingOf(
    rows.map((cells, i) => row(cells, names[i], i)),
    file,
  );
  const images = cells.map(({ bytes }) => bytes);
  return { kind: "held", origin: resolve(file), called: file, names, ...together(images), ...labelling };
}

/** What the reader says of a file; what it stumbles over says nothing to people. */
const reasonOf = (cause: unknown): string =>
  cause instanceof TypeError || cause instanceof RangeError || /undefined/.test((cause as Error).message)
    ? "its metadata are not as the format has them"
    : (cause as Error).message;

/** Values as lists of other kinds give them; ids by their names. */
function plain(value: unknown, classes: readonly string[] | null): unknown {
  if (value === "") return null;
  if (typeof value !== "bigint" && typeof value !== "number") return value;
  const id = Number(value);
  return id < 0 ? null : (classes?.[id] ?? id);
}

const featureSchema = z.object({
  info: z.object({ features: z.record(z.string(), z.looseObject({ names: z.array(z.string()).optional() })) }),
});

/** Names of the ids in a column, as Hugging Face's `datasets` notes them beside the table. */
function classNamesOf(metadata: FileMetaData, column: string | undefined, file: string): readonly string[] | null {
  const note = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  if (note === undefined || column === undefined) return null;
  let features: unknown;
  try {
    features = JSON.parse(note);
  } catch (cause) {
    throw new DataError(
      "damaged",
      said`${{ file }} is damaged: its note of features is no JSON. Restore it from its source`,
      { cause },
    );
  }
  const found = featureSchema.safeParse(features);
  return found.success ? (found.data.info.features[column]?.names ?? null) : null;
}
