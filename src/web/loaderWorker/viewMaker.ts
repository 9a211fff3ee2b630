/** Views of images, wherever they are made: on a loader's worker, or on the thread that asks. */
import { type EvaluationPolicy, type ViewPolicy, writeViews } from "../../data/augment/index.js";
import type { Picture } from "../../data/index.js";
import { DataError, said } from "../../errors.js";
import { pixelsOf } from "../decode.js";
import type { PageImage } from "../images.js";

/** What a maker of views goes by. */
export interface ViewMakerOptions {
  readonly images: readonly PageImage[];
  readonly seed: number;
  /** Bytes of decoded pixels that may be kept for later epochs. */
  readonly keep: number;
}

/** Views to be made. */
export interface WantedViews {
  readonly indices: Int32Array;
  readonly epoch: number;
  readonly policies: readonly ViewPolicy[] | EvaluationPolicy;
  /** Where they go: one array a view, image after image. */
  readonly views: readonly Uint8Array[];
}

export class ViewMaker {
  /** Decoded pixels of files, by index. */
  private readonly kept = new Map<number, Picture>();
  private taken = 0;

  constructor(private readonly options: ViewMakerOptions) {}

  /** Writes the views of images, which have been read before. @throws DataError if one can be read no more */
  async write({ indices, epoch, policies, views }: WantedViews): Promise<void> {
    const { seed } = this.options;
    for (const [place, index] of indices.entries())
      writeViews(await this.picture(index), index, place, { seed, epoch, policies, views });
  }

  private async picture(index: number): Promise<Picture> {
    const { image, name } = this.options.images[index];
    if (!(image instanceof Blob)) return image;
    const found = this.kept.get(index);
    if (found) return found;
    const picture = await pixelsOf(image).catch((cause) => {
      throw new DataError(
        "unreadable",
        said`${{ image: name }} could be read before and cannot now: ${(cause as Error).message}. Open the images again`,
        { cause },
      );
    });
    if (this.taken + picture.data.length <= this.options.keep) {
      this.kept.set(index, picture);
      this.taken += picture.data.length;
    }
    return picture;
  }
}
