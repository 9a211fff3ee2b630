/**
 * Loaded before a command (`node --import`): counts what it does to files that must last, and at number `DIE_AT` kills the process
 * outright, half-way through a write, before or after a rename, before a flush. `DIE_COUNT` names a file for the count of a process that ended by itself.
 */
import { writeFileSync, writeSync } from "node:fs";
import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { isMainThread } from "node:worker_threads";

type Act = (...args: never[]) => Promise<unknown>;

if (isMainThread) await watch(Number(process.env.DIE_AT ?? 0), process.env.DIE_COUNT);

async function watch(dieAt: number, countFile: string | undefined): Promise<void> {
  let done = 0;
  const isDue = () => ++done === dieAt;
  const die = (during: string): void => {
    writeSync(2, `\ndied during ${during}\n`);
    process.kill(process.pid, "SIGKILL");
  };
  const { rename, open, appendFile } = fs;
  fs.rename = async (from, to) => {
    if (!isDue()) return rename(from, to);
    if (dieAt % 2 === 0) await rename(from, to);
    die(dieAt % 2 === 0 ? "a rename, done" : "a rename, not done");
  };
  fs.appendFile = async (path, data, options) => {
    if (!isDue()) return appendFile(path, data, options);
    const line = String(data);
    await appendFile(path, line.slice(0, line.length >> 1), options);
    die("a line of the log, half written");
  };
  const probe = await open(tmpdir(), "r");
  const handles = Object.getPrototypeOf(probe) as Record<"write" | "sync", Act>;
  await probe.close();
  const { write, sync } = handles;
  handles.write = function (this: FileHandle, ...args: never[]) {
    if (!isDue()) return write.apply(this, args);
    const [chunk, from = 0] = args as unknown as [Uint8Array, number?];
    if (chunk.length > 1) writeSync(this.fd, chunk, from, (chunk.length - from) >> 1);
    die("a write, half done");
    return new Promise(() => {});
  };
  handles.sync = function (this: FileHandle, ...args: never[]) {
    if (isDue()) die("a flush, not done");
    return sync.apply(this, args);
  };
  syncBuiltinESMExports();
  if (countFile !== undefined) process.on("exit", () => writeFileSync(countFile, String(done)));
}
