/** Images of a page: files that the browser decodes, and pixels that it has already. */
import type { ImageSource, Picture } from "../data/index.js";
import { type Labelling, unlabelled } from "../data/layout/index.js";
import { DataError, said } from "../errors.js";
import { pixelsOf } from "./decode.js";

/** An image file, or decoded pixels, under a name. It may cross to workers: of a file no byte is copied. */
export interface PageImage {
  readonly name: string;
  readonly image: Blob | Picture;
}

/** A file that the browser cannot read as an image, and why. */
export interface SkippedImage {
  readonly name: string;
  readonly reason: string;
}

/** Images that are ready to be trained on. */
export interface PageImages {
  readonly source: ImageSource;
  /** Those of the source, in order. */
  readonly images: readonly PageImage[];
  readonly skipped: readonly SkippedImage[];
}

/** How images are opened. */
export interface OpenImagesOptions {
  /** Called with the number of images done. */
  readonly progress?: (done: number) => void;
  /** Given each image that can be read, in order, with its pixels. It is waited for. */
  readonly look?: (picture: Picture, name: string) => void | Promise<void>;
  /** Classes by the names of the images that can be read; default none. */
  readonly label?: (names: readonly string[]) => Labelling;
}

/** Images decoded together: the browser has threads of its own for that. */
const together = 4;

/**
 * Decodes each image once, to know which can be read. Files' pixels are not kept.
 *
 * @throws DataError if none can be read
 */
export async function openImages(
  given: Iterable<PageImage> | AsyncIterable<PageImage>,
  { progress = () => {}, look = () => {}, label = () => unlabelled }: OpenImagesOptions = {},
): Promise<PageImages> {
  const images: PageImage[] = [];
  const skipped: SkippedImage[] = [];
  for await (const some of inChunks(given, together)) {
    const read = await Promise.allSettled(some.map(({ image }) => pixelsOf(image)));
    for (const [i, found] of read.entries()) {
      if (found.status === "fulfilled") {
        images.push(some[i]);
        await look(found.value, some[i].name);
      } else skipped.push({ name: some[i].name, reason: (found.reason as Error).message });
      progress(images.length + skipped.length);
    }
  }
  if (images.length === 0)
    throw new DataError(
      "empty",
      said`none of ${skipped.length} files is an image that this browser reads. Give JPEG, PNG, WebP, GIF, AVIF or BMP files`,
    );
  return { source: sourceOf(images, label(images.map(({ name }) => name))), images, skipped };
}

async function* inChunks<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Images that are known to be readable as a source: pixels of files are decoded each time that they are asked for. */
export function sourceOf(images: readonly PageImage[], labelling: Labelling): ImageSource {
  return {
    ...labelling,
    count: images.length,
    warnings: [],
    name: (i) => images[i].name,
    file: () => null,
    async bytes(i) {
      const { image } = images[i];
      return image instanceof Blob ? image.size : null;
    },
    async content(i) {
      const { image } = images[i];
      return image instanceof Blob ? new Uint8Array(await image.arrayBuffer()) : image.data;
    },
    read: (i) => pixelsOf(images[i].image),
  };
}
