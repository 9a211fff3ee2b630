/** Folders and lists as people have them: what systems leave behind, other formats, odd names, missing files and labels. */
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import { describeSource, identityOf, openLoader, openSource } from "../../src/data/index.js";
import { writeParquet } from "../../src/tensorfile/index.js";
import { folder, greyOf, loadsInThreads, open, pictures, said } from "./layout.js";

test("what systems and tools leave behind is neither image nor class nor broken, and is counted in one line", async (t) => {
  const made = await pictures(["cat/1.jpg", "cat/2.jpg", "dog/3.jpg"]);
  const left = [
    "__MACOSX/cat/._1.jpg",
    "cat/._1.jpg",
    ".ipynb_checkpoints/1-checkpoint.png",
    "cat/.DS_Store",
    "dog/Thumbs.db",
  ];
  const more = [
    "desktop.ini",
    "@eaDir/1.jpg/SYNO.jpg",
    "lost+found/x.png",
    ".Trash-1000/files/a.png",
    "$RECYCLE.BIN/a.jpg",
    "dog/4.jpg.part",
  ];
  const root = await folder({ ...made, ...Object.fromEntries([...left, ...more].map((name) => [name, "no image"])) });
  t.like(await said(root), {
    names: ["cat/1.jpg", "cat/2.jpg", "dog/3.jpg"],
    classes: ["cat", "dog"],
    labels: [0, 0, 1],
  });
  t.deepEqual((await open(root)).warnings, [
    `${root}: passed over what systems and tools leave behind: 11 of its files and folders`,
  ]);
});

