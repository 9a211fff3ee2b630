/** The files of a run in a directory of a browser: its private storage (`navigator.storage.getDirectory()`), or one that a person opened. */
import { sha256 } from "@noble/hashes/sha2.js";
import { CheckpointError, DataError, said } from "../errors.js";
import type { RunFiles } from "../train/index.js";

/**
 * The files in a directory. What is added to a file is held in memory until it is flushed or read: a browser writes files whole.
 *
 * @param path - what messages call it
 */
export function inDirectory(root: FileSystemDirectoryHandle, path: string): RunFiles {
  const added = new Map<string, string>();
  const at = (name: string): string => `${path}/${name}`;

  async function folderOf(name: string, create = false): Promise<FileSystemDirectoryHandle> {
    let folder = root;
    for (const part of name.split("/").slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create });
    return folder;
  }

  async function stored(name: string): Promise<Uint8Array | null> {
    try {
      const handle = await (await folderOf(name)).getFileHandle(last(name));
      return new Uint8Array(await (await handle.getFile()).arrayBuffer());
    } catch (cause) {
      if (isMissing(cause)) return null;
      const { message } = cause as Error;
      throw new CheckpointError("unreadable", said`${{ file: at(name) }} cannot be read: ${message}`, { cause });
    }
  }

  async function write(name: string, bytes: Uint8Array | Iterable<Uint8Array>): Promise<void> {
    try {
      const handle = await (await folderOf(name, true)).getFileHandle(last(name), { create: true });
      const file = await handle.createWritable(); // beside the old one, which it replaces when it is closed
      try {
        for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes)
          await file.write(piece as Uint8Array<ArrayBuffer>);
      } catch (error) {
        await file.abort().catch(() => {});
        throw error;
      }
      await file.close();
    } catch (cause) {
      const { name: kind, message } = cause as Error;
      const reason =
        kind === "QuotaExceededError" ? "the browser's storage for this page is full. Free some space" : message;
      throw new DataError("not-written", said`${{ file: at(name) }} cannot be written: ${reason}`, { cause });
    }
  }

  async function flush(name: string): Promise<void> {
    const text = added.get(name);
    if (text === undefined) return;
    added.delete(name);
    await write(name, [(await stored(name)) ?? new Uint8Array(0), new TextEncoder().encode(text)]);
  }

  return {
    path,
    at,
    async read(name) {
      await flush(name);
      return stored(name);
    },
    async write(name, bytes) {
      added.delete(name);
      await write(name, bytes);
    },
    async append(name, text) {
      added.set(name, (added.get(name) ?? "") + text);
    },
    flush,
    async makeFolder(name) {
      await folderOf(name === "" ? "" : `${name}/`, true);
    },
    async list(folder) {
      const handle = await folderOf(folder === "" ? "" : `${folder}/`).catch((error) => {
        if (isMissing(error)) return null;
        throw error;
      });
      const names: string[] = [];
      if (handle) for await (const found of handle.keys()) names.push(found);
      return names;
    },
    async remove(name) {
      added.delete(name);
      await (await folderOf(name)).removeEntry(last(name), { recursive: true }).catch((error) => {
        if (!isMissing(error)) throw error;
      });
    },
    sha256: () => sha256.create(),
  };
}

const last = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
const isMissing = (error: unknown): boolean => error instanceof DOMException && error.name === "NotFoundError";
