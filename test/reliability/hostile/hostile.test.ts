/** A few of the hostile files of `npm run reliability -- hostile`, of every format. */
import test from "ava";
import { type FormatName, formats } from "./formats.js";
import { hostile } from "./hostile.js";

for (const format of Object.keys(formats) as FormatName[])
  test.serial(`hostile files are read, or refused in a line that names them: ${format}`, async (t) => {
    const { cases, read, refused, findings } = await hostile(format, { cases: 25, seed: 3 });
    t.deepEqual(findings, []);
    t.is(read + refused, cases);
  });
