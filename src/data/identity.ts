/** By what sets of images, and single ones, are known again. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { digestBy, identityBy, type SetIdentity } from "./known/index.js";
import { type ImageSource, openSource, type SourceDescription, type WholeDescription } from "./source.js";
import { placeInArchives } from "./sources/archives.js";
import { placeInTables } from "./sources/tables.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export const identityOf = (source: ImageSource): Promise<SetIdentity> => identityBy(source, sha256);

/** SHA-256 of an image's content; null of one that cannot be read. */
export const digestOf = (source: ImageSource, index: number): Promise<string | null> => digestBy(source, index, sha256);

/** What tells images of any two sets apart: two with one key are the same image. */
export function imageKeys(description: SourceDescription): (index: number) => string {
  const source = openSource(description);
  const { whole, chosen } = description;
  const place = (i: number) => chosen?.[i] ?? i;
  const inOrder = (from: string) => (p: number) => `${from}#${p}`;
  const keys: {
    readonly [K in WholeDescription["kind"]]: (w: Extract<WholeDescription, { kind: K }>) => (place: number) => string;
  } = {
    files: () => inOrder(""),
    archives: placeInArchives,
    tables: placeInTables,
    idx: ({ file }) => inOrder(resolve(file)),
    cifar: ({ folder, part }) => inOrder(resolve(folder, part)),
    held: ({ origin }) => inOrder(origin),
    synthetic: ({ size, seed }) => inOrder(`synthetic:size=${size},seed=${seed}`),
  };
  const keyOf = (keys[whole.kind] as (w: WholeDescription) => (place: number) => string)(whole);
  return (i) => source.file(i) ?? keyOf(place(i));
}
