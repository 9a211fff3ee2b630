/**
 * Where images come from. The command line names a set in one string; `describeSource` looks at it once and gives plain data,
 * from which any thread opens the set.
 */
import { stat } from "node:fs/promises";
import { DataError, UsageError } from "../errors.js";
import { type CifarDescription, describeCifar, isCifarFolder, openCifar } from "./sources/cifar.js";
import { describeFile, describeFolder, type FolderDescription, isImageFile, openFolder } from "./sources/folder.js";
import { describeIdx, type IdxDescription, isIdx, openIdx } from "./sources/idx.js";
import type { ImageSource } from "./sources/picture.js";
import { describeSynthetic, openSynthetic, type SyntheticDescription } from "./sources/synthetic.js";

type Whole = FolderDescription | IdxDescription | CifarDescription | SyntheticDescription;

/** A set of images as plain data that may cross threads; raw pixels in it are in shared memory. */
export interface SourceDescription {
  readonly whole: Whole;
  readonly from: number;
  readonly to: number;
}

/**
 * Describes a set.
 *
 * @param text - an image file or folder; IDX files (a folder with them, or one images file); a CIFAR binary folder; either of the last two
 *   with `#test` for its test part; `synthetic:count=600,size=32,seed=1`. Any may end in a range: `[0:8000]`
 * @throws DataError if there is nothing to read; UsageError if the range is no range
 */
export async function describeSource(text: string): Promise<SourceDescription> {
  const [, name, from, to] = text.match(/^(.*?)(?:\[(\d*):(\d*)\])?$/s) as RegExpMatchArray;
  const whole = await describeWhole(name);
  const { count } = openWhole(whole);
  const range = { from: from ? Number(from) : 0, to: to ? Number(to) : count };
  if (range.from >= range.to || range.to > count) {
    throw new UsageError(
      `${text}: the range ${range.from} to ${range.to} does not lie in the ${count} images of ${name}`,
    );
  }
  return { whole, ...range };
}

/** Opens a described set; cheap, in any thread. */
export function openSource({ whole, from, to }: SourceDescription): ImageSource {
  const all = openWhole(whole);
  if (from === 0 && to === all.count) return all;
  return {
    ...all,
    count: to - from,
    labels: all.labels?.slice(from, to) ?? null,
    hierarchy: all.hierarchy?.map((level) => level.slice(from, to)) ?? null,
    name: (i) => all.name(from + i),
    read: (i) => all.read(from + i),
  };
}

async function describeWhole(name: string): Promise<Whole> {
  if (name.startsWith("synthetic:")) return describeSynthetic(name);
  const [path, part = "train"] = name.split("#");
  const info = await stat(path).catch((cause) => {
    throw new DataError(
      `${path}: there is no such file or folder. Give a folder of images, or see --help for other sources`,
      { cause },
    );
  });
  if (await isIdx(path, info.isDirectory())) return describeIdx(path, info.isDirectory(), part);
  if (!info.isDirectory() && isImageFile(path)) return describeFile(path);
  if (!info.isDirectory())
    throw new DataError(`${path} is a file: give an image, a folder of images, or an IDX images file`);
  if (await isCifarFolder(path)) return describeCifar(path, part);
  return describeFolder(path);
}

const openers = { folder: openFolder, idx: openIdx, cifar: openCifar, synthetic: openSynthetic } as const;

const openWhole = (whole: Whole): ImageSource => (openers[whole.kind] as (d: Whole) => ImageSource)(whole);

export type { ImageSource, Picture } from "./sources/picture.js";
