/**
 * File names that are not UTF-8, as strings: a byte that is no part of a character becomes the lone surrogate U+DC00 + byte, as in
 * Python's `surrogateescape`. No real name holds one, so that the bytes can be had back.
 */
import { isForeign } from "./layout/index.js";

const [first, last] = [0xdc80, 0xdcff];
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The name that a file system gives as bytes. */
export function nameOf(bytes: Uint8Array): string {
  const whole = decoded(bytes);
  if (whole !== null) return whole;
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((n) => at + n <= bytes.length && decoded(bytes.subarray(at, at + n)) !== null);
    name += length ? decoded(bytes.subarray(at, at + length)) : String.fromCharCode(0xdc00 + bytes[at]);
    at += length ?? 1;
  }
  return name;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

const isEscape = (code: number): boolean => code >= first && code <= last;

/** What Node opens: the path, or its bytes where it is not UTF-8. */
export function filePath(path: string): string | Buffer {
  if (!isForeign(path)) return path;
  const parts = Array.from(path, (character) => {
    const code = character.codePointAt(0) as number;
    return isEscape(code) ? Buffer.of(code - 0xdc00) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}
