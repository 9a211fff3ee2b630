/**
 * Images in tar archives, as WebDataset lays them out: files of one sample share their path up to the first dot, and `.cls` or
 * `.json` says what the image shows. Archives are looked through once, by their headers; an image is then read by its place alone.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { basename, posix, resolve } from "node:path";
import { DataError, said } from "../../errors.js";
import { filePath } from "../fileNames.js";
import { folderLabels, imageExtensions, isImageFile, isLeftover, type Labelling, leftOut } from "../layout/index.js";
import { decodeImage } from "./decode.js";
import { labellingOf, labelWarnings } from "./list.js";
import { columnName, columnOf, type ListRow, rowOf } from "./listRows.js";
import { type ImageSource, notDecoded } from "./picture.js";
import { lastUpTo } from "./rising.js";
import { type TarEntry, tarEntries } from "./tarEntries.js";
import { type Texts, textAt, textsOf } from "./texts.js";

export interface ArchivesDescription extends Labelling {
  readonly kind: "archives";
  /** With absolute paths. */
  readonly files: readonly string[];
  /** The first image of each archive. */
  readonly firsts: Int32Array;
  /** Where each image begins in its archive, and its bytes; in memory that threads share. */
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
  readonly names: Texts;
  readonly warnings: readonly string[];
}

export const isArchive = (path: string): boolean => path.toLowerCase().endsWith(".tar");

/** A sample: its images, and what is said of them. */
interface Sample {
  readonly images: Omit<TarEntry, "content">[];
  isDescribed: boolean;
  shows: ListRow["shows"];
}

/** What files beside an image may take. */
const longestLabel = 2 ** 20;
const longestImage = 2 ** 32 - 1;

/**
 * @param called - the set, for errors
 * @throws DataError if an archive is damaged, says of an image what is no label, or all of them hold none
 */
export function describeArchives(files: readonly string[], called: string): ArchivesDescription {
  const rows: ListRow[] = [];
  const [starts, lengths, firsts]: [number[], number[], number[]] = [[], [], []];
  const others: string[] = [];
  let further = 0;
  for (const file of files) {
    firsts.push(rows.length);
    for (const { images, isDescribed, shows } of samplesOf(file, others)) {
      const own = isDescribed ? images.slice(0, 1) : images;
      further += images.length - own.length;
      for (const { path, start, length } of own) {
        rows.push({ line: rows.length + 1, file: path, shows });
        starts.push(start);
        lengths.push(length);
      }
    }
  }
  if (rows.length === 0)
    throw new DataError(
      "empty",
      said`${{ images: called }} holds no images${others.length ? `, but files of other kinds: ${leftOut(others)}` : ""}. Known are ${imageExtensions.join(", ")}`,
    );
  const names = rows.map(({ file }) => file);
  const isSaid = rows.some(({ shows }) => shows !== null);
  const labelling = isSaid ? labellingOf(rows, called) : folderLabels(names);
  return {
    kind: "archives",
    files: files.map((file) => resolve(file)),
    firsts: Int32Array.from(firsts),
    starts: sharedFrom(Float64Array, starts),
    lengths: sharedFrom(Uint32Array, lengths),
    names: textsOf(names),
    warnings: [
      ...(others.length > 0 ? [`${called}: files of other kinds are left out: ${leftOut(others)}`] : []),
      ...(further > 0 ? [`${called}: ${further} images are left out, which are not the first of their sample`] : []),
      ...(isSaid ? labelWarnings(labelling, called) : []),
    ],
    ...labelling,
  };
}

function sharedFrom<A extends Float64Array | Uint32Array>(
  kind: { new (buffer: SharedArrayBuffer): A; readonly BYTES_PER_ELEMENT: number },
  values: readonly number[],
): A {
  const array = new kind(new SharedArrayBuffer(kind.BYTES_PER_ELEMENT * values.length));
  array.set(values);
  return array;
}

