/**
 * One trainer a run folder: `lock.json`, made as one step of the file system, names the process that writes. A process that died
 * leaves one that the next recognises: on this host by the process that is gone, from another by the file no longer touched.
 */
import { rmSync } from "node:fs";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { said, UsageError } from "../errors.js";

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When it took the lock. */
  readonly started: string;
}

export const lockFile = (run: string): string => join(run, "lock.json");

const touchEverySeconds = 10;
/** A lock of another host that was not touched for this long is left over. */
const deadAfterSeconds = 90;

/** Folders that this process holds. */
const held = new Set<string>();

/** Who trains in a run folder now; null if nobody does. */
export async function holderOf(run: string): Promise<Holder | null> {
  const holder = await readLock(lockFile(run));
  return holder && (await isAlive(holder, lockFile(run))) ? holder : null;
}

/**
 * Holds a run folder while `use` writes to it.
 *
 * @throws UsageError that names the process which holds it already
 */
export async function withLock<T>(run: string, use: () => Promise<T>): Promise<T> {
  const file = lockFile(run);
  await take(run, file);
  held.add(file);
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
    held.delete(file);
    await rm(file, { force: true });
  }
}

async function take(run: string, file: string): Promise<void> {
  const mine: Holder = { pid: process.pid, host: hostname(), started: new Date().toISOString() };
  for (;;) {
    const isTaken = await writeFile(file, JSON.stringify(mine), { flag: "wx" }).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return true;
        throw new UsageError("occupied", said`${{ file: run }} cannot be trained in: ${error}`, { cause: error });
      },
    );
    if (!isTaken) return;
    const holder = await readLock(file);
    if (holder && (await isAlive(holder, file)))
      throw new UsageError(
        "locked",
        said`${{ file: run }} is being trained by process ${{ process: holder.pid }} on ${holder.host} since ${holder.started}: wait for it, stop it, or choose another folder`,
        { settings: ["out"] },
      );
    await remove(file, holder);
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

/** The holder that a lock names; null without a lock, or if it is empty: the disk was full, or the machine died as it was written. */
async function readLock(file: string): Promise<Holder | null> {
  const text = await readFile(file, "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Holder;
  } catch {
    const age = await ageOf(file);
    // It was created just now and its content is not written yet.
    return age !== null && age < 2 ? { pid: 0, host: "another host", started: "a moment ago" } : null;
  }
}

async function isAlive(holder: Holder, file: string): Promise<boolean> {
  if (holder.host !== hostname()) return ((await ageOf(file)) ?? Number.POSITIVE_INFINITY) < deadAfterSeconds;
  if (holder.pid === process.pid) return held.has(file);
  const startOfHost = Date.now() - uptime() * 1000;
  return Date.parse(holder.started) > startOfHost && isRunning(holder.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Seconds since a file was touched. */
const ageOf = async (file: string): Promise<number | null> => {
  const info = await stat(file).catch(() => null);
  return info && (Date.now() - info.mtimeMs) / 1000;
};
