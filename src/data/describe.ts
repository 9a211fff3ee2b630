/** What the command line names a set of images by: one string, looked at once. */
import { stat } from "node:fs/promises";
import { DataError, UsageError } from "../errors.js";
import { openWhole, type SourceDescription, type WholeDescription } from "./source.js";
import { describeCifar, isCifarFolder } from "./sources/cifar.js";
import { describeFile, isImageFile } from "./sources/files.js";
import { describeFolder } from "./sources/folder.js";
import { describeIdx, isIdx } from "./sources/idx.js";
import { describeList, isList } from "./sources/list.js";
import { describeSynthetic } from "./sources/synthetic.js";
import { describeVoc, vocLayout } from "./sources/voc.js";

/**
 * Describes a set.
 *
 * @param text - one of these, each with a range at its end if wanted, such as `[0:8000]`:
 *   - an image file
 *   - a folder of images, or `imagenet#train` for its sub-folder; classes are the innermost folders
 *   - a folder in VOC's layout, `VOC2007#test` for a list of its ImageSets (default trainval), or images with an XML each
 *   - a list, `train.csv`, `train.jsonl` or `train.txt`; `train.csv#images` if its paths start at another folder
 *   - IDX files (a folder with them, or one images file), or a folder of CIFAR's binary files; `#test` for the test part
 *   - `synthetic:count=600,size=32,seed=1`
 * @throws DataError if there is nothing to read; UsageError if the range is no range, or the part must be named
 */
export async function describeSource(text: string): Promise<SourceDescription> {
  const { name, from, to } = nameAndRange(text);
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

function nameAndRange(text: string) {
  const [, name, from, to] = text.match(/^(.*?)(?:\[(\d*):(\d*)\])?$/s) as RegExpMatchArray;
  return { name, from, to };
}

const isSynthetic = (name: string): boolean => name.startsWith("synthetic:");

async function describeWhole(name: string): Promise<WholeDescription> {
  if (isSynthetic(name)) return describeSynthetic(name);
  const { path, part } = await pathAndPart(name);
  const info = await stat(path).catch((cause) => {
    throw new DataError(
      `${path}: there is no such file or folder. Give a folder of images, or see --help for other sources`,
      { cause },
    );
  });
  const isFolder = info.isDirectory();
  if (await isIdx(path, isFolder)) return describeIdx(path, isFolder, part ?? "train");
  if (!isFolder) {
    if (isList(path)) return describeList(path, part);
    if (isImageFile(path)) return describeFile(path);
    throw new DataError(
      `${path} is a file: give an image, a folder of images, a list (.csv, .jsonl, .txt), or an IDX images file`,
    );
  }
  if (await isCifarFolder(path)) return describeCifar(path, part ?? "train");
  const layout = await vocLayout(path);
  return layout ? describeVoc(layout, part) : describeFolder(path, part);
}

/** The folder that a set is named by; null where that is a file, or nothing on a disk. */
export async function namedFolder(text: string): Promise<string | null> {
  const { name } = nameAndRange(text);
  if (isSynthetic(name)) return null;
  const { path } = await pathAndPart(name);
  return (await stat(path)).isDirectory() ? path : null;
}

/** A path may hold a # of its own. */
async function pathAndPart(name: string): Promise<{ readonly path: string; readonly part: string | null }> {
  const at = name.lastIndexOf("#");
  const isWhole = at === -1 || (await stat(name).catch(() => null)) !== null;
  return isWhole ? { path: name, part: null } : { path: name.slice(0, at), part: name.slice(at + 1) };
}
