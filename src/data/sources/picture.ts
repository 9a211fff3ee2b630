/** Pictures and the sets that hold them. */
import type { DenseArray } from "../../array.js";
import { DataError, type Sentence, said } from "../../errors.js";

/** Channels that a picture may have. */
export const mostChannels = 16;

/** Decoded 8-bit pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1: grey; 3: red, green, blue; 2, or 4 to 16: others, as of satellites and microscopes. */
  readonly channels: number;
  /** [height, width, channels] */
  readonly data: Uint8Array;
}

/**
 * What a picture may have: a telephone's 108 megapixels fit. A file of a few bytes may say that it is any size; a picture takes 3
 * bytes a pixel, and up to 5 more while it is decoded, in each of a loader's threads.
 */
export const mostPixels = 2 ** 27;

/** A row is decoded as a whole, with room for several around it: a file that says it is but a row would take tens of times its pixels. */
const mostSide = 2 ** 16;

/** @throws if an image file says that it has no pixels, or more than are read */
export function requireSize(width: number, height: number): void {
  if (Math.max(width, height) > mostSide)
    throw new Error(`it says that it is ${width} by ${height} pixels: sides of at most ${mostSide} are read`);
  if (!(width > 0 && height > 0) || width * height > mostPixels)
    throw new Error(`it says that it is ${width} by ${height} pixels: at most ${mostPixels} are read`);
}

/** Why an image cannot be decoded: of what a decoder says the last line. */
export const notDecoded = (name: Sentence, cause: unknown): DataError =>
  new DataError(
    "unreadable",
    said`${name} cannot be decoded: ${(cause as Error).message.trim().split("\n").at(-1)}. Remove it or replace it`,
    { cause },
  );

/** Gives an array of a length to put pixels into. */
export type Room = (length: number) => Uint8Array;

/** A set of images, read one by one. */
export interface ImageSource {
  readonly count: number;
  /** A class for every image; null where the set has none, or `multilabel`. */
  readonly labels: Int32Array | null;
  /** 1 where image n shows class c, 0 where not, −1 where that is left out (VOC: difficult objects alone): [N, classes]. */
  readonly multilabel: DenseArray<Int8Array> | null;
  /** The names of the ids in `labels`, or of the columns of `multilabel`; null without either. */
  readonly classes: readonly string[] | null;
  /** Labels at each level of a known hierarchy, finest first, the first being `labels`; null if there is but one level. */
  readonly hierarchy: readonly Int32Array[] | null;
  readonly warnings: readonly string[];
  /** What errors and exports call an image. */
  name(index: number): string;
  /** The file that is this image and nothing else; null where there is none: archives, tables, IDX, CIFAR, synthetic. */
  file(index: number): string | null;
  /** Bytes of its file, or of its part of one; null where that is missing, or it never was one. */
  bytes(index: number): Promise<number | null>;
  /**
   * What copies of an image have alike: its file as it is encoded, or where it was never a file its pixels.
   *
   * @throws if it cannot be read
   */
  content(index: number): Promise<Uint8Array>;
  /**
   * @param room - where a decoder may put the pixels: one who reads images one after the other can give the same array each time;
   *   a new one by default
   * @throws DataError that names the image and why it cannot be read
   */
  read(index: number, room?: Room): Promise<Picture>;
}

/** Bytes in memory that threads share. */
export function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
