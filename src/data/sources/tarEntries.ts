/** Where files lie in a tar archive (POSIX.1-2001 `pax`, `ustar`, GNU's), found by its headers alone. */
import { readSync } from "node:fs";
import { DataError, said } from "../../errors.js";
import { nameOf } from "../fileNames.js";

/** A file in an archive: its path there, and its bytes' place. */
export interface TarEntry {
  readonly path: string;
  readonly start: number;
  readonly length: number;
  /** Its bytes, if asked for before the next entry. */
  readonly content: () => Buffer;
}

const block = 512;
const blocks = (length: number): number => Math.ceil(length / block) * block;
/** Of names and attributes, which stand in entries of their own. */
const longestNote = 2 ** 20;
/** What is read at once: much where headers lie close together, little where they do not. */
const steps = { near: 2 ** 20, far: 2 ** 12 } as const;

const kinds = { file: /^[0\0 7]$/, longName: "L", attributes: "x" } as const;

/**
 * The files of an archive, in order. Zeros are passed over, so that archives one after the other in a file are all read.
 *
 * @param descriptor - of the open archive
 * @param size - of the archive in bytes
 * @param file - what errors call it
 * @throws DataError where it is no archive, or ends early
 */
export function* tarEntries(descriptor: number, size: number, file: string): Generator<TarEntry> {
  const damaged = (what: string): DataError =>
    new DataError("damaged", said`${{ file }} is damaged: ${what}. Restore it from its source`);
  let window: Buffer = Buffer.alloc(0);
  let from = 0;
  let last = 0;
  const bytesAt = (at: number, length: number): Buffer => {
    if (at + length > size) throw damaged(`it ends after ${size} bytes, within what begins at ${last}`);
    if (at < from || at + length > from + window.length) {
      const step = at - last > steps.near / 8 ? steps.far : steps.near;
      window = Buffer.alloc(Math.min(size - at, Math.max(length, step)));
      from = at;
      if (readSync(descriptor, window, 0, window.length, at) < length) throw damaged("it is shorter than it was");
    }
    last = at;
    return window.subarray(at - from, at - from + length);
  };

  let longPath: string | null = null;
  let longLength: number | null = null;
  for (let at = 0; at < size; ) {
    const header = bytesAt(at, Math.min(block, size - at));
    if (header.every((byte) => byte === 0)) {
      at += block;
      continue;
    }
    if (at === 0 && header[0] === 0x1f && header[1] === 0x8b)
      throw new DataError(
        "unknown-format",
        said`${{ file }} is compressed, and images cannot be read from the middle of it: unpack it by gunzip into a .tar`,
      );
    const own = header.length === block && sumOf(header) === octal(header, 148, 8) ? octal(header, 124, 12) : null;
    if (own === null) throw damaged(`what begins at byte ${at} is no header of a tar archive`);
    const kind = String.fromCharCode(header[156]);
    const isNote = kind === kinds.longName || kind === kinds.attributes;
    const length = isNote ? own : (longLength ?? own);
    const start = at + block;
    if (start + length > size)
      throw damaged(`it ends after ${size} bytes, ${start + length} are needed for ${longPath ?? pathIn(header)}`);
    at = start + blocks(length);
    if (isNote) {
      if (length > longestNote) throw damaged(`a name at byte ${start} takes ${length} bytes`);
      const note = bytesAt(start, length);
      if (kind === kinds.longName) longPath = nameOf(upToZero(note));
      else {
        const attributes = attributesIn(note);
        longPath = attributes.get("path") ?? longPath;
        const given = attributes.get("size");
        if (given !== undefined && !/^\d{1,15}$/.test(given)) throw damaged(`a size at byte ${start} is ${given}`);
        longLength = given === undefined ? longLength : Number(given);
      }
      continue;
    }
    if (kinds.file.test(kind)) {
      const path = longPath ?? pathIn(header);
      yield { path, start, length, content: () => bytesAt(start, length) };
    }
    [longPath, longLength] = [null, null];
  }
}

const upToZero = (bytes: Buffer): Buffer => {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
};

/** POSIX's archives have the beginnings of long paths in a field of their own. */
function pathIn(header: Buffer): string {
  const name = nameOf(upToZero(header.subarray(0, 100)));
  const isPosix = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = isPosix ? nameOf(upToZero(header.subarray(345, 500))) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** A number in octal digits, or, of GNU's, in bytes after a first bit; null of anything else. */
function octal(header: Buffer, from: number, length: number): number | null {
  const field = header.subarray(from, from + length);
  if (field[0] === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(field.toString("latin1"))?.[1];
  return digits === undefined ? null : Number.parseInt(digits || "0", 8);
}

/** The checksum of a header: the sum of its bytes, with spaces for the sum itself. */
function sumOf(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += header[i];
  return sum;
}

/** `18 path=some/name\n`, each with its length before it. */
function attributesIn(note: Buffer): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < note.length; ) {
    const space = note.indexOf(0x20, at);
    const length = Number(note.toString("latin1", at, space === -1 ? at : space));
    if (!(Number.isInteger(length) && length > 0)) break;
    const record = note.subarray(space + 1, at + length - 1);
    const equals = record.indexOf(0x3d);
    if (equals !== -1) found.set(record.toString("latin1", 0, equals), nameOf(record.subarray(equals + 1)));
    at += length;
  }
  return found;
}
