/** Zip files in and out, piece by piece: no more of one is in memory than the file inside that is read. */
import { Unzip, type UnzipFile, UnzipInflate, Zip, ZipPassThrough } from "fflate";
import { DataError, said } from "../../errors.js";

/** A file inside a zip. */
export interface ZippedFile {
  readonly path: string;
  readonly file: Blob;
}

/** The longest file inside a zip that is read: a small zip may hold anything. */
const longest = 2 ** 31;

/**
 * The files inside a zip, in its order.
 *
 * @param wanted - which are read
 * @param progress - called with the bytes of the zip that are read
 * @throws DataError if it is no zip, or is damaged
 */
export async function unzipped(
  zip: Blob,
  name: string,
  wanted: (path: string) => boolean,
  progress: (done: number) => void = () => {},
): Promise<readonly ZippedFile[]> {
  const damaged = (why: string, cause?: unknown) =>
    new DataError("damaged", said`${{ file: name }} is damaged, or no zip: ${why}. Make it again`, { cause });
  const found: ZippedFile[] = [];
  let underWay = 0;
  let failed: Error | null = null;
  const unzip = new Unzip((entry) => {
    if (entry.name.endsWith("/") || !wanted(entry.name)) return;
    underWay++;
    collected(entry, (error, file) => {
      underWay--;
      if (file) found.push({ path: entry.name, file });
      else failed ??= error;
    });
  });
  unzip.register(UnzipInflate);
  const head = new Uint8Array(await zip.slice(0, 2).arrayBuffer());
  if (head[0] !== 0x50 || head[1] !== 0x4b) throw damaged("it does not begin as one");
  const reader = (zip.stream() as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  let done = 0;
  try {
    for (let read = await reader.read(); !read.done && !failed; read = await reader.read()) {
      unzip.push(read.value, false);
      done += read.value.length;
      progress(done);
    }
    unzip.push(new Uint8Array(0), true);
  } catch (cause) {
    throw damaged((cause as Error).message, cause);
  }
  if (failed) throw damaged((failed as Error).message, failed);
  if (underWay > 0) throw damaged("it ends in the middle of a file");
  return found;
}

/** All of a file inside a zip, as a blob, which the browser may keep outside of memory. */
function collected(entry: UnzipFile, done: (error: Error, file?: Blob) => void): void {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  entry.ondata = (error, piece, isLast) => {
    length += piece?.length ?? 0;
    if (error || length > longest) {
      entry.terminate();
      done(error ?? new Error(`${entry.name} has more than ${longest} bytes`));
      return;
    }
    pieces.push(piece as Uint8Array<ArrayBuffer>);
    if (isLast) done(new Error(), new Blob(pieces));
  };
  entry.start();
}

/** Where a zip's own numbers end, as it is written here. */
const mostBytes = 2 ** 32 - 2 ** 16;

/**
 * A zip of files, stored as they are: weights hardly shrink.
 *
 * @throws DataError if they take more than 4 GB
 */
export async function zipped(
  files: AsyncIterable<{ readonly path: string; readonly bytes: Uint8Array }>,
): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    length += piece.length;
    pieces.push(piece as Uint8Array<ArrayBuffer>);
  });
  for await (const { path, bytes } of files) {
    const entry = new ZipPassThrough(path);
    zip.add(entry);
    entry.push(bytes, true);
    if (length > mostBytes)
      throw new DataError("too-large", "the files take more than the 4 GB that a zip has room for");
  }
  zip.end();
  return new Blob(pieces, { type: "application/zip" });
}
