/**
 * One trainer a run folder: `lock.json`, made as one step of the file system, names the process that writes. A process that died
 * leaves one that the next recognises: on this host by the process that is gone, from another by the file no longer touched. A
 * folder that was copied while it was trained in has a lock that names the other folder.
 */
import { rmSync } from "node:fs";
import { readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { said, UsageError } from "../errors.js";
import { notWritten } from "../tensorfile/index.js";
import { isRunning, type ProcessNote, thisProcess } from "./process.js";

/** The process that trains, since when it holds the lock. */
export interface Holder extends ProcessNote {
  readonly host: string;
  /** The folder that it holds, as a real path. */
  readonly folder?: string | undefined;
}

export const lockFile = (run: string): string => join(run, "lock.json");

const touchEverySeconds = 10;
/** A lock of another host that was not touched for this long is left over. */
const deadAfterSeconds = 90;
/** A lock that says nothing for so long never will. */
const unsaidSeconds = 2;

/** Folders that this process holds, by their real paths. */
const held = new Set<string>();

/** Who trains in a run folder now; null if nobody does. */
export async function holderOf(run: string): Promise<Holder | null> {
  const holder = await readLock(lockFile(run));
  return holder && (await isAlive(holder, lockFile(run))) ? holder : null;
}

/**
 * Holds a run folder while `use` writes to it.
 *
 * @throws UsageError that names the process which holds it already; DataError if it cannot be written to
 */
export async function withLock<T>(run: string, use: () => Promise<T>): Promise<T> {
  const file = lockFile(run);
  const place = await take(run, file);
  held.add(place);
  const leave = () => rmSync(file, { force: true });
  process.once("exit", leave);
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, touchEverySeconds * 1000);
  touching.unref();
  try {
    return await use();
  } finally {
    clearInterval(touching);
    process.off("exit", leave);
    held.delete(place);
    await rm(file, { force: true });
  }
}

/** @returns the folder's real path */
async function take(run: string, file: string): Promise<string> {
  const folder = await realpath(run).catch((cause) => {
    throw notWritten(file, cause);
  });
  while (!(await isMade(folder, file))) {
    const holder = await readLock(file);
    if (holder && (await isAlive(holder, file)))
      throw new UsageError(
        "locked",
        said`${{ file: run }} is being trained by process ${{ process: holder.pid }} on ${holder.host} since ${holder.started}: wait for it, stop it, or choose another folder`,
        { settings: ["out"] },
      );
    // Made this moment by another, whose words are still to come; or by one that died before it said any.
    if (!holder && ((await ageOf(file)) ?? Number.POSITIVE_INFINITY) < unsaidSeconds) await setTimeout(100);
    else await remove(file, holder);
  }
  return folder;
}

/** Makes the lock. @returns whether there was none */
async function isMade(folder: string, file: string): Promise<boolean> {
  const mine: Holder = { ...thisProcess(), host: hostname(), folder };
  try {
    await writeFile(file, JSON.stringify(mine), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    await rm(file, { force: true }).catch(() => {}); // made, but without words: the disk is full
    throw notWritten(file, error);
  }
}

/** Takes a left-over lock away, unless another process has done so and made its own. */
async function remove(file: string, judged: Holder | null): Promise<void> {
  const aside = `${file}.${process.pid}.stale`;
  const isMoved = await rename(file, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  const found = await readLock(aside);
  if (JSON.stringify(found) !== JSON.stringify(judged)) await rename(aside, file);
  else await rm(aside, { force: true });
}

/** What a lock says; null if there is none, or it says nothing. */
async function readLock(file: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Holder | null;
  } catch {
    return null;
  }
}

async function isAlive(holder: Holder, file: string): Promise<boolean> {
  if (holder.host !== hostname()) return ((await ageOf(file)) ?? Number.POSITIVE_INFINITY) < deadAfterSeconds;
  const here = await realpath(dirname(file)).catch(() => null);
  if (await isCopy(holder, file, here)) return false;
  return holder.pid === process.pid ? here !== null && held.has(here) : isRunning(holder);
}

/** Whether a lock was copied, with its folder, from one that is still there and holds another file, or none. */
async function isCopy({ folder }: Holder, file: string, here: string | null): Promise<boolean> {
  if (folder === undefined || folder === here || !(await stat(folder).catch(() => null))) return false;
  const [other, own] = await Promise.all([lockFile(folder), file].map((f) => stat(f).catch(() => null)));
  return other === null || own === null || other.ino !== own.ino || other.dev !== own.dev;
}

/** Seconds since a file was touched. */
const ageOf = async (file: string): Promise<number | null> => {
  const info = await stat(file).catch(() => null);
  return info && (Date.now() - info.mtimeMs) / 1000;
};
