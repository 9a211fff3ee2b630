import { existsSync, mkdtempSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { open, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { makeFolder, removeUnfinished, writeAtomically } from "../../src/tensorfile/index.js";

const folder = () => mkdtempSync(join(tmpdir(), "hcsc-atomic-"));

/** What is flushed to disk while `act` runs: which file or folder, and what the watched file then holds. */
async function flushed(
  watched: string,
  act: () => Promise<void>,
): Promise<readonly (readonly [string, string | null])[]> {
  const probe = await open(tmpdir(), "r");
  const prototype = Object.getPrototypeOf(probe) as { sync: () => Promise<void> };
  await probe.close();
  const { sync } = prototype;
  const seen: (readonly [string, string | null])[] = [];
  prototype.sync = function (this: { fd: number }) {
    const content = existsSync(watched) ? readFileSync(watched, "utf8") : null;
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    seen.push([path, path.endsWith(".part") ? readFileSync(path, "utf8") : content]);
    return sync.call(this);
  };
  try {
    await act();
  } finally {
    prototype.sync = sync;
  }
  return seen;
}

test.serial("a file is flushed before it takes its name, and its folder after", async (t) => {
  if (process.platform !== "linux") return t.log("skipped: only Linux says which file a descriptor is");
  const root = folder();
  const file = join(root, "a.bin");
  await writeFile(file, "before");
  const seen = await flushed(file, () => writeAtomically(file, [Buffer.from("af"), Buffer.from("ter")]));
  t.deepEqual(seen, [
    [`${file}.${process.pid}.part`, "after"],
    [root, "after"],
  ]);
});

test.serial("folders are flushed into those that hold them", async (t) => {
  if (process.platform !== "linux") return t.log("skipped: only Linux says which file a descriptor is");
  const root = folder();
  const seen = await flushed(join(root, "none"), () => makeFolder(join(root, "a", "b")));
  t.deepEqual(seen.map(([path]) => path).sort(), [root, join(root, "a")]);
});

test.serial("so are those of paths from the working folder, however short, and nothing above", async (t) => {
  if (process.platform !== "linux") return t.log("skipped: only Linux says which file a descriptor is");
  const [root, before] = [realpathSync(folder()), process.cwd()];
  process.chdir(root);
  t.teardown(() => process.chdir(before));
  for (const [path, ...holders] of [["r", root], [join("a", "b"), join(root, "a"), root], ["r"]]) {
    const seen = await flushed(join(root, "none"), () => makeFolder(path));
    t.deepEqual(
      seen.map(([holder]) => holder),
      holders,
    );
  }
});

test("what dead writers left is removed by its names, and nothing else", async (t) => {
  const root = folder();
  for (const name of ["a.123.part", "b.123.part", "a", "a.part", "notes.123.parts"])
    await writeFile(join(root, name), "");
  await removeUnfinished(root, (name) => name === "a");
  t.deepEqual((await readdir(root)).sort(), ["a", "a.part", "b.123.part", "notes.123.parts"]);
  await removeUnfinished(join(root, "none"), () => true);
});
