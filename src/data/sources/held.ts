/** Sets of images that a caller holds in memory. */
import { DataError, type Sentence, said } from "../../errors.js";
import type { Labelling } from "../layout/index.js";
import { decodeImage } from "./decode.js";
import { labellingOf } from "./list.js";
import { rowOf } from "./listRows.js";
import { type ImageSource, mostChannels, type Picture } from "./picture.js";

/** Decoded pixels: `[height, width, channels]` of bytes, grey (1 channel), RGB (3) or up to 16 others. */
export type Pixels = Picture;

/** An image that a caller holds. */
export interface HeldImage {
  /** An image file's bytes (JPEG, PNG, WebP, …), or decoded pixels. */
  readonly image: Uint8Array | Pixels;
  /** What errors, tables and pages call it; default `image 1`, `image 2`, … */
  readonly name?: string;
  /** Its class, by name or id; training does not see it. Null or absent: none. */
  readonly label?: string | number | null;
  /** The classes that it shows, in place of `label`. */
  readonly labels?: readonly (string | number)[];
}

/** Images that a caller holds, with what is known of each or without: an array, or what gives them one after the other. */
export type HeldImages = Iterable<HeldImage | HeldImage["image"]> | AsyncIterable<HeldImage | HeldImage["image"]>;

export interface HeldDescription extends Labelling, Together {
  readonly kind: "held";
  /** What tells the set from others that are held. */
  readonly origin: string;
  /** What errors call it. */
  readonly called: string;
  readonly names: readonly string[];
}

interface Together {
  /** Images one after the other, in shared memory; image i ends at `ends[i]`. */
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  /** Null of an encoded image. */
  readonly sizes: readonly (Omit<Picture, "data"> | null)[];
}

let described = 0;

/**
 * Takes images from memory: they are copied, as they come.
 *
 * @throws DataError if there are none, or one is neither a file's bytes nor pixels of its size, or its label is none
 */
export async function describeHeld(images: HeldImages): Promise<HeldDescription> {
  const called = "images in memory";
  const found: HeldImage["image"][] = [];
  const rows: ReturnType<typeof rowOf>[] = [];
  for await (const given of images) {
    const where = said`${{ images: called }}: image ${{ line: found.length + 1 }}`;
    const { image, name, ...shown }: HeldImage = isNamed(given) ? given : { image: given };
    requireImage(image, where);
    rows.push(rowOf({ file: name ?? `image ${found.length + 1}`, ...shown }, found.length + 1, where));
    found.push(image);
  }
  if (found.length === 0) throw new DataError("empty", said`there are no ${{ images: called }}: give one at least`);
  return {
    kind: "held",
    origin: `memory ${++described}`,
    called,
    names: rows.map(({ file }) => file),
    ...together(found),
    ...labellingOf(rows, called),
  };
}

const isNamed = (given: HeldImage | HeldImage["image"]): given is HeldImage =>
  given !== null && typeof given === "object" && "image" in given;

function requireImage(image: HeldImage["image"], where: Sentence): void {
  if (image instanceof Uint8Array) return;
  const { width, height, channels, data }: Partial<Pixels> = image ?? {};
  if (
    !(Number(channels) >= 1 && Number(channels) <= mostChannels) ||
    !(data instanceof Uint8Array) ||
    data.length !== Number(width) * Number(height) * channels
  )
    throw new DataError(
      "wrong-entry",
      said`${where} is neither an image file's bytes nor pixels: ${width}×${height} of ${channels} channels with ${data?.length} bytes. Give { width, height, channels: 1 (grey), 3 (RGB) or up to 16, data: a Uint8Array of width · height · channels }`,
    );
}

/** Images one after the other, in memory that threads share. */
function together(images: readonly HeldImage["image"][]): Together {
  const contents = images.map((image) => (image instanceof Uint8Array ? image : image.data));
  const ends: number[] = [];
  for (const { length } of contents) ends.push((ends.at(-1) ?? 0) + length);
  const bytes = new Uint8Array(new SharedArrayBuffer(ends.at(-1) ?? 0));
  for (const [i, content] of contents.entries()) bytes.set(content, ends[i] - content.length);
  const sizes = images.map((image) => {
    if (image instanceof Uint8Array) return null;
    const { width, height, channels } = image;
    return { width, height, channels };
  });
  return { bytes, ends, sizes };
}

export function openHeld({ called, names, bytes, ends, sizes, ...labelling }: HeldDescription): ImageSource {
  const content = (i: number) => bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
  return {
    ...labelling,
    count: names.length,
    warnings: [],
    name: (i) => names[i],
    file: () => null,
    bytes: async () => null,
    content: async (i) => content(i),
    read: async (i, room) => {
      const size = sizes[i];
      return size
        ? { ...size, data: content(i) }
        : decodeImage(Buffer.from(content(i)), said`${{ images: called }}: ${{ image: names[i] }}`, room); // a copy: decoders do not take shared memory
    },
  };
}
