/** Which of many labelled images keep their labels. */
import { readFile } from "node:fs/promises";
import { everyIndex } from "../array.js";
import { type ImageSource, imagesNamed } from "../data/index.js";
import { DataError, said, UsageError } from "../errors.js";
import { balancedSubset, labelledAmong, type SingleTargets } from "../eval/index.js";

/**
 * Images that keep their labels: a share of those that have one (over 0, to 1) or a number of them, drawn evenly over the classes; or
 * those that a file lists by name, one a line.
 */
export type LabelledPart = { readonly share: number } | { readonly count: number } | { readonly file: string };

/**
 * The images of a part.
 *
 * @returns indices, rising
 * @throws UsageError if there are not so many, or no such file; DataError if a list names images that are not there, or none
 */
export async function labelledPart(
  source: ImageSource,
  targets: SingleTargets,
  part: LabelledPart,
  seed: number,
): Promise<Int32Array> {
  if ("file" in part) return labelledAmong(targets, await listed(source, part.file));
  const known = labelledAmong(targets, everyIndex(source.count));
  const amount = "share" in part ? part.share * known.length : part.count;
  if (!(amount > 0) || ("count" in part && !Number.isInteger(amount)) || amount > known.length)
    throw new UsageError(
      "wrong-value",
      `${"share" in part ? `${100 * part.share}%` : part.count} cannot be taken: give a share of the ${known.length} labelled images, such as 1%, a whole number of them, or a list`,
      { settings: ["labels"] },
    );
  const labels = known.map((i) => targets.labels[i]);
  return balancedSubset(labels, Math.round(amount), seed).map((at) => known[at]);
}

/** The images that a file names, by their names or file names. */
async function listed(source: ImageSource, file: string): Promise<Int32Array> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new UsageError("missing", said`${{ file }} is neither an amount, as 1% or 500, nor a file that can be read`, {
      settings: ["labels"],
      cause,
    });
  });
  const names = text.split(/\r?\n/).flatMap((line) => line.trim() || []);
  const { images, unknown } = imagesNamed(source, names);
  if (unknown.length > 0)
    throw new DataError(
      "wrong-entry",
      said`${{ file }} lists ${unknown.length} images that are not in the set, the first ${{ image: unknown[0] }}: name them as the set does, one a line`,
      { settings: ["data"] },
    );
  if (names.length === 0) throw new DataError("empty", said`${{ file }} lists no image`);
  return images;
}