test("what is left out is named by extension, with what to do", async (t) => {
  const root = await folder({
    ...(await pictures(["1.jpg"])),
    "a.heic": "",
    "b.HEIC": "",
    "c.jxl": "",
    "d.txt": "",
    e: "",
  });
  const [warning] = (await open(root)).warnings;
  t.regex(
    warning,
    /5 files of other kinds are left out: 2 \.heic \(heif-convert.*1 without an extension, 1 \.jxl \(djxl.*1 \.txt/,
  );
});

test("bitmaps, Netpbm files and JPEGs by their other names are read", async (t) => {
  const made = await pictures(["x.jpg", "y.jpg"]);
  const pixels = (bits: 24 | 32 | 8, top: number) => {
    const [width, height] = [3, 2];
    const stride = Math.ceil((width * bits) / 32) * 4;
    const palette = bits === 8 ? 1024 : 0;
    const bytes = Buffer.alloc(54 + palette + stride * height);
    bytes.write("BM", "latin1");
    bytes.writeUInt32LE(54 + palette, 10);
    bytes.writeUInt32LE(40, 14);
    bytes.writeInt32LE(width, 18);
    bytes.writeInt32LE(-height, 22);
    bytes.writeUInt16LE(1, 26);
    bytes.writeUInt16LE(bits, 28);
    for (let i = 0; i < palette / 4; i++) bytes.fill(i, 54 + 4 * i, 57 + 4 * i);
    bytes.fill(top, 54 + palette, 54 + palette + stride);
    bytes.fill(90, 54 + palette + stride);
    return bytes;
  };
  const root = await folder({
    "a.jfif": made["x.jpg"],
    "b.jpe": made["y.jpg"],
    "c.bmp": pixels(24, 40),
    "d.bmp": pixels(32, 40),
    "e.BMP": pixels(8, 40),
    "f.pgm": "P2 # grey\n3 2 100\n20 20 20\n0 0 50\n",
    "g.ppm": Buffer.concat([Buffer.from("P6\n2 1\n255\n"), Buffer.of(1, 2, 3, 4, 5, 6)]),
    "h.pgm": Buffer.concat([Buffer.from("P5 2 1 65535\n"), Buffer.of(0xff, 0xff, 0x80, 0x80)]),
  });
  const source = await open(root);
  t.is(source.count, 8);
  const read = async (i: number) => [...(await source.read(i)).data];
  t.is((await source.read(0)).width, 8);
  for (const i of [2, 3, 4]) t.deepEqual(await read(i), [...Array(9).fill(40), ...Array(9).fill(90)], source.name(i));
  t.deepEqual(await read(5), [51, 51, 51, 0, 0, 128]);
  t.deepEqual(await read(6), [1, 2, 3, 4, 5, 6]);
  t.deepEqual(await read(7), [255, 128]);
});

for (const [what, content] of [
  ["a bitmap that ends early", Buffer.concat([Buffer.from("BM"), Buffer.alloc(40)])],
  ["a bitmap of a billion pixels", bitmapOf(1 << 30, 1)],
  ["no bitmap", Buffer.from("hello")],
] as const)
  test(`${what} is broken, not the end`, async (t) => {
    const root = await folder({ "a.bmp": content });
    await t.throwsAsync((await open(root)).read(0), { message: /a\.bmp cannot be decoded/ });
  });

function bitmapOf(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(54);
  bytes.write("BM", "latin1");
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

test("names that are not UTF-8, or hold line breaks, are read, and known again", async (t) => {
  if (process.platform !== "linux") return t.log("skipped: this file system has UTF-8 names alone");
  const root = await folder({ ...(await pictures(["a.jpg"])), ...(await pictures(["x", "b\nc.jpg"])) });
  await mkdir(join(root, "sub"));
  execFileSync("bash", ["-c", `mv "$0/x" "$0"/sub/$'\\xff\\xfe.jpg'`, root]);
  const source = await open(root);
  t.is(source.count, 3);
  await loadsInThreads(t, root, [greyOf(0), greyOf(1), greyOf(0)]);
  const { images, sample } = await identityOf(source);
  t.true(images.every(([, bytes]) => bytes !== null) && sample.every(([, digest]) => digest !== null));
});

test("lists between semicolons or tabs, in UTF-16, with a mark, and labels by other names are read", async (t) => {
  const made = await pictures(["1.jpg", "2.jpg"]);
  const rows = ["Filename;Class Name", "1.jpg;cat", "2.jpg;dog"].join("\r\n");
  const utf16 = Buffer.from(`\ufeff${rows}`, "utf16le");
  const root = await folder({
    ...made,
    "semicolons.csv": rows,
    "tabs.tsv": rows.replaceAll(";", "\t"),
    "utf16.csv": utf16,
    "big.csv": Buffer.from(utf16).swap16(),
    "bare.csv": Buffer.from(rows, "utf16le"),
    "bom.csv": `\ufeff${rows}`,
    "species.jsonl": '{"image_path": "1.jpg", "species": "cat"}\n{"image_path": "2.jpg", "species": "dog"}',
  });
  for (const list of ["semicolons.csv", "tabs.tsv", "utf16.csv", "big.csv", "bare.csv", "bom.csv", "species.jsonl"])
    t.like(await said(join(root, list)), { labels: [0, 1], classes: ["cat", "dog"] }, list);
});

test("rows without a label are unlabelled, and missing files broken images", async (t) => {
  const root = await folder({
    ...(await pictures(["1.jpg", "2.jpg", "3.jpg"])),
    "some.csv": "file,label\n1.jpg,cat\n2.jpg,\n3.jpg,dog\n4.jpg,dog",
    "several.jsonl": '{"file": "1.jpg", "labels": ["cat"]}\n{"file": "2.jpg"}\n{"file": "3.jpg", "labels": []}',
    "none.csv": "file,label\n5.jpg,cat\n6.jpg,dog",
  });
  const some = join(root, "some.csv");
  t.like(await said(some), { labels: [0, -1, 1, 1], classes: ["cat", "dog"] });
  const { warnings } = await open(some);
  t.regex(warnings[0], /1 of its 4 images are missing; the first, in line 5, is .*4\.jpg/);
  t.regex(warnings[1], /1 of its 4 images have no label/);
  const loader = openLoader({ source: await describeSource(some), seed: 0 });
  const policy = {
    size: 4,
    channels: 3,
    resize: 0,
    interpolation: "bilinear",
    mean: [0, 0, 0],
    std: [1, 1, 1],
  } as const;
  await loader.evaluate([{ indices: Int32Array.of(0, 1, 2, 3), epoch: 0 }], policy).next();
  t.deepEqual([...loader.broken.keys()], [3]);
  await loader.close();
  t.deepEqual((await said(join(root, "several.jsonl"))).multilabel, [[1], [-1], [0]]);
  await t.throwsAsync(open(join(root, "none.csv")), { message: /2 of its 2 images are missing.*none\.csv#FOLDER/ });
});

test("a Parquet table of paths, as embed writes, or of images is a set", async (t) => {
  const made = await pictures(["1.jpg", "2.jpg"]);
  const root = await folder(made);
  await writeParquet(join(root, "paths.parquet"), [
    { name: "file", kind: "text", rows: ["1.jpg", "2.jpg"] },
    { name: "label", kind: "text", rows: ["cat", ""] },
    { name: "vector", kind: "vector", rows: { shape: [2, 1], data: Float32Array.of(1, 2) } },
  ]);
  t.like(await said(join(root, "paths.parquet")), { names: ["1.jpg", "2.jpg"], labels: [0, -1], classes: ["cat"] });
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: [
      { name: "image", type: "BYTE_ARRAY", data: [Uint8Array.from(made["1.jpg"]), Uint8Array.from(made["2.jpg"])] },
      { name: "label", type: "INT32", data: Int32Array.of(1, 0) },
    ],
    kvMetadata: [{ key: "huggingface", value: '{"info": {"features": {"label": {"names": ["no", "yes"]}}}}' }],
  });
  await writeFile(join(root, "images.parquet"), writer.getBytes());
  const images = join(root, "images.parquet");
  t.like(await said(images), { labels: [1, 0], classes: ["no", "yes"] });
  await loadsInThreads(t, images, [greyOf(0), greyOf(1)]);
  t.is(openSource(await describeSource(images)).file(0), null);
});
