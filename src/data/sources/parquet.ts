/**
 * Parquet tables of images: with a column of paths, as `hcsc embed` writes, or with the images themselves in a column of bytes, as
 * Hugging Face's data sets.
 */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  readOffsetIndex,
  type SchemaTree,
} from "hyparquet";
import * as z from "zod";
import { DataError, said } from "../../errors.js";
import { extensionOf } from "../layout/index.js";
import type { FilesDescription } from "./files.js";
import { labellingOf, labelWarnings, listed } from "./list.js";
import { columnName, columnOf, type ListRow, rowOf } from "./listRows.js";
import { requirePages } from "./parquetPages.js";
import { readParts, type TablesDescription, without } from "./tables.js";
import { textsOf } from "./texts.js";

export const isParquet = (path: string): boolean => extensionOf(path) === ".parquet";

/** A table that is open. */
interface Table {
  readonly file: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly image: SchemaTree;
  readonly label: string | undefined;
  readonly labels: string | undefined;
}

type Cells = Readonly<Record<string, unknown>>;

/**
 * @param files - one, or several that hold the images themselves
 * @param folder - where paths start; null for the table's own folder
 * @param called - the set, for errors
 */
export async function describeParquet(
  files: readonly string[],
  folder: string | null,
  called: string,
  mayLeave: boolean,
): Promise<FilesDescription | TablesDescription> {
  const tables: Table[] = [];
  for (const file of files) tables.push(await openTable(file));
  const withPaths = tables.find(holdsPaths);
  if (withPaths && tables.length > 1)
    throw new DataError(
      "wrong-entry",
      said`${{ file: withPaths.file }}: several tables must hold the images themselves: this one has paths. Give it alone`,
    );
  return withPaths ? describePaths(withPaths, folder, mayLeave) : describeCells(tables, called);
}

async function openTable(file: string): Promise<Table> {
  const buffer = readParts(file);
  const metadata = await parquetMetadataAsync(buffer).catch((cause) => {
    throw noTable(file, cause);
  });
  const children = childrenIn(metadata, file);
  const columns = children.map(({ element }) => element.name);
  const named = (kind: Parameters<typeof columnOf>[0]) =>
    columns.find((column) => columnName(column) === columnOf(kind, columns.map(columnName)));
  const image = children[columns.indexOf(named("file") ?? "")];
  if (!image)
    throw new DataError(
      "wrong-entry",
      said`${{ file }} has no column of image files or images; its columns are ${columns.join(", ")}`,
    );
  const [label, labels] = [named("label"), named("labels")];
  await requirePages(buffer, metadata, [image.element.name, label, labels]).catch((cause) => {
    throw damaged(file, cause);
  });
  return { file, buffer, metadata, image, label, labels };
}

function childrenIn(metadata: FileMetaData, file: string): readonly SchemaTree[] {
  try {
    const { children } = parquetSchema(metadata);
    if (!children.every(({ element }) => typeof element.name === "string")) throw new Error("a column has no name");
    return children;
  } catch (cause) {
    throw noTable(file, cause);
  }
}

const noTable = (file: string, cause: unknown): DataError =>
  new DataError(
    "unknown-format",
    said`${{ file }} is no Parquet table: ${reasonOf(cause)}. Restore it from its source`,
    { cause },
  );

const holdsPaths = ({ image: { element } }: Table): boolean =>
  element.converted_type === "UTF8" || element.logical_type?.type === "STRING";

/** Rows of some columns. */
async function rowsOf(
  table: Table,
  columns: readonly (string | undefined)[],
  metadata = table.metadata,
): Promise<Cells[]> {
  const { file, buffer } = table;
  const wanted = columns.filter((column) => column !== undefined);
  const count = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  if (count === 0) throw new DataError("empty", said`${{ file }} holds no rows`);
  if (!(count > 0 && count < buffer.byteLength))
    throw new DataError(
      "damaged",
      said`${{ file }} is damaged: it says that it has ${count} rows. Restore it from its source`,
    );
  if (wanted.length === 0) return Array.from({ length: count }, () => ({}));
  const read = await parquetReadObjects({ file: buffer, metadata, columns: wanted, utf8: false }).catch((cause) => {
    throw damaged(file, cause);
  });
  if (read.length === count) return read;
  throw new DataError(
    "damaged",
    said`${{ file }} is damaged: it has ${read.length} rows and says ${count}. Restore it from its source`,
  );
}

/** What a row says. @param i - its place in the table */
function listRow(table: Table, cells: Cells, name: unknown, i: number, classes: readonly string[] | null): ListRow {
  const { file, image, label, labels } = table;
  const own = [label, labels].flatMap((column) =>
    column === undefined ? [] : [[column, plain(cells[column], classes)]],
  );
  return rowOf(
    { [image.element.name]: name, ...Object.fromEntries(own) },
    i + 1,
    said`${{ file }}: row ${{ line: i + 1 }}`,
  );
}

