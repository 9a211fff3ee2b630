/**
 * Zip files whose entries are stored as they are, which is how torch.save writes them: the central directory read (with Zip64's
 * fields), checksums compared, nothing inflated, so that no file grows in memory.
 */
import { crc32 } from "node:zlib";
import { CheckpointError, said } from "../errors.js";

export type ZipEntries = ReadonlyMap<string, () => Uint8Array>;

const marks = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
const sizes = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 };
const longestComment = 0xffff;
const isIn64 = 0xffffffff;

export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3;

/** The entries by name, each read and checked when asked for. @throws CheckpointError if the file is damaged or compressed */
export function readZip(bytes: Uint8Array, where: string): ZipEntries {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (reason: string): never => {
    throw new CheckpointError("damaged", said`${{ file: where }} is damaged: ${reason}. Fetch or copy it again`);
  };
  const within = (at: number, size: number, what: string): void => {
    if (!(at >= 0 && at + size <= bytes.length))
      damaged(`${what} is to lie at byte ${at}, the file has ${bytes.length}: it is cut off`);
  };
  const long = (at: number) => Number(view.getBigUint64(at, true));
  let end = bytes.length - sizes.end;
  const first = Math.max(0, end - longestComment);
  while (end >= first && view.getUint32(end, true) !== marks.end) end--;
  if (end < first) return damaged("it begins as a zip file and has no directory at its end: it is cut off");
  let [count, at] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
  const locator = end - sizes.locator64;
  if (locator >= 0 && view.getUint32(locator, true) === marks.locator64) {
    const end64 = long(locator + 8);
    within(end64, sizes.end64, "its directory's end");
    if (view.getUint32(end64, true) !== marks.end64) damaged("its directory's end is not where it is said to be");
    [count, at] = [long(end64 + 32), long(end64 + 48)];
  }
  const entries = new Map<string, () => Uint8Array>();
  for (let i = 0; i < count; i++) {
    within(at, sizes.central, `entry ${i} of its directory`);
    if (view.getUint32(at, true) !== marks.central) damaged(`entry ${i} of its directory is none`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) => view.getUint16(at + o, true));
    within(at + sizes.central, nameLength + extraLength, `entry ${i} of its directory`);
    const name = new TextDecoder().decode(bytes.subarray(at + sizes.central, at + sizes.central + nameLength));
    const method = view.getUint16(at + 10, true);
    const checksum = view.getUint32(at + 16, true);
    let [size, start] = [view.getUint32(at + 24, true), view.getUint32(at + 42, true)];
    const isLarge = {
      size: size === isIn64,
      packed: view.getUint32(at + 20, true) === isIn64,
      start: start === isIn64,
    };
    const extras = at + sizes.central + nameLength;
    for (let extra = extras; extra + 4 <= extras + extraLength; extra += 4 + view.getUint16(extra + 2, true)) {
      if (view.getUint16(extra, true) !== 1) continue;
      let field = extra + 4;
      within(field, 8 * Object.values(isLarge).filter(Boolean).length, `${name} in its directory`);
      if (isLarge.size) size = long(field);
      if (isLarge.size) field += 8;
      if (isLarge.packed) field += 8;
      if (isLarge.start) start = long(field);
      break;
    }
    at += sizes.central + nameLength + extraLength + commentLength;
    entries.set(name, () => {
      if (method !== 0)
        throw new CheckpointError(
          "unknown-format",
          said`${{ file: where }}: ${name} is compressed, which torch.save does not do: unpack the file and pack it again with zip -0 -r`,
        );
      within(start, sizes.local, name);
      if (view.getUint32(start, true) !== marks.local) damaged(`${name} is not where its directory says`);
      const data = start + sizes.local + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
      within(data, size, name);
      const content = bytes.subarray(data, data + size);
      if (crc32(content) !== checksum) damaged(`${name} does not have its checksum`);
      return content;
    });
  }
  return entries;
}

/** Where data begin in a file is a multiple of this, as torch.save has it, so that it can be mapped. */
const alignment = 64;

/** A zip file of entries as they are. @throws CheckpointError from 4 GiB on */
export function writeZip(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const put = (part: Uint8Array): void => {
    parts.push(part);
    at += part.length;
  };
  /** What both headers say, from byte `fields` on: version, flags, method, time, checksum, sizes, length of the name. */
  const described = (size: number, mark: number, fields: number, name: Uint8Array, content: Uint8Array) => {
    const header = new Uint8Array(size);
    const view = new DataView(header.buffer);
    view.setUint32(0, mark, true);
    view.setUint16(fields, 10, true);
    view.setUint16(fields + 8, 0x21, true); // the first day that the format knows
    view.setUint32(fields + 10, crc32(content), true);
    view.setUint32(fields + 14, content.length, true);
    view.setUint32(fields + 18, content.length, true);
    view.setUint16(fields + 22, name.length, true);
    return { header, view };
  };
  for (const [text, content] of entries) {
    const name = new TextEncoder().encode(text);
    const start = at;
    if (start + content.length > isIn64 - 1e6)
      throw new CheckpointError(
        "too-large",
        "weights of 4 GiB and more do not go into one .pth file: write safetensors",
      );
    const gap = 4 + ((alignment - ((start + sizes.local + name.length + 4) % alignment)) % alignment);
    const local = described(sizes.local, marks.local, 4, name, content);
    local.view.setUint16(28, gap, true);
    const padding = new Uint8Array(gap);
    padding.set([0x46, 0x42, (gap - 4) & 0xff, (gap - 4) >> 8]); // a field of padding, as torch.save names it
    for (const part of [local.header, name, padding, content]) put(part);
    const central = described(sizes.central, marks.central, 6, name, content);
    central.view.setUint16(4, 10, true);
    central.view.setUint32(42, start, true);
    directory.push(central.header, name);
  }
  const start = at;
  for (const part of directory) put(part);
  const end = new Uint8Array(sizes.end);
  const view = new DataView(end.buffer);
  view.setUint32(0, marks.end, true);
  view.setUint16(8, entries.length, true);
  view.setUint16(10, entries.length, true);
  view.setUint32(12, at - start, true);
  view.setUint32(16, start, true);
  put(end);
  return Buffer.concat(parts);
}
