/**
 * Images in the cells of Parquet tables, as Hugging Face stores its sets. A table is packed in blocks of rows, which are unpacked whole:
 * a thread keeps those that it used last, so that reading in order unpacks each once.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { said } from "../../errors.js";
import { filePath } from "../fileNames.js";
import type { Labelling } from "../layout/index.js";
import { decodeImage } from "./decode.js";
import { type ImageSource, notDecoded } from "./picture.js";
import { lastUpTo } from "./rising.js";
import { type Texts, textAt } from "./texts.js";

export interface TablesDescription extends Labelling {
  readonly kind: "tables";
  /** With absolute paths. */
  readonly files: readonly string[];
  /** The first row of each table. */
  readonly firsts: Int32Array;
  /** The first row of each block of any table. */
  readonly blocks: Int32Array;
  readonly count: number;
  /** The column of images. */
  readonly column: string;
  readonly names: Texts;
  readonly warnings: readonly string[];
}

/** Bytes of unpacked images that a thread keeps. The last block is kept whatever its size. */
const keptBytes = 64 * 2 ** 20;

/** A file of which parts are read. It is open for no longer than that takes. */
export function readParts(file: string): AsyncBuffer {
  const { size } = statSync(filePath(file));
  return {
    byteLength: size,
    slice(start, end = size) {
      const from = start < 0 ? size + start : start;
      if (!(from >= 0 && end >= from && end <= size)) throw new Error(`it has ${size} bytes, not those up to ${end}`);
      const bytes = new Uint8Array(end - from);
      const descriptor = openSync(filePath(file), "r");
      try {
        for (let at = 0; at < bytes.length; ) {
          const read = readSync(descriptor, bytes, at, bytes.length - at, from + at);
          if (read === 0) throw new Error("it is shorter than it was");
          at += read;
        }
      } finally {
        closeSync(descriptor);
      }
      return bytes.buffer;
    },
  };
}

/** A table's metadata without the columns of some path, so that those are not read. */
export function without(metadata: FileMetaData, path: readonly string[]): FileMetaData {
  const [group, leaf] = path;
  const at = metadata.schema.findIndex(({ name }, i) => i > 0 && name === group);
  const leaves = metadata.schema[at].num_children ?? 0;
  const gone = metadata.schema.findIndex(({ name }, i) => i > at && i <= at + leaves && name === leaf);
  return {
    ...metadata,
    schema: metadata.schema
      .map((element, i) => (i === at ? { ...element, num_children: leaves - 1 } : element))
      .filter((_, i) => i !== gone),
    row_groups: metadata.row_groups.map((rows) => ({
      ...rows,
      columns: rows.columns.filter(({ meta_data }) => meta_data?.path_in_schema.join("\n") !== path.join("\n")),
    })),
  };
}

type Cell = Uint8Array | { readonly bytes?: Uint8Array | null } | null | undefined;

/** The images of some rows of a table, null where there is none. @param metadata - from which all columns but the images may be missing */
export async function imagesIn(
  file: AsyncBuffer,
  metadata: FileMetaData,
  column: string,
  rows: { readonly from: number; readonly to: number },
): Promise<readonly (Uint8Array | null)[]> {
  const range = { rowStart: rows.from, rowEnd: rows.to };
  const read = await parquetReadObjects({
    file,
    metadata,
    columns: [column],
    ...range,
    utf8: false,
    useOffsetIndex: true,
  });
  return read.map((row) => {
    const cell = row[column] as Cell;
    const bytes = cell instanceof Uint8Array ? cell : cell?.bytes;
    return bytes instanceof Uint8Array ? bytes : null;
  });
}

type Block = readonly (Uint8Array | null)[];

export function openTables(description: TablesDescription): ImageSource {
  const { files, firsts, blocks, count, column, names, labels, multilabel, classes, hierarchy, warnings } = description;
  const tables = new Map<number, Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }>>();
  const kept = new Map<number, { readonly images: Promise<Block>; bytes: number }>();

  const opened = async (table: number) => {
    const file = readParts(files[table]);
    const metadata = await parquetMetadataAsync(file);
    const hasPath = metadata.row_groups[0]?.columns.some(
      ({ meta_data }) => meta_data?.path_in_schema.join("\n") === `${column}\npath`,
    );
    return { file, metadata: hasPath ? without(metadata, [column, "path"]) : metadata };
  };
  const tableAt = (table: number) => {
    const found = tables.get(table) ?? opened(table);
    tables.set(table, found);
    return found;
  };
  const unpacked = async (block: number): Promise<Block> => {
    const table = lastUpTo(firsts, blocks[block]);
    const [from, to] = [blocks[block], blocks[block + 1] ?? count].map((row) => row - firsts[table]);
    try {
      const { file, metadata } = await tableAt(table);
      return await imagesIn(file, metadata, column, { from, to });
    } catch (cause) {
      // What the reader stumbles over says nothing to people.
      throw new Error("the table is damaged where it lies", { cause });
    }
  };
  /** Lets the blocks go that were used longest ago. */
  const makeRoom = (): void => {
    let bytes = [...kept.values()].reduce((sum, block) => sum + block.bytes, 0);
    for (const [block, { bytes: own }] of kept) {
      if (bytes <= keptBytes || kept.size === 1) return;
      kept.delete(block);
      bytes -= own;
    }
  };
  const blockAt = (block: number): Promise<Block> => {
    const found = kept.get(block) ?? { images: unpacked(block), bytes: 0 };
    kept.delete(block);
    kept.set(block, found); // as the last that was used
    if (found.bytes === 0)
      found.images.then(
        (images) => {
          found.bytes = images.reduce((sum, image) => sum + (image?.length ?? 0), 1);
          makeRoom();
        },
        () => kept.delete(block),
      );
    return found.images;
  };
  const contentOf = async (i: number): Promise<Uint8Array> => {
    const block = lastUpTo(blocks, i);
    const image = (await blockAt(block))[i - blocks[block]];
    if (!image) throw new Error("the cell is empty");
    return image;
  };

  return {
    count,
    labels,
    multilabel,
    classes,
    hierarchy,
    warnings,
    name: (i) => textAt(names, i),
    file: () => null,
    bytes: async () => null,
    content: contentOf,
    read: async (i, room) => {
      const name = said`${{ file: basename(files[lastUpTo(firsts, i)]) }}: ${{ image: textAt(names, i) }}`;
      const content = await contentOf(i).catch((cause) => {
        throw notDecoded(name, cause);
      });
      return decodeImage(Buffer.from(content.buffer, content.byteOffset, content.length), name, room);
    },
  };
}

/** What tells an image from those of other tables. */
export const placeInTables =
  ({ files, firsts }: TablesDescription) =>
  (i: number): string => {
    const table = lastUpTo(firsts, i);
    return `${files[table]}#${i - firsts[table]}`;
  };
