/**
 * Decoded pixels, kept in memory that threads share: an image is decoded once, by whichever thread is first to read it, while
 * there is room. What finds none is decoded each time.
 */
import { totalmem } from "node:os";
import type { ImageSource, Picture } from "./sources/picture.js";

/** Of the memory that the process may use, how much may hold decoded pixels. */
const decodedShare = 1 / 4;

/** Memory for the decoded pixels of a set. May cross threads. */
export interface DecodedMemory {
  /** Taken by the system as it is written to, not before. */
  readonly pixels: SharedArrayBuffer;
  /** An int32 for each `field` of each image. */
  readonly entries: SharedArrayBuffer;
  /** Images and bytes kept so far: two bigints. */
  readonly taken: SharedArrayBuffer;
}

/** What is known of an image. Its place is counted in `unit`s, as an int32 could not tell bytes. */
const field = { stage: 0, place: 1, width: 2, height: 3, channels: 4 } as const;
const entryLength = Object.keys(field).length;
const unit = 64;
const mostUnits = 2 ** 31 - 1;
/** Nobody has the pixels yet; one thread is putting them there, or found no room; there they are. */
const stage = { free: 0, taken: 1, kept: 2 } as const;

/** Bytes that decoded pixels may take on this machine. */
export const decodedRoom = (): number =>
  Math.floor(decodedShare * Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY));

/** @param room - bytes of pixels, fewer where the system does not promise as many */
export function decodedMemory(count: number, room: number): DecodedMemory {
  return {
    pixels: promised(Math.min(Math.floor(room / unit), mostUnits) * unit),
    entries: new SharedArrayBuffer(4 * entryLength * count),
    taken: new SharedArrayBuffer(16),
  };
}

function promised(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch {
    return promised(Math.floor(bytes / 2 / unit) * unit);
  }
}

/** What is kept: images, bytes that they take, and bytes that they may take. */
export interface Decoded {
  readonly images: number;
  readonly bytes: number;
  readonly room: number;
}

export const nothingDecoded: Decoded = { images: 0, bytes: 0, room: 0 };

export function decodedSoFar({ taken, pixels }: DecodedMemory): Decoded {
  const [images, bytes] = new BigInt64Array(taken);
  return { images: Number(images), bytes: Number(bytes), room: pixels.byteLength };
}

/** `source`, whose pictures are kept in `memory` and read from there. */
export function keptIn({ pixels, entries, taken }: DecodedMemory, source: ImageSource): ImageSource {
  const table = new Int32Array(entries);
  const counts = new BigInt64Array(taken);

  const keptAt = (at: number): Picture => {
    const [, place, width, height, channels] = table.subarray(at, at + entryLength);
    const data = new Uint8Array(pixels, place * unit, width * height * channels);
    return { width, height, channels, data };
  };

  const keep = (at: number, { width, height, channels, data }: Picture): void => {
    const size = BigInt(Math.ceil(data.length / unit) * unit);
    const from = Atomics.add(counts, 1, size);
    if (from + size > BigInt(pixels.byteLength)) {
      Atomics.sub(counts, 1, size);
      return;
    }
    new Uint8Array(pixels, Number(from), data.length).set(data);
    table.set([Number(from) / unit, width, height, channels], at + field.place);
    Atomics.add(counts, 0, 1n);
    Atomics.store(table, at + field.stage, stage.kept);
  };

  return {
    ...source,
    async read(index, room) {
      const at = index * entryLength;
      if (Atomics.load(table, at) === stage.kept) return keptAt(at);
      const picture = await source.read(index, room);
      if (Atomics.compareExchange(table, at, stage.free, stage.taken) === stage.free) keep(at, picture);
      return picture;
    },
  };
}
