import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type Holder, holderOf, lockFile, withLock } from "../../src/disk/lock.js";
import { DataError, UsageError } from "../../src/errors.js";

const folder = () => mkdtemp(join(tmpdir(), "hcsc-lock-"));
const now = () => new Date().toISOString();

/** A folder with a lock, touched so many seconds ago. */
async function locked(holder: Holder | string, seconds = 0): Promise<string> {
  const run = await folder();
  await writeFile(lockFile(run), typeof holder === "string" ? holder : JSON.stringify(holder));
  const touched = new Date(Date.now() - 1000 * seconds);
  await utimes(lockFile(run), touched, touched);
  return run;
}

const taken = async (run: string): Promise<Holder> =>
  withLock(run, async () => JSON.parse(await readFile(lockFile(run), "utf8")));

test("a lock of another host holds as long as it is touched, then is passed over", async (t) => {
  const holder = { pid: process.pid, host: "another-host", started: now() };
  const busy = await locked(holder, 60);
  await t.throwsAsync(taken(busy), {
    instanceOf: UsageError,
    message: new RegExp(`process ${process.pid} on another-host since ${holder.started}`),
  });
  t.deepEqual(await holderOf(busy), holder);
  t.deepEqual(JSON.parse(await readFile(lockFile(busy), "utf8")), holder);
  const left = await locked(holder, 120);
  t.is(await holderOf(left), null);
  t.like(await taken(left), { pid: process.pid, host: hostname() });
});

test("a lock of this host holds by its process, not by its age", async (t) => {
  const parent = { pid: process.ppid, host: hostname(), started: now() };
  await t.throwsAsync(taken(await locked(parent, 3600)), { message: new RegExp(`process ${process.ppid} on `) });
  const gone = { ...parent, pid: 2 ** 22 + 1 }; // above the most that Linux numbers
  t.like(await taken(await locked(gone)), { pid: process.pid });
  const beforeReboot = { ...parent, started: "2001-01-01T00:00:00.000Z" };
  t.like(await taken(await locked(beforeReboot)), { pid: process.pid });
});

test("a lock without words is waited for, as it may be in the making, and passed over when it gets none", async (t) => {
  const asked = async (run: string) => {
    const began = performance.now();
    const holder = await taken(run);
    return { holder, seconds: (performance.now() - began) / 1000 };
  };
  const fresh = await asked(await locked(""));
  t.like(fresh.holder, { pid: process.pid });
  t.true(fresh.seconds > 1.5, `${fresh.seconds} s`);
  t.true((await asked(await locked("", 10))).seconds < 1.5);
  const run = await locked("");
  const waiting = taken(run);
  await writeFile(lockFile(run), JSON.stringify({ pid: process.ppid, host: hostname(), started: now() }));
  await t.throwsAsync(waiting, { message: new RegExp(`process ${process.ppid} on `) });
});

test("a process that has the number of one that died is not taken for it", async (t) => {
  if (process.platform !== "linux") return t.log("skipped: only Linux says when a process began");
  const born = readFileSync(`/proc/${process.ppid}/stat`, "latin1").split(") ")[1].split(" ")[19];
  const parent = { pid: process.ppid, host: hostname(), started: now() };
  await t.throwsAsync(taken(await locked({ ...parent, begun: born })), { message: /is being trained/ });
  t.like(await taken(await locked({ ...parent, begun: "1" })), { pid: process.pid });
  t.is((await taken(await folder())).begun, readFileSync("/proc/self/stat", "latin1").split(") ")[1].split(" ")[19]);
});

test("the copy of a folder that is trained in may be trained in; the folder itself may not, under any name", async (t) => {
  const run = await folder();
  const [copy, link, moved] = [`${run}-copy`, `${run}-link`, `${run}-moved`];
  await withLock(run, async () => {
    await cp(run, copy, { recursive: true });
    t.is(await holderOf(copy), null);
    t.like(await taken(copy), { pid: process.pid });
    await symlink(run, link);
    await t.throwsAsync(taken(link), { message: /is being trained/ });
    // Another process's, moved while it trains.
    await cp(run, copy, { recursive: true });
    const holder = { ...JSON.parse(await readFile(lockFile(run), "utf8")), pid: process.ppid, begun: undefined };
    await writeFile(lockFile(copy), JSON.stringify({ ...holder, folder: copy }));
    await rename(copy, moved);
    await t.throwsAsync(taken(moved), { message: /is being trained/ });
  });
});

test("a folder that cannot be written to is said to be so, and no lock stays", async (t) => {
  await t.throwsAsync(taken(join(await folder(), "none")), {
    instanceOf: DataError,
    message: /lock\.json cannot be written/,
  });
});

test("of two that start together one trains; the lock goes with it, also when it fails", async (t) => {
  const run = await folder();
  let end = () => {};
  const first = withLock(run, () => new Promise<void>((resolve) => (end = resolve)));
  while (!(await holderOf(run))) await new Promise((resolve) => setTimeout(resolve, 5));
  await t.throwsAsync(taken(run), { message: new RegExp(`process ${process.pid} on `) });
  end();
  await first;
  t.is(await holderOf(run), null);
  await t.throwsAsync(
    withLock(run, async () => {
      throw new Error("no images");
    }),
    { message: "no images" },
  );
  t.like(await taken(run), { pid: process.pid });
});
