/** Files that appear whole or not at all, and outlast a crash of the machine once they are there; the folders they go into. */
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DataError, said } from "../errors.js";

/**
 * Writes a file by way of a temporary one beside it, which is flushed to disk and renamed; then the folder is flushed, so that
 * the name lasts too.
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
    await flushFolder(dirname(path));
  } catch (cause) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw notWritten(path, cause);
  }
}

/** Removes what writes to a folder's files of such names left half-done as their process died. Nobody else may write to them. */
export async function removeUnfinished(folder: string, isOurs: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const whole = /^(.+)\.\d+\.part$/.exec(name)?.[1];
    if (whole !== undefined && isOurs(whole)) await rm(join(folder, name), { force: true });
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
    const first = await mkdir(path, { recursive: true });
    if (first === undefined) return;
    const top = resolve(first);
    for (let made = resolve(path); made.length >= top.length; made = dirname(made)) await flushFolder(dirname(made));
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
  EDQUOT: "the quota of this disk is used up. Free some space, or write elsewhere",
  EFBIG: "the file would pass the size limit. Raise it (ulimit -f), or write elsewhere",
  EACCES: "permission denied. Choose a folder you may write to",
  EROFS: "the disk is read-only. Choose a folder you may write to",
  ENOENT: "its folder does not exist. Make it, or write elsewhere",
};

async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
}

/** What systems say whose folders cannot be flushed, or need not be. */
const unflushable: ReadonlySet<string> = new Set(["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP", "EBADF"]);

/** Puts names in a folder on the disk. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const opened = await open(folder, "r");
    await opened.sync().finally(() => opened.close());
  } catch (error) {
    if (!unflushable.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
