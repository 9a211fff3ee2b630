/** Images in tar archives, made by the system's tar, and in the cells of Parquet tables. */
import { execFileSync } from "node:child_process";
import { open as openFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import sharp from "sharp";
import { describeSource, identityOf, openSource } from "../../src/data/index.js";
import { overlapOf } from "../../src/data/overlap.js";
import { folder, greyOf, loadsInThreads, open, pictures, said } from "./layout.js";

/** An archive of what a folder holds, in the order of names. */
function tar(root: string, name: string, format: string, ...files: readonly string[]): string {
  const archive = join(root, name);
  execFileSync("tar", [`--format=${format}`, "-cf", archive, "-C", root, ...files]);
  return archive;
}

const long = `${"a-folder-with-a-long-name/".repeat(9)}0003`;

for (const format of ["v7", "ustar", "gnu", "pax"])
  test(`an archive of samples, ${format}: labels by .cls, images by their places`, async (t) => {
    const names = ["a/0001.jpg", "a/0002.jpg", ...(format === "v7" ? [] : [`${long}.jpg`])];
    const labels = Object.fromEntries(names.map((n, i) => [n.replace(".jpg", ".cls"), `${2 - i}\n`]));
    const root = await folder({ ...(await pictures(names)), ...labels, "a/0001.txt": "words", "a/.DS_Store": "" });
    const archive = tar(root, "set.tar", format, ...(format === "v7" ? ["a"] : ["a", long.split("/")[0]]));
    const source = await open(archive);
    const order = (await said(archive)).names;
    t.deepEqual([...order].sort(), [...names].sort());
    t.deepEqual(
      order.map((_, i) => source.labels?.[i]),
      order.map((n) => 2 - names.indexOf(n)),
    );
    await loadsInThreads(
      t,
      archive,
      order.map((n) => greyOf(names.indexOf(n))),
    );
    t.deepEqual(await source.content(0), await readFile(join(root, order[0])));
    t.is(await source.bytes(0), (await stat(join(root, order[0]))).size);
    t.deepEqual([...source.warnings].slice(0, 1), [`${archive}: files of other kinds are left out: 1 .txt`]);
  });

test("many archives are one set, by braces or their folder; an empty one and one after another in a file too", async (t) => {
  const names = ["1.jpg", "2.jpg", "3.jpg"];
  const root = await folder(await pictures(names));
  const json = {
    "1.json": '{"label": "cat"}',
    "2.json": '{"labels": null, "caption": "x"}',
    "3.json": '{"class": "dog"}',
  };
  for (const [name, content] of Object.entries(json)) await writeFile(join(root, name), content);
  const shards = await folder({ "README.md": "", "train-0.tar": "", "test-0.tar": "" });
  const shard = (to: string, ...files: readonly string[]) => {
    execFileSync("tar", ["-cf", join(shards, to), "-C", root, ...files]);
  };
  shard("train-08.tar", "1.jpg", "1.json");
  shard("train-09.tar", "1.json");
  shard("train-10.tar", "2.json", "2.jpg");
  shard("test-0.tar", "3.jpg", "3.json");
  const both = Buffer.concat([
    await readFile(join(shards, "train-10.tar")),
    await readFile(join(shards, "test-0.tar")),
  ]);
  await writeFile(join(shards, "train-10.tar"), both);
  const expected = { names, classes: ["cat", "dog"], labels: [0, -1, 1] };
  t.like(await said(`${join(shards, "train-{08..10}.tar")}`), expected);
  t.like(await said(`${shards}#train`), expected);
  await loadsInThreads(
    t,
    `${shards}#train`,
    names.map((_, i) => greyOf(i)),
  );
  t.like(await said(`${shards}#train[1:3]`), { names: ["2.jpg", "3.jpg"], labels: [-1, 1] });
  await t.throwsAsync(open(shards), { code: "not-given", message: /parts of a set: test, train.*#test/ });
  await t.throwsAsync(open(`${shards}#val`), { code: "missing", message: /no part val.*test-0\.tar/ });
  await t.throwsAsync(open(join(shards, "train-{08..11}.tar")), { code: "missing", message: /train-11\.tar.*4 of/ });
  await t.throwsAsync(open(join(shards, "train-{9..8}.tar")), { code: "wrong-value" });
  const test0 = await describeSource(`${shards}#test`);
  t.deepEqual(await overlapOf(await describeSource(`${shards}#train`), test0), { same: [], copies: [[0, 2]] });
  t.deepEqual((await overlapOf(test0, test0)).same, [0]);
});

test("an archive of folders has their labels; of a sample that is described the first image counts", async (t) => {
  const made = await pictures(["cat/a.1.jpg", "cat/a.2.jpg", "dog/b.jpg"]);
  const root = await folder({ ...made, "x.jpg": made["dog/b.jpg"], "x.seg.png": made["dog/b.jpg"], "x.cls": "0" });
  t.like(await said(tar(root, "folders.tar", "pax", "cat", "dog")), {
    names: ["cat/a.1.jpg", "cat/a.2.jpg", "dog/b.jpg"].sort(),
    classes: ["cat", "dog"],
    labels: [0, 0, 1],
  });
  const described = tar(root, "described.tar", "pax", "x.jpg", "x.seg.png", "x.cls");
  t.like(await said(described), { names: ["x.jpg"], labels: [0] });
  t.deepEqual((await open(described)).warnings, [
    `${described}: 1 images are left out, which are not the first of their sample`,
  ]);
});

test("archives that are compressed, cut short or changed, and labels that are none, are refused by name and place", async (t) => {
  const root = await folder({ ...(await pictures(["1.jpg"])), "1.cls": "a\nb", "2.json": "{", "3.txt": "" });
  const sound = await readFile(tar(root, "sound.tar", "ustar", "1.jpg"));
  const of = async (content: Uint8Array) => {
    await writeFile(join(root, "made.tar"), content);
    return open(join(root, "made.tar"));
  };
  execFileSync("gzip", ["-k", join(root, "sound.tar")]);
  await t.throwsAsync(of(await readFile(join(root, "sound.tar.gz"))), { message: /made\.tar is compressed.*gunzip/ });
  await t.throwsAsync(of(sound.subarray(0, 700)), { message: /made\.tar is damaged: it ends after 700 bytes.*1\.jpg/ });
  await t.throwsAsync(of(sound.subarray(0, 100)), { message: /byte 0 is no header/ });
  const changed = Buffer.from(sound);
  changed[3] ^= 1;
  await t.throwsAsync(of(changed), { message: /byte 0 is no header of a tar archive/ });
  await t.throwsAsync(open(tar(root, "two.tar", "ustar", "1.jpg", "1.cls")), {
    message: /two\.tar: 1\.cls is no class/,
  });
  await t.throwsAsync(open(tar(root, "json.tar", "ustar", "1.jpg", "2.json")), {
    message: /json\.tar: 2\.json is no JSON/,
  });
  await t.throwsAsync(open(tar(root, "none.tar", "ustar", "3.txt")), { message: /none\.tar holds no images.*1 \.txt/ });
  const source = await open(tar(root, "later.tar", "ustar", "1.jpg"));
  await (await openFile(join(root, "later.tar"), "r+")).truncate(600);
  await t.throwsAsync(source.read(0), { message: /later\.tar: 1\.jpg cannot be decoded: the archive ends after 600/ });
});

/** A table as Hugging Face writes one: images in a group of bytes and path, ids of classes that a note names. */
function table(
  rows: readonly { bytes: Uint8Array | null; path: string | null; label: bigint }[],
  rowGroupSize: number,
) {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    rowGroupSize,
    schema: [
      { name: "root", num_children: 2 },
      { name: "image", repetition_type: "OPTIONAL", num_children: 2 },
      { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
      { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      { name: "label", type: "INT64", repetition_type: "OPTIONAL" },
    ],
    columnData: [
      { name: "image", data: rows.map(({ bytes, path }) => ({ bytes, path })) },
      { name: "label", data: rows.map(({ label }) => label) },
    ],
    kvMetadata: [{ key: "huggingface", value: '{"info": {"features": {"label": {"names": ["no", "yes"]}}}}' }],
  });
  return new Uint8Array(writer.getBuffer());
}

test("Parquet tables of images are one set; blocks of rows are unpacked as they are needed", async (t) => {
  const made = Object.values(await pictures(["1", "2", "3", "4", "5"])).map((jpeg) => Uint8Array.from(jpeg));
  const row = (i: number, path: string | null = `${i}.jpg`) => ({ bytes: made[i], path, label: BigInt(i % 2) });
  const root = await folder({
    "train-00000-of-00002.parquet": table([row(0), row(1), row(2)], 2),
    "train-00001-of-00002.parquet": table([row(3, null), row(4)], 1),
  });
  t.like(await said(root), {
    names: ["0.jpg", "1.jpg", "2.jpg", "train-00001-of-00002.parquet row 1", "4.jpg"],
    labels: [0, 1, 0, 1, 0],
    classes: ["no", "yes"],
  });
  await loadsInThreads(
    t,
    `${root}#train`,
    made.map((_, i) => greyOf(i)),
  );
  const description = await describeSource(root);
  t.is(description.whole.kind === "tables" && [...description.whole.blocks].join(), "0,2,3,4");
  const source = openSource(description);
  for (const i of [4, 0, 3, 1, 2]) t.deepEqual(Buffer.from(await source.content(i)), Buffer.from(made[i]));
  t.is((await identityOf(source)).sample.length, 5);
});

test("a cell without an image is one broken image; columns that hold none are refused", async (t) => {
  const [jpeg] = Object.values(await pictures(["1"])).map((bytes) => Uint8Array.from(bytes));
  const path = join(await folder({}), "set.parquet");
  await writeFile(
    path,
    table(
      [
        { bytes: jpeg, path: "a", label: 0n },
        { bytes: null, path: "b", label: 1n },
      ],
      2,
    ),
  );
  const source = await open(path);
  t.is((await source.read(0)).width, 8);
  await t.throwsAsync(source.read(1), { message: /set\.parquet: b cannot be decoded: the cell is empty/ });
  const writer = new ByteWriter();
  parquetWrite({ writer, columnData: [{ name: "image", type: "INT32", data: Int32Array.of(1, 2) }] });
  await writeFile(path, new Uint8Array(writer.getBuffer()));
  await t.throwsAsync(open(path), { message: /set\.parquet: the column image holds neither paths nor images/ });
});

test("HEIC and JPEG XL are named with what to do, by name or by content, as long as sharp cannot read them", async (t) => {
  const { jxl, heif } = sharp.format;
  t.is((jxl as typeof heif | undefined)?.input.buffer ?? false, false);
  t.deepEqual(heif.input.fileSuffix, [".avif"]);
  const head = Buffer.concat([Buffer.from("\0\0\0\x18ftypheic", "latin1"), Buffer.alloc(64)]);
  const root = await folder({ "a.heic": head, "b.jpg": head, "c.png": Buffer.from("\xff\x0a rest of it", "latin1") });
  await t.throwsAsync(open(join(root, "a.heic")), { message: /a\.heic is not read: heif-convert/ });
  const source = await open(root);
  await t.throwsAsync(source.read(0), {
    message: /b\.jpg cannot be decoded: it is HEIC, which is not read \(heif-convert/,
  });
  await t.throwsAsync(source.read(1), { message: /c\.png cannot be decoded: it is JPEG XL, which is not read \(djxl/ });
});
