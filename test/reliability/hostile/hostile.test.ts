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
