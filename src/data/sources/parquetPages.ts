/** What the pages of a Parquet table say of themselves, held against one another before a reader believes it. */
import type { AsyncBuffer, ColumnMetaData, FileMetaData, PageHeader } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";

/** A header is short, but for statistics in it. */
const headerBytes = [2 ** 12, 2 ** 20] as const;
/** A copy of 64 bytes takes 3 in Snappy. */
const mostExpansion = 64;
/** Equal values take less than a bit each. */
const mostValuesPerByte = 64;

/**
 * @param columns - by their names
 * @throws Error that says what cannot be
 */
export async function requirePages(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly (string | undefined)[],
): Promise<void> {
  for (const group of metadata.row_groups) {
    if (!isWhole(group.num_rows)) throw new Error("a row group does not say how many rows it has");
    for (const { meta_data: column } of group.columns)
      if (column && columns.includes(column.path_in_schema[0])) await requireColumn(file, column);
  }
}

async function requireColumn(file: AsyncBuffer, column: ColumnMetaData): Promise<void> {
  const { path_in_schema, num_values, total_compressed_size, dictionary_page_offset, data_page_offset } = column;
  const wrong = (what: string): Error => new Error(`the column ${path_in_schema.join(".")} ${what}`);
  const start = Number(dictionary_page_offset || data_page_offset);
  const end = start + Number(total_compressed_size);
  if (!(start >= 4 && end >= start && end <= file.byteLength))
    throw wrong(`lies from byte ${String(start)} to ${String(end)} of ${file.byteLength}`);
  if (!isWhole(num_values) || Number(num_values) > mostValuesPerByte * file.byteLength)
    throw wrong(`says that it has ${String(num_values)} values`);
  let values = 0;
  for (let at = start; at < end; ) {
    const { header, length } = await headerAt(file, at, end);
    const packed = header.compressed_page_size;
    at += length + packed;
    if (!isWhole(packed) || at > end) throw wrong(`has a page of ${packed} bytes before byte ${end}`);
    if (!isWhole(header.uncompressed_page_size) || header.uncompressed_page_size > mostExpansion * (packed + 1))
      throw wrong(`has a page of ${packed} bytes that says it unpacks to ${header.uncompressed_page_size}`);
    const count = valuesIn(header);
    if (count === null) throw wrong("has a page whose header is not as the format has it");
    if (header.type === "DICTIONARY_PAGE") {
      if (count > header.uncompressed_page_size) throw wrong(`has a dictionary of ${count} values`);
    } else values += count;
  }
  if (values !== Number(num_values)) throw wrong(`has ${values} values, and says ${num_values}`);
}

async function headerAt(file: AsyncBuffer, at: number, end: number): Promise<{ header: PageHeader; length: number }> {
  const read = async (most: number) => {
    const view = new DataView(await file.slice(at, Math.min(end, at + most)));
    const reader = { view, offset: 0 };
    return { header: parquetHeader(reader), length: reader.offset };
  };
  return read(headerBytes[0]).catch(() => read(headerBytes[1]));
}

/** The values of a page; null where its header cannot be. */
function valuesIn({ type, ...header }: PageHeader): number | null {
  const whole = (n: number | undefined): number | null => (isWhole(n) ? Number(n) : null);
  if (type === "DATA_PAGE") return whole(header.data_page_header?.num_values);
  if (type === "DICTIONARY_PAGE") return whole(header.dictionary_page_header?.num_values);
  const second = type === "DATA_PAGE_V2" ? header.data_page_header_v2 : undefined;
  if (!second) return null;
  const { num_values, num_nulls, num_rows, definition_levels_byte_length, repetition_levels_byte_length } = second;
  const levels = [definition_levels_byte_length, repetition_levels_byte_length];
  const isSound =
    [num_values, num_nulls, num_rows, ...levels].every(isWhole) &&
    num_nulls <= num_values &&
    num_rows <= num_values &&
    levels[0] + levels[1] <= header.compressed_page_size;
  return isSound ? num_values : null;
}

const isWhole = (n: number | bigint | undefined | null): boolean =>
  Number.isSafeInteger(Number(n ?? -1)) && Number(n ?? -1) >= 0;
