/** The JPEG decoder beside sharp, which is what it stands in for. */
import test from "ava";
import sharp, { type JpegOptions } from "sharp";
import { decodeJpeg } from "../../src/data/sources/jpeg.js";
import { random } from "../../src/random.js";

const room = (length: number) => new Uint8Array(length);

/** Noise over a gradient of colour, upright. */
function picture(width: number, height: number, channels: 1 | 3) {
  const draw = random(width, height, channels);
  const level = (i: number) => (i % 3 === 0 ? (200 * i) / (width * height * 3) : 90) + 60 * draw();
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => level(i));
  return sharp(data, { raw: { width, height, channels } }).toColourspace(channels === 1 ? "b-w" : "srgb");
}

const kinds: readonly JpegOptions[] = [
  { quality: 30 },
  { quality: 90, chromaSubsampling: "4:4:4" },
  { quality: 75, progressive: true },
  { quality: 75, mozjpeg: true },
];
for (const kind of kinds) {
  test(`bytes are sharp's: ${JSON.stringify(kind)}`, async (t) => {
    for (const channels of [1, 3] as const) {
      for (const [width, height] of [
        [200, 133],
        [17, 9],
        [1, 1],
      ]) {
        const file = await picture(width, height, channels).jpeg(kind).toBuffer();
        const { data } = await sharp(file)
          .toColourspace(channels === 1 ? "b-w" : "srgb")
          .raw()
          .toBuffer({ resolveWithObject: true });
        const found = await decodeJpeg(file, room);
        t.deepEqual(found, { width, height, channels, data: new Uint8Array(data) });
      }
    }
  });
}

test("pixels go where they are wanted", async (t) => {
  const held = new Uint8Array(1000);
  const file = await picture(8, 5, 3).jpeg().toBuffer();
  const found = await decodeJpeg(file, (length) => held.subarray(0, length));
  t.is(found?.data.buffer, held.buffer);
  t.true(held.subarray(0, 120).some((v) => v > 0) && held.subarray(120).every((v) => v === 0));
});

test("files that are not plain, or not sound, are left to sharp, and sound ones are decoded after them", async (t) => {
  const plain = await picture(60, 40, 3).jpeg().toBuffer();
  const expected = await decodeJpeg(plain, room);
  const others = {
    turned: await picture(60, 40, 3).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
    "of another colour space": await picture(60, 40, 3).jpeg().withIccProfile("p3").toBuffer(),
    CMYK: await picture(60, 40, 3).toColourspace("cmyk").jpeg().toBuffer(),
    cut: plain.subarray(0, plain.length / 2),
    "without its end": plain.subarray(0, plain.length - 2),
    "all header": plain.subarray(0, 30),
    "two bytes": plain.subarray(0, 2),
    empty: plain.subarray(0, 0),
    "a PNG": await picture(60, 40, 3).png().toBuffer(),
  };
  for (const [what, file] of Object.entries(others)) {
    t.is(await decodeJpeg(file, room), null, what);
    t.deepEqual(await decodeJpeg(plain, room), expected, `after one ${what}`);
  }
  const upright = await picture(60, 40, 3)
    .jpeg()
    .withExif({ IFD0: { Artist: "nobody", Orientation: "1" } })
    .toBuffer();
  t.truthy((await sharp(upright).metadata()).exif);
  t.deepEqual(await decodeJpeg(upright, room), expected, "EXIF of an upright picture");
});
