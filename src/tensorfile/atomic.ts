/** Files that appear whole or not at all, and the folders they go into. */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { DataError, said } from "../errors.js";

/**
 * Writes a file by way of a temporary one beside it, which is flushed to disk and then renamed.
 *
 * @param bytes - the content, in one piece or several
 * @throws DataError if it cannot be written; nothing is left behind and an older file stays as it was
 */
export async function writeAtomically(path: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  let file: FileHandle | null = null;
  try {
    file = await open(temporary, "w");
    for (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) await writeWhole(file, chunk);
    await file.sync();
    await file.close();
    file = null;
    await rename(temporary, path);
  } catch (cause) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw notWritten(path, cause);
  }
}

/** Why a file was not written, and what to do, by the system's error. */
export function notWritten(path: string, cause: unknown): DataError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new DataError("not-written", said`${{ file: path }} cannot be written: ${reasons[code ?? ""] ?? message}`, {
    cause,
  });
}

/** Makes a folder and those above it. @throws DataError if it cannot be made */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (first) {
    // On a read-only disk Node says ENOENT of a recursive call, and the truth of a plain one.
    const cause = await mkdir(path).then(
      () => first,
      (plain) => plain,
    );
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? undefined : reasons[code ?? ""];
    throw new DataError(
      "not-written",
      said`${{ file: path }} cannot be made: ${reason ?? `${message}. Choose a folder you may write to`}`,
      { cause, settings: ["out"] },
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Free some space, or write elsewhere",
  EFBIG: "the file would pass the size limit. Raise it (ulimit -f), or write elsewhere",
  EACCES: "permission denied. Choose a folder you may write to",
  EROFS: "the disk is read-only. Choose a folder you may write to",
  ENOENT: "its folder does not exist. Make it, or write elsewhere",
};

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}
