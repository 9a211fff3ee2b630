/** Images that two sets share: the same ones, and copies under other names. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { filePath } from "./fileNames.js";
import { digestOf, imageKeys } from "./identity.js";
import { inTurn } from "./known/index.js";
import { type ImageSource, openSource, type SourceDescription } from "./source.js";

export interface Overlap {
  /** Places in the set asked about of images that are in the known one too. */
  readonly same: readonly number[];
  /** Places of others whose content is that of a known image, and that image's place. */
  readonly copies: readonly (readonly [image: number, known: number])[];
}

/** Places of images that may be copies of one another. */
interface Group {
  readonly known: readonly number[];
  readonly asked: readonly number[];
}

type Mark = (source: ImageSource, index: number) => Promise<string | number | null>;

/** What copies have alike, by what it costs to look at: only images alike in one are asked for the next. */
const marks: readonly Mark[] = [sizeOf, pieceOf, digestOf];

export async function overlapOf(known: SourceDescription, asked: SourceDescription): Promise<Overlap> {
  const [ours, theirs] = [openSource(known), openSource(asked)];
  const [ourKey, theirKey] = [imageKeys(known), imageKeys(asked)];
  const places = ({ count }: ImageSource) => Array.from({ length: count }, (_, i) => i);
  const keys = new Set(places(ours).map(ourKey));
  const same = places(theirs).filter((i) => keys.has(theirKey(i)));
  const others = places(theirs).filter((i) => !keys.has(theirKey(i)));
  let groups: readonly Group[] = [{ known: places(ours), asked: others }];
  for (const mark of marks) {
    const parts: Group[] = [];
    for (const group of groups) parts.push(...(await parted(group, ours, theirs, mark)));
    groups = parts;
  }
  const copies = groups.flatMap((group) => group.asked.map((i) => [i, group.known[0]] as const));
  return { same, copies: copies.sort(([a], [b]) => a - b) };
}

/** Those of a group that have a mark in common, by that mark. */
async function parted(group: Group, ours: ImageSource, theirs: ImageSource, mark: Mark): Promise<readonly Group[]> {
  if (group.asked.length === 0) return [];
  const known = await byMark(group.known, ours, mark);
  return [...(await byMark(group.asked, theirs, mark))].flatMap(([value, asked]) => {
    const like = known.get(value);
    return like ? [{ known: like, asked }] : [];
  });
}

/** Images that have a mark, by it. */
async function byMark(images: readonly number[], source: ImageSource, mark: Mark) {
  const found = new Map<string | number, number[]>();
  const values = await inTurn(images, (i) => mark(source, i));
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    const alike = found.get(value);
    if (alike) alike.push(images[at]);
    else found.set(value, [images[at]]);
  }
  return found;
}

/** Bytes of an image's content; null of an empty or missing file. */
async function sizeOf(source: ImageSource, index: number): Promise<number | null> {
  const known = await source.bytes(index);
  if (known !== null || source.file(index) !== null) return known || null;
  return (await source.content(index)).length || null;
}

/** Bytes from the middle that tell most images of one size apart. */
const piece = 4096;
const startOfPiece = (size: number): number => Math.max(0, (size - piece) >> 1);

async function pieceOf(source: ImageSource, index: number): Promise<string | null> {
  const path = source.file(index);
  if (path === null) {
    const content = await source.content(index);
    return shaOf(content.subarray(startOfPiece(content.length)).subarray(0, piece));
  }
  const file = await open(filePath(path)).catch(() => null);
  if (!file) return null;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(piece), 0, piece, startOfPiece(size));
    return shaOf(buffer.subarray(0, bytesRead));
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

const shaOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