/** The samples of an archive that hold images, in order. @param others - where names of files go that are neither images nor labels */
function samplesOf(file: string, others: string[]): Iterable<Sample> {
  const samples = new Map<string, Sample>();
  const descriptor = opened(file);
  try {
    for (const entry of tarEntries(descriptor, fstatSync(descriptor).size, file)) {
      const path = posix.normalize(entry.path).replace(/^(\.?\/)+/, "");
      if (path.split("/").some(isLeftover)) continue;
      const name = posix.basename(path);
      const dot = name.indexOf(".");
      const key = dot <= 0 ? path : path.slice(0, path.length - name.length + dot);
      const sample = samples.get(key) ?? { images: [], isDescribed: false, shows: null };
      samples.set(key, sample);
      const labels = labelForms.get(dot <= 0 ? "" : name.slice(dot + 1).toLowerCase());
      if (labels) {
        if (entry.length > longestLabel)
          throw new DataError(
            "wrong-entry",
            said`${{ file }}: ${{ image: path }} has ${entry.length} bytes: no label does`,
          );
        const shows = labels(entry.content().toString("utf8"), path, file);
        sample.isDescribed = true;
        sample.shows = shows ?? sample.shows;
      } else if (isImageFile(name)) {
        if (entry.length > longestImage)
          throw new DataError(
            "too-large",
            said`${{ file }}: ${{ image: path }} has ${entry.length} bytes: no image does`,
          );
        sample.images.push({ path, start: entry.start, length: entry.length });
      } else others.push(name.slice(Math.max(0, name.lastIndexOf(".") - 1)));
    }
  } finally {
    closeSync(descriptor);
  }
  return samples.values();
}

/** What says what an image shows, by its extension. */
const labelForms: ReadonlyMap<string, (text: string, path: string, file: string) => ListRow["shows"]> = new Map([
  ["cls", classIn],
  ["json", labelsIn],
]);

/** An id or the name of a class. */
function classIn(text: string, path: string, file: string): ListRow["shows"] {
  const label = text.trim();
  if (/[\n\r\0]/.test(label))
    throw new DataError("wrong-entry", said`${{ file }}: ${{ image: path }} is no class: one line is expected`);
  return label || null;
}

/** `{"label": 3}`, `{"labels": ["cat", "dog"]}`, by the names that lists have; null where neither is among what it says. */
function labelsIn(text: string, path: string, file: string): ListRow["shows"] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new DataError("wrong-entry", said`${{ file }}: ${{ image: path }} is no JSON: ${cause as Error}`, { cause });
  }
  const isLabel = (name: string): boolean =>
    (["label", "labels"] as const).some((kind) => columnOf(kind, [columnName(name)]) !== undefined);
  const own = Object.entries(data ?? {}).filter(([name]) => isLabel(name));
  return rowOf({ file: path, ...Object.fromEntries(own) }, 1, said`${{ file }}: ${{ image: path }}`).shows;
}

function opened(file: string): number {
  try {
    return openSync(filePath(file), "r");
  } catch (cause) {
    throw new DataError("unreadable", said`${{ file }} cannot be read: ${cause as Error}`, { cause });
  }
}

function bytesOf(descriptor: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; ) {
    const read = readSync(descriptor, bytes, at, length - at, start + at);
    if (read === 0) throw new Error(`the archive ends after ${start + at} of ${start + length} bytes`);
    at += read;
  }
  return bytes;
}

export function openArchives(description: ArchivesDescription): ImageSource {
  const { files, firsts, starts, lengths, names, labels, multilabel, classes, hierarchy, warnings } = description;
  const fileOf = (i: number): string => files[lastUpTo(firsts, i)];
  const contentOf = (i: number): Buffer => {
    const descriptor = openSync(filePath(fileOf(i)), "r");
    try {
      return bytesOf(descriptor, starts[i], lengths[i]);
    } finally {
      closeSync(descriptor);
    }
  };
  return {
    count: starts.length,
    labels,
    multilabel,
    classes,
    hierarchy,
    warnings,
    name: (i) => textAt(names, i),
    file: () => null,
    bytes: async (i) => lengths[i],
    content: async (i) => contentOf(i),
    read: async (i, room) => {
      const name = said`${{ file: basename(fileOf(i)) }}: ${{ image: textAt(names, i) }}`;
      let content: Buffer;
      try {
        content = contentOf(i);
      } catch (cause) {
        throw notDecoded(name, cause);
      }
      return decodeImage(content, name, room);
    },
  };
}

/** What tells an image from those of other archives. */
export const placeInArchives =
  ({ files, firsts, starts }: ArchivesDescription) =>
  (i: number): string =>
    `${files[lastUpTo(firsts, i)]}#${starts[i]}`;
