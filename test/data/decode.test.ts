import { once } from "node:events";
import { Worker } from "node:worker_threads";
import test from "ava";
import sharp from "sharp";
import { decodeAny } from "../../src/data/sources/anyPicture.js";
import { decodeImage } from "../../src/data/sources/decode.js";
import { said } from "../../src/errors.js";

const picture = sharp({ create: { width: 24, height: 16, channels: 3, background: "#345" } });

test("pictures are decoded while other threads load what decodes them", async (t) => {
  const file = await picture.clone().tiff().toBuffer();
  let [isDone, decoded] = [false, 0];
  const decoding = Array.from({ length: 4 }, async () => {
    for (; !isDone; decoded++) t.is((await decodeAny(file)).width, 24);
  });
  for (let round = 0; round < 12; round++) {
    const thread = new Worker(new URL("./decodeThread.js", import.meta.url), { workerData: new Uint8Array(file) });
    t.deepEqual(await once(thread, "message"), [24]);
    await thread.terminate();
  }
  isDone = true;
  await Promise.all(decoding);
  t.true(decoded > 100);
});

/** What this build of sharp reads of bytes, and this library too; `raw` is no file's. */
const read: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "tiff", "gif", "heif", "raw"]);

test("of what sharp reads nothing is read that is not known", async (t) => {
  const others = Object.entries(sharp.format).filter(([name, { input }]) => input.buffer && !read.has(name));
  t.deepEqual(
    others.map(([name]) => name),
    ["svg"],
  );
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>',
  );
  await t.throwsAsync(decodeImage(svg, said`a.png`), {
    message: /a\.png cannot be decoded: .*unsupported image format/,
  });
});
