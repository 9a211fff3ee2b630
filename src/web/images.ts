/** Images of a page: files decoded by the browser, and pixels that it has already. */
import type { ImageSource, Picture } from "../data/index.js";
import { DataError, said } from "../errors.js";

/** An image file, or decoded pixels, under a name. */
export interface PageImage {
  readonly name: string;
  readonly image: Blob | Picture;
}

/** Images that are ready to be trained on. */
export interface PageImages {
  readonly source: ImageSource;
  /** Files that the browser cannot read as images, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/**
 * Decodes images one after the other; their pixels (red, green, blue) stay in memory.
 *
 * @param progress - called with the number of images done
 * @throws DataError if none can be read
 */
export async function openImages(
  given: Iterable<PageImage> | AsyncIterable<PageImage>,
  progress: (done: number) => void = () => {},
): Promise<PageImages> {
  const names: string[] = [];
  const pictures: Picture[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for await (const { name, image } of given) {
    try {
      pictures.push(image instanceof Blob ? await decoded(image) : image);
      names.push(name);
    } catch (error) {
      skipped.push({ name, reason: (error as Error).message });
    }
    progress(pictures.length + skipped.length);
  }
  if (pictures.length === 0)
    throw new DataError(
      "empty",
      said`none of ${skipped.length} files is an image that this browser reads. Give JPEG, PNG, WebP, GIF, AVIF or BMP files`,
    );
  return { source: heldSource(names, pictures), skipped };
}

async function decoded(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error(`a canvas of ${width} by ${height} pixels cannot be made`);
  context.fillStyle = "#ffffff"; // what shows through, as in Node
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0, at = 0; i < rgba.length; i += 4) {
    data[at++] = rgba[i];
    data[at++] = rgba[i + 1];
    data[at++] = rgba[i + 2];
  }
  return { width, height, channels: 3, data };
}

const heldSource = (names: readonly string[], pictures: readonly Picture[]): ImageSource => ({
  count: pictures.length,
  labels: null,
  multilabel: null,
  classes: null,
  hierarchy: null,
  warnings: [],
  name: (i) => names[i],
  file: () => null,
  bytes: async () => null,
  content: async (i) => pictures[i].data,
  read: async (i) => pictures[i],
});
