/** A run goes on with the images that it was begun with. */
import { differenceOf, type SetIdentity } from "../data/known/index.js";
import { said, UsageError } from "../errors.js";
import type { RunFolder } from "./runFolder.js";

/** @param data - the images' name. @throws UsageError if a run was trained on others */
export async function requireSameImages(run: RunFolder, identity: SetIdentity, data: string): Promise<void> {
  const before = await run.images();
  const { images } = run.description;
  const difference = before
    ? differenceOf(before, identity)
    : images === identity.images.length
      ? null
      : `there are ${identity.images.length} images, were ${images}`;
  if (difference !== null)
    throw new UsageError(
      "other-images",
      said`${{ file: run.path }} was trained on other images than ${{ images: data }} holds now: ${difference}. Give the same images, or train anew in another folder`,
      { settings: ["data", "out"] },
    );
}
