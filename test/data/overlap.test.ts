import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { describeSource, overlapOf } from "../../src/data/index.js";
import { folder } from "./layout.js";

const overlap = async (known: string, asked: string) =>
  overlapOf(await describeSource(known), await describeSource(asked));

/** Bytes of a length, of which one may be another. */
const bytes = (length: number, changed = -1) => Uint8Array.from({ length }, (_, i) => (i === changed ? 1 : 0));

test("the same images are told from copies, and copies from images of one size that differ anywhere", async (t) => {
  const root = await folder({
    "a/1.jpg": bytes(9000),
    "a/2.jpg": bytes(7),
    "b/3.jpg": bytes(9000),
    "b/4.jpg": bytes(8),
  });
  t.deepEqual(await overlap(root, root), { same: [0, 1, 2, 3], copies: [] });
  t.deepEqual(await overlap(`${root}[0:2]`, `${root}[2:4]`), { same: [], copies: [[0, 0]] });
  const others = await folder({
    "begins.jpg": bytes(9000, 0),
    "copy.jpg": bytes(9000),
    "ends.jpg": bytes(9000, 8999),
    "middle.jpg": bytes(9000, 4500),
    "small.jpg": bytes(8, 3),
    "smaller.jpg": bytes(7),
  });
  t.deepEqual(await overlap(root, others), {
    same: [],
    copies: [
      [1, 0],
      [5, 1],
    ],
  });
});

test("images that cannot be read are copies of none", async (t) => {
  const root = await folder({ "1.jpg": bytes(0), "2.jpg": bytes(0), "3.jpg": bytes(3) });
  await writeFile(join(root, "some.csv"), "file\n1.jpg\n3.jpg\ngone.jpg");
  await writeFile(join(root, "more.csv"), "file\n2.jpg\nlost.jpg");
  t.deepEqual(await overlap(join(root, "some.csv"), join(root, "more.csv")), { same: [], copies: [] });
});

test("copies are found in tables, and pixels of raw files whatever the file is called", async (t) => {
  const root = await folder({ "1.jpg": bytes(40), "2.jpg": bytes(50) });
  const writer = new ByteWriter();
  parquetWrite({ writer, columnData: [{ name: "image", type: "BYTE_ARRAY", data: [bytes(40, 9), bytes(50)] }] });
  const table = join(await folder({}), "table.parquet");
  await writeFile(table, writer.getBytes());
  t.deepEqual((await overlap(root, table)).copies, [[1, 1]]);
  const raw = join(await folder({}), "other-images-idx3-ubyte.gz");
  await copyFile("data/fashion-mnist/t10k-images-idx3-ubyte.gz", raw);
  const { same, copies } = await overlap("data/fashion-mnist[0:50]", `${raw}[40:60]`);
  t.deepEqual(same, []);
  t.deepEqual(
    copies.map(([image, known]) => [image, known]),
    Array.from({ length: 10 }, (_, i) => [i, 40 + i]),
  );
});
