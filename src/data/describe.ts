/** What a set of images is named by: one string, looked at once. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { DataError, said, UsageError } from "../errors.js";
import { heldOut } from "../heldOut.js";
import { isImageFile, remedyOf } from "./layout/index.js";
import { type ImageSource, openSource, type SourceDescription, type WholeDescription } from "./source.js";
import { describeArchives, isArchive } from "./sources/archives.js";
import { describeCifar, isCifarFolder } from "./sources/cifar.js";
import { describeFile } from "./sources/files.js";
import { describeFolder } from "./sources/folder.js";
import { describeHeld, type HeldImages } from "./sources/held.js";
import { describeIdx, isIdx } from "./sources/idx.js";
import { describeList, isList } from "./sources/list.js";
import { describeParquet, isParquet } from "./sources/parquet.js";
import { isBraced, shardsIn, shardsNamed } from "./sources/shards.js";
import { describeSynthetic } from "./sources/synthetic.js";
import { describeVoc, vocLayout } from "./sources/voc.js";
import { anywhere, boundOf, namesWithin } from "./sources/within.js";

/**
 * Describes a set.
 *
 * @param text - one of these, each with a range at its end if wanted, such as `[0:8000]`, or a share held out by class (`[20%]`) or
 *   its rest (`[-20%]`):
 *   - an image file
 *   - a folder of images, or `imagenet#train` for its sub-folder; classes are the innermost folders
 *   - a folder in VOC's layout, `VOC2007#test` for a list of its ImageSets (default trainval), or images with an XML each
 *   - a list, `train.csv`, `train.tsv`, `train.jsonl`, `train.txt` or `train.parquet`, which may hold the images themselves; `train.csv#images` if its paths start at another folder
 *   - tar archives or Parquet tables with the images themselves: one, many (`shard-{000..146}.tar`), or a folder of them, `folder#train` for those
 *     of a part by their names
 *   - IDX files (a folder with them, or one images file), or a folder of CIFAR's binary files; `#test` for the test part
 *   - `synthetic:count=600,size=32,seed=1`
 *   - any folder or list behind `anywhere:`, as `anywhere:photos`: its links and paths are followed wherever they lead; else those
 *     that lead out of the folder are refused
 * @throws DataError if there is nothing to read; UsageError if the range is no range, or the part must be named
 */
export async function describeSource(text: string): Promise<SourceDescription> {
  const { name, cuts } = nameAndCuts(text);
  const whole = await describeWhole(name);
  let description: SourceDescription = { whole, chosen: null };
  for (const cut of cuts) {
    const source = openSource(description);
    const places = chosenBy(cut, source, text);
    const { chosen } = description;
    description = { whole, chosen: chosen ? places.map((i) => chosen[i]) : places };
  }
  return description;
}

/** `[0:8000]`, a range; `[20%]`, a fifth held out, `[-20%]`, the rest, `[20%,7]`, drawn by another seed than 0. */
const cutForm = /\[(?:(?<from>\d*):(?<to>\d*)|(?<rest>-?)(?<percent>\d+(?:\.\d+)?)%(?:,(?<seed>\d+))?)\]/;

function nameAndCuts(text: string): { readonly name: string; readonly cuts: readonly string[] } {
  const cuts = new RegExp(`(?:${cutForm.source.replaceAll(/\?<\w+>/g, "?:")})*$`).exec(text)?.[0] ?? "";
  return { name: text.slice(0, text.length - cuts.length), cuts: cuts.split(/(?<=\])/).filter(Boolean) };
}

/** The places of a set that one cut leaves. @throws UsageError if it leaves none */
function chosenBy(cut: string, source: ImageSource, text: string): Int32Array {
  const { from, to, rest, percent, seed } = (cutForm.exec(cut) as RegExpExecArray).groups ?? {};
  if (percent !== undefined) {
    const share = Number(percent) / 100;
    const parts = heldOut(source.count, source.labels, share, Number(seed ?? 0));
    const places = rest ? parts.rest : parts.held;
    if (places.length === 0 || share > 1)
      throw new UsageError(
        "wrong-value",
        said`${{ images: text }}: ${cut} of ${source.count} images leaves none. Give another share, or more images`,
      );
    return places;
  }
  const [first, end] = [from ? Number(from) : 0, to ? Number(to) : source.count];
  if (first >= end || end > source.count)
    throw new UsageError(
      "wrong-value",
      said`${{ images: text }}: the range ${first} to ${end} does not lie in the ${source.count} images of ${text.slice(0, text.indexOf(cut))}`,
    );
  return Int32Array.from({ length: end - first }, (_, i) => first + i);
}

/** A set parted by a share: what learns, and what is held out. */
export const splitNames = (
  text: string,
  share: number,
  seed: number,
): { readonly data: string; readonly test: string } => {
  const cut = `${Number((100 * share).toPrecision(12))}%${seed === 0 ? "" : `,${seed}`}`;
  return { data: `${text}[-${cut}]`, test: `${text}[${cut}]` };
};

/** Images as callers give them: a set by its name, as of {@link describeSource}, images that the caller holds, or a set described before. */
export type GivenImages = string | HeldImages | NamedSet;

/** A set, and the name by which it is found again. */
export interface NamedSet {
  /** With an absolute path; of images in memory one that says so, by which they are not found. */
  readonly name: string;
  readonly description: SourceDescription;
}

