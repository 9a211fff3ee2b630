/**
 * Sealed safetensors files: their last tensor, `sha256`, is the digest of every byte before it. Other readers of safetensors see
 * one tensor more; this one finds any byte that is not as it was written.
 */
import type { DenseArray } from "../array.js";
import { CheckpointError, said } from "../errors.js";
import { encodeTensors, type TensorFile } from "./safetensors.js";

const seal = "sha256";
const digestBytes = 32;

/** A SHA-256 that is being computed: Node has its own, a page another. */
export interface Sha256 {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** The file's bytes in pieces, the seal last. */
export function* encodeSealed(
  tensors: Readonly<Record<string, DenseArray>>,
  metadata: Readonly<Record<string, string>>,
  digest: Sha256,
): Iterable<Uint8Array> {
  const place = { shape: [digestBytes], data: new Uint8Array(digestBytes) };
  // Of the narrowest elements the last to be named: it ends the file.
  for (const piece of encodeTensors({ ...tensors, [seal]: place }, metadata).slice(0, -1)) {
    digest.update(piece);
    yield piece;
  }
  yield digest.digest();
}

/** Whether a file has a seal. */
export const isSealed = ({ tensors }: TensorFile): boolean => tensors.has(seal);

/** A sealed file's content, decoded from `bytes`, without the seal. @throws CheckpointError if it is not, byte for byte, what was written */
export function unsealed(
  bytes: Uint8Array,
  { metadata, tensors }: TensorFile,
  where: string,
  hash: Sha256,
): TensorFile {
  hash.update(bytes.subarray(0, -digestBytes));
  const written = bytes.subarray(-digestBytes);
  if (hash.digest().some((byte, i) => byte !== written[i]))
    throw new CheckpointError(
      "damaged",
      said`${{ file: where }} is damaged: its bytes do not have the checksum (SHA-256) that they were written with. Restore it from a copy, or write it again`,
    );
  return { metadata, tensors: new Map([...tensors].filter(([name]) => name !== seal)) };
}