async function describePaths(table: Table, folder: string | null, mayLeave: boolean): Promise<FilesDescription> {
  const { file, image, label, labels, metadata } = table;
  const root = folder ?? dirname(file);
  if (!(await stat(root).catch(() => null))?.isDirectory())
    throw new DataError("missing", said`${file}: the folder of its images, ${{ file: root }}, does not exist`);
  const classes = classNamesOf(metadata, label, file);
  const column = image.element.name;
  const rows = await rowsOf(table, [column, label, labels]);
  const paths = rows.map((cells, i) => listRow(table, cells, cells[column], i, classes));
  return { ...(await listed(paths, root, file, mayLeave)), root };
}

async function describeCells(tables: readonly Table[], called: string): Promise<TablesDescription> {
  const column = tables[0].image.element.name;
  const rows: ListRow[] = [];
  const [firsts, blocks]: [number[], number[]] = [[], []];
  for (const table of tables) {
    const { file, metadata, label, labels } = table;
    requireCells(table, column);
    firsts.push(rows.length);
    for (const start of await blocksOf(table)) blocks.push(rows.length + start);
    const named = hasLeaf(table, "path") ? column : undefined;
    const light = named ? without(metadata, [column, "bytes"]) : metadata;
    const classes = classNamesOf(tables[0].metadata, label, file);
    const own = tables.length === 1 ? "" : `${basename(file)} `;
    for (const [i, cells] of (await rowsOf(table, [named, label, labels], light)).entries()) {
      const name = (cells[column] as { readonly path?: string | null } | undefined)?.path;
      rows.push(listRow(table, cells, name || `${own}row ${i + 1}`, i, classes));
    }
  }
  const labelling = labellingOf(rows, called);
  return {
    kind: "tables",
    files: tables.map(({ file }) => resolve(file)),
    firsts: Int32Array.from(firsts),
    blocks: Int32Array.from(blocks),
    count: rows.length,
    column,
    names: textsOf(rows.map(({ file }) => file)),
    warnings: labelWarnings(labelling, called),
    ...labelling,
  };
}

const hasLeaf = ({ image }: Table, leaf: string): boolean =>
  image.children.some(({ element }) => element.name === leaf);

/** @throws DataError if the column holds no images, or another table's has another name */
function requireCells(table: Table, column: string): void {
  const { file, image } = table;
  if (image.element.name !== column)
    throw new DataError(
      "wrong-entry",
      said`${{ file }} has its images in the column ${{ field: image.element.name }}, the first table in ${column}: give tables of one set`,
    );
  const bytes = image.children.length === 0 ? image : image.children.find(({ element }) => element.name === "bytes");
  if (bytes?.element.type !== "BYTE_ARRAY" || bytes.element.repetition_type === "REPEATED")
    throw new DataError(
      "wrong-entry",
      said`${{ file }}: the column ${{ field: column }} holds neither paths nor images: give it bytes, or a group of bytes and path`,
    );
}

/** Packed bytes above which a row group is read page by page. */
const wholeGroup = 2 ** 20;

/** The rows that blocks begin with: each row group, or the pages of a large one where the table says where those are. */
async function blocksOf({ file, buffer, metadata, image }: Table): Promise<readonly number[]> {
  const column = image.element.name;
  const starts: number[] = [];
  let first = 0;
  for (const { columns, num_rows } of metadata.row_groups) {
    const chunk = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column);
    const { offset_index_offset: offset, offset_index_length: length } = chunk ?? {};
    const isLarge = Number(chunk?.meta_data?.total_compressed_size ?? 0) > wholeGroup;
    const pages = [0];
    if (isLarge && offset && length) {
      try {
        const view = new DataView(await buffer.slice(Number(offset), Number(offset) + length));
        for (const { first_row_index } of readOffsetIndex({ view, offset: 0 }).page_locations)
          pages.push(Number(first_row_index));
      } catch (cause) {
        throw damaged(file, cause);
      }
    }
    const rows = Number(num_rows);
    for (const [i, start] of pages.entries())
      if (start >= 0 && start < rows && (i === 0 || start > pages[i - 1])) starts.push(first + start);
    first += rows;
  }
  return starts;
}

const damaged = (file: string, cause: unknown): DataError =>
  new DataError("damaged", said`${{ file }} is damaged: ${reasonOf(cause)}. Restore it from its source`, { cause });

/** What the reader says of a file; what it stumbles over says nothing to people. */
const reasonOf = (cause: unknown): string =>
  cause instanceof TypeError || cause instanceof RangeError || /undefined|NaN|\[object/.test((cause as Error).message)
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
