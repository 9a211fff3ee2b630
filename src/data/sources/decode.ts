/** Pixels of what an image file holds, whatever it is called: its first bytes tell what decodes it. */

import type { Sentence } from "../../errors.js";
import { unreadFormat } from "../layout/index.js";
import { decodeAny } from "./anyPicture.js";
import { decodeNpy } from "./bands.js";
import { decodeJpeg } from "./jpeg.js";
import { notDecoded, type Picture, type Room } from "./picture.js";
import { decodeBitmap, decodeNetpbm } from "./plainPixels.js";
import { decodePng } from "./png.js";

/** Makes pixels of what a file holds; null of what it leaves to sharp. */
type Decoder = (file: Buffer, room: Room) => Picture | null | Promise<Picture | null>;

/** What is asked before sharp is, by how a file begins. */
const decoders: readonly (readonly [start: RegExp, decode: Decoder])[] = [
  [/^\xff\xd8/, decodeJpeg],
  [/^\x89PNG/, decodePng],
  [/^BM/, decodeBitmap],
  [/^P[2356]\s/, decodeNetpbm],
  [/^\x93NUMPY/, decodeNpy],
];

/**
 * @param name - what errors call it
 * @param room - where the pixels may go
 * @throws DataError that names the image and why it cannot be read
 */
export async function decodeImage(
  file: Buffer,
  name: Sentence,
  room: Room = (length) => new Uint8Array(length),
): Promise<Picture> {
  const head = file.toString("latin1", 0, 16);
  try {
    const decode = decoders.find(([start]) => start.test(head))?.[1];
    const plain = await decode?.(file, room);
    return plain ?? (await decodeAny(file));
  } catch (cause) {
    const format = unreadFormat(head);
    throw notDecoded(name, format === null ? cause : new Error(format, { cause }));
  }
}
