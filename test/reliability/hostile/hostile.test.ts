/** A few of the hostile files of `npm run reliability -- hostile`, of every format. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type Format, type FormatName, formats, laidOut } from "./formats.js";
import { hostile } from "./hostile.js";

test("what hostile files are made of is sound: all of it is read", async (t) => {
  for (const [name, format] of Object.entries(formats) as [FormatName, Format][]) {
    const folder = await mkdtemp(join(tmpdir(), "hcsc-sound-"));
    await laidOut(format, folder);
    for (const seed of await format.seeds()) {
      await writeFile(join(folder, format.file), seed);
      await t.notThrowsAsync(format.read(join(folder, format.file), folder), name);
    }
  }
});

for (const format of Object.keys(formats) as FormatName[])
  test.serial(`hostile files are read, or refused in a line that names them: ${format}`, async (t) => {
    const { cases, read, refused, findings } = await hostile(format, { cases: 25, seed: 3 });
    t.deepEqual(findings, []);
    t.is(read + refused, cases);
  });

/** What long runs found, by seed and case: each hung, swelled or had no words. */
const once: readonly (readonly [format: FormatName, seed: number, index: number])[] = [
  ["tiff of many channels", 20261127, 2937],
  ["npy", 20261127, 739],
  ["parquet", 20261127, 5606],
  ["pth", 20261127, 3830],
];

for (const [format, seed, index] of once)
  test.serial(`found once, refused in a line now: ${format}, seed ${seed}, case ${index}`, async (t) => {
    const { read, refused, findings } = await hostile(format, { from: index, cases: 1, seed });
    t.deepEqual(findings, []);
    t.deepEqual([read, refused], [0, 1]);
  });