/** @throws DataError if there is nothing to read; UsageError if a range is no range, or a part must be named */
export async function describeImages(images: GivenImages): Promise<NamedSet> {
  if (typeof images === "string")
    return { description: await describeSource(images), name: await absoluteName(images) };
  if ("description" in images) return images;
  const whole = await describeHeld(images);
  return { name: `${inMemory}${whole.names.length}`, description: { whole, chosen: null } };
}

const inMemory = "memory:";

const isSynthetic = (name: string): boolean => name.startsWith("synthetic:");
const isOnNoDisk = (name: string): boolean => isSynthetic(name) || name.startsWith(inMemory);

async function describeWhole(name: string): Promise<WholeDescription> {
  if (isSynthetic(name)) return describeSynthetic(name);
  if (name.startsWith(inMemory))
    throw new UsageError(
      "missing",
      said`${{ images: name }}: these images were in the memory of the program that gave them, and are in no file: give images`,
      { settings: ["data"] },
    );
  const { path, part, mayLeave } = await pathAndPart(name);
  if (isBraced(path) && !(await stat(path).catch(() => null)))
    return describeShards(shardsNamed(path), part, path, mayLeave);
  const info = await stat(path).catch((cause) => {
    throw new DataError(
      "missing",
      said`${{ file: path }}: there is no such file or folder. Give a folder of images, or another source`,
      { cause, settings: ["sources"] },
    );
  });
  const isFolder = info.isDirectory();
  const within = () => boundOf(path, path, mayLeave).then((bound) => namesWithin(path, bound, () => true));
  if (await isIdx(path, isFolder)) {
    if (isFolder) await within();
    return describeIdx(path, isFolder, part ?? "train");
  }
  if (!isFolder) {
    if (isList(path)) return describeList(path, part, mayLeave);
    if (isShard(path)) return describeShards([path], part, path, mayLeave);
    if (isImageFile(path)) return describeFile(path);
    const remedy = remedyOf(path);
    throw new DataError(
      "unknown-format",
      remedy === null
        ? said`${{ file: path }} is a file: give an image, a folder of images, a list (.csv, .tsv, .jsonl, .txt, .parquet), a .tar archive, or an IDX images file`
        : said`${{ file: path }} is not read: ${remedy}`,
    );
  }
  if (await isCifarFolder(path)) {
    await within();
    return describeCifar(path, part ?? "train");
  }
  const layout = await vocLayout(path, mayLeave);
  if (layout) return describeVoc(layout, part);
  const shards = await shardsIn(path, part);
  if (!shards) return describeFolder(path, part, mayLeave);
  await within();
  return describeShards(shards, null, path, mayLeave);
}

const isShard = (path: string): boolean => isArchive(path) || isParquet(path);

/**
 * @param part - where a table's paths start, or null
 * @param called - the set, for errors
 * @param mayLeave - whether a table's paths may lead out of its folder
 */
async function describeShards(
  files: readonly string[],
  part: string | null,
  called: string,
  mayLeave: boolean,
): Promise<WholeDescription> {
  const odd = files.find((file) => !isShard(file) || isArchive(file) !== isArchive(files[0]));
  if (odd !== undefined)
    throw new DataError(
      "unknown-format",
      said`${{ file: odd }}: a set of several files is of tar archives (.tar) or of Parquet tables (.parquet)`,
    );
  for (const file of files)
    if (!(await stat(file).catch(() => null))?.isFile())
      throw new DataError("missing", said`${{ file }}: there is no such file, one of the ${files.length} of ${called}`);
  if (!isArchive(files[0])) return describeParquet(files, part, called, mayLeave);
  if (part === null) return describeArchives(files, called);
  throw new DataError("missing", said`${{ file: called }} has no part ${{ part }}: an archive is taken whole`);
}

/** The same set by a name that holds from any folder: paths in it are absolute. */
export async function absoluteName(text: string): Promise<string> {
  const { name } = nameAndCuts(text);
  if (isOnNoDisk(name)) return text;
  const { path, part, mayLeave } = await pathAndPart(name);
  const whole = part !== null && (isList(path) || isParquet(path)) ? resolve(part) : part;
  return `${mayLeave ? anywhere : ""}${resolve(path)}${whole === null ? "" : `#${whole}`}${text.slice(name.length)}`;
}

/** The folder that a set is named by; null where that is a file, or nothing on a disk. */
export async function namedFolder(text: string): Promise<string | null> {
  const { name } = nameAndCuts(text);
  if (isOnNoDisk(name)) return null;
  const { path } = await pathAndPart(name);
  return (await stat(path).catch(() => null))?.isDirectory() ? path : null;
}

/** A name on a disk, taken apart. */
interface Place {
  readonly path: string;
  readonly part: string | null;
  /** Whether images are read wherever its links and paths lead. */
  readonly mayLeave: boolean;
}

/** A path may hold a # of its own. */
async function pathAndPart(text: string): Promise<Place> {
  const mayLeave = text.startsWith(anywhere);
  const name = mayLeave ? text.slice(anywhere.length) : text;
  const at = name.lastIndexOf("#");
  const isWhole = at === -1 || (await stat(name).catch(() => null)) !== null;
  return isWhole
    ? { path: name, part: null, mayLeave }
    : { path: name.slice(0, at), part: name.slice(at + 1), mayLeave };
}
