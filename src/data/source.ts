/**
 * Opening sets of images. A set is described once (describe.ts) as plain data, from which any thread opens it; what only
 * describing needs is not loaded here.
 */
import type { DenseArray } from "../array.js";
import { type CifarDescription, openCifar } from "./sources/cifar.js";
import { type FilesDescription, openFiles } from "./sources/files.js";
import { type IdxDescription, openIdx } from "./sources/idx.js";
import type { ImageSource } from "./sources/picture.js";
import { openSynthetic, type SyntheticDescription } from "./sources/synthetic.js";

export type WholeDescription = FilesDescription | IdxDescription | CifarDescription | SyntheticDescription;

/** A set of images as plain data that may cross threads; raw pixels in it are in shared memory. */
export interface SourceDescription {
  readonly whole: WholeDescription;
  readonly from: number;
  readonly to: number;
}

/** Opens a described set; cheap, in any thread. */
export function openSource({ whole, from, to }: SourceDescription): ImageSource {
  const all = openWhole(whole);
  if (from === 0 && to === all.count) return all;
  return {
    ...all,
    count: to - from,
    labels: all.labels?.slice(from, to) ?? null,
    multilabel: all.multilabel && rows(all.multilabel, from, to),
    hierarchy: all.hierarchy?.map((level) => level.slice(from, to)) ?? null,
    name: (i) => all.name(from + i),
    file: (i) => all.file(from + i),
    read: (i, room) => all.read(from + i, room),
  };
}

const openers = { files: openFiles, idx: openIdx, cifar: openCifar, synthetic: openSynthetic } as const;

export const openWhole = (whole: WholeDescription): ImageSource =>
  (openers[whole.kind] as (d: WholeDescription) => ImageSource)(whole);

function rows({ shape: [, width], data }: DenseArray<Int8Array>, from: number, to: number): DenseArray<Int8Array> {
  return { shape: [to - from, width], data: data.slice(from * width, to * width) };
}

export type { ImageSource, Picture } from "./sources/picture.js";
