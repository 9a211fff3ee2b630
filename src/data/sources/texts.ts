/** Many short texts as two arrays in memory that threads share: a million names cost what their letters do. */
export interface Texts {
  readonly bytes: Uint8Array;
  /** Text i ends at `ends[i]`, and begins where the one before ends. */
  readonly ends: Uint32Array;
}

export function textsOf(texts: readonly string[]): Texts {
  const bytes = new Uint8Array(
    new SharedArrayBuffer(texts.reduce((sum, t) => sum + Buffer.byteLength(t, "utf16le"), 0)),
  );
  const ends = new Uint32Array(new SharedArrayBuffer(4 * texts.length));
  const into = Buffer.from(bytes.buffer);
  let end = 0;
  for (const [i, text] of texts.entries()) {
    end += into.write(text, end, "utf16le"); // which keeps halves of pairs, as names that are not UTF-8 have them
    ends[i] = end;
  }
  return { bytes, ends };
}

export const textAt = ({ bytes, ends }: Texts, i: number): string =>
  Buffer.from(bytes.buffer).toString("utf16le", i === 0 ? 0 : ends[i - 1], ends[i]);
