/**
 * Opening sets of images. A set is described once (describe.ts) as plain data, from which any thread opens it; what only
 * describing needs is not loaded here.
 */
import type { DenseArray } from "../array.js";
import { type ArchivesDescription, openArchives } from "./sources/archives.js";
import { type CifarDescription, openCifar } from "./sources/cifar.js";
import { type FilesDescription, openFiles } from "./sources/files.js";
import { type HeldDescription, openHeld } from "./sources/held.js";
import { type IdxDescription, openIdx } from "./sources/idx.js";
import type { ImageSource } from "./sources/picture.js";
import { openSynthetic, type SyntheticDescription } from "./sources/synthetic.js";
import { openTables, type TablesDescription } from "./sources/tables.js";

export type WholeDescription =
  | FilesDescription
  | ArchivesDescription
  | TablesDescription
  | IdxDescription
  | CifarDescription
  | SyntheticDescription
  | HeldDescription;

/** A set of images as plain data that may cross threads; raw pixels in it are in shared memory. */
export interface SourceDescription {
  readonly whole: WholeDescription;
  /** Which images of it, in order; null: all. */
  readonly chosen: Int32Array | null;
}

/** Opens a described set; cheap, in any thread. */
export function openSource({ whole, chosen }: SourceDescription): ImageSource {
  const all = openWhole(whole);
  if (!chosen) return all;
  const pick = (ids: Int32Array) => chosen.map((i) => ids[i]);
  return {
    ...all,
    count: chosen.length,
    labels: all.labels && pick(all.labels),
    multilabel: all.multilabel && rows(all.multilabel, chosen),
    hierarchy: all.hierarchy?.map(pick) ?? null,
    name: (i) => all.name(chosen[i]),
    file: (i) => all.file(chosen[i]),
    bytes: (i) => all.bytes(chosen[i]),
    content: (i) => all.content(chosen[i]),
    read: (i, room) => all.read(chosen[i], room),
  };
}

const openers = {
  files: openFiles,
  archives: openArchives,
  tables: openTables,
  idx: openIdx,
  cifar: openCifar,
  synthetic: openSynthetic,
  held: openHeld,
} as const;

export const openWhole = (whole: WholeDescription): ImageSource =>
  (openers[whole.kind] as (d: WholeDescription) => ImageSource)(whole);

function rows({ shape: [, width], data }: DenseArray<Int8Array>, chosen: Int32Array): DenseArray<Int8Array> {
  const picked = new Int8Array(chosen.length * width);
  for (const [at, i] of chosen.entries()) picked.set(data.subarray(i * width, (i + 1) * width), at * width);
  return { shape: [chosen.length, width], data: picked };
}

export type { ImageSource, Picture } from "./sources/picture.js";
