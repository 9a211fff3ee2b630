/** Run folders that were moved, or copied, between sessions. */
import { cp, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { onDisk } from "../../src/disk/index.js";
import { RunFolder } from "../../src/train/index.js";
import { trained } from "./trained.js";

const lastBytes = async (run: string) => {
  const last = (await readdir(join(run, "checkpoints"))).sort().at(-1) as string;
  return { last, bytes: await readFile(join(run, "checkpoints", last)) };
};

test("a run that was stopped and then moved, or copied, goes on in its new place to the very bytes", async (t) => {
  const whole = await trained({});
  const { run } = await trained({ stopAt: 5 });
  const [moved, copied] = [`${run.path} moved \u{1f4c1}`, `${run.path}-copied`];
  await cp(run.path, copied, { recursive: true });
  await rename(run.path, moved);
  for (const path of [moved, copied]) {
    await trained({ resume: await RunFolder.open(onDisk(path)) });
    t.deepEqual(await lastBytes(path), await lastBytes(whole.run.path), path);
  }
});
