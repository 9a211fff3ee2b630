import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { listForms } from "../../src/data/sources/listRows.js";
import { folder, greyOf, loadsInThreads, open, pictures, said } from "./layout.js";

const names = ["a.jpg", "b.jpg", "sub/c, d.jpg"];
const list = async (name: string, ...lines: readonly string[]) =>
  join(await folder({ ...(await pictures(names)), [name]: lines.join("\n") }), name);

const one = { names, labels: [1, 0, 1], multilabel: null, classes: ["cat", "dog"], hierarchy: null };
const several = {
  ...one,
  labels: null,
  multilabel: [
    [1, 1],
    [0, 0],
    [0, 1],
  ],
};
const none = { ...one, labels: null, classes: null };
const byId = { ...one, labels: [2, 0, 2], classes: ["0", "1", "2"] };

for (const [what, name, lines, expected] of [
  ["CSV with names", "l.csv", ["file,label", "a.jpg,dog", "b.jpg,cat", '"sub/c, d.jpg",dog'], one],
  [
    "CSV of a spreadsheet: byte order mark, CRLF, other columns",
    "l.csv",
    ["\uFEFFid,Label,Filename\r", "1,dog,a.jpg\r", "2,cat,b.jpg\r", "\r", '3,dog,"sub/c, d.jpg"\r', ""],
    one,
  ],
  ["CSV with ids", "l.csv", ["path,label", "a.jpg,2", "b.jpg,0", '"sub/c, d.jpg",2'], byId],
  ["CSV with several labels", "l.csv", ["image,labels", "a.jpg,dog; cat", "b.jpg,", '"sub/c, d.jpg",dog|dog'], several],
  ["CSV without labels", "l.csv", ["file", ...names.map((n) => `"${n}"`)], none],
  [
    "JSON lines with names",
    "l.jsonl",
    [
      '{"file":"a.jpg","label":"dog"}',
      '{"file":"b.jpg","label":"cat","more":1}',
      "",
      '{"file":"sub/c, d.jpg","label":"dog"}',
    ],
    one,
  ],
  [
    "JSON lines with ids",
    "l.jsonl",
    ['{"file":"a.jpg","label":2}', '{"file":"b.jpg","label":0}', '{"file":"sub/c, d.jpg","label":2}'],
    byId,
  ],
  [
    "JSON lines with several labels",
    "l.jsonl",
    [
      '{"file":"a.jpg","labels":["dog","cat"]}',
      '{"file":"b.jpg","labels":[]}',
      '{"file_name":"sub/c, d.jpg","labels":["dog"]}',
    ],
    several,
  ],
  ["JSON lines without labels", "l.jsonl", names.map((file) => JSON.stringify({ file })), none],
  ["lines with spaces", "l.txt", ["a.jpg dog", "b.jpg\tcat", '"sub/c, d.jpg" dog'], one],
  ["lines with commas, without a header, called CSV", "l.csv", ["a.jpg,dog", "b.jpg , cat", "sub/c, d.jpg,dog"], one],
  ["lines with ids", "L.TXT", ["a.jpg 2", "b.jpg 0", '"sub/c, d.jpg",2'], byId],
  ["paths alone", "l.txt", names, none],
] as const) {
  test(`a list: ${what}`, async (t) => {
    const path = await list(name, ...lines);
    t.deepEqual(await said(path), expected as unknown as Awaited<ReturnType<typeof said>>);
    t.deepEqual((await said(`${path}[1:]`)).names, names.slice(1));
    const { data } = await (await open(path)).read(2);
    t.true(Math.abs(data[0] - greyOf(2)) <= 2);
  });
}

test("ids that leave gaps are said to, names and full ids are not", async (t) => {
  const warnings = async (...lines: readonly string[]) => (await open(await list("l.txt", ...lines))).warnings.join();
  t.regex(await warnings("a.jpg 2", "b.jpg 0"), /ids of 3 classes, 0 to 2, of which 2 are in use/);
  t.is(await warnings("a.jpg 1", "b.jpg 0"), "");
  t.is(await warnings("a.jpg x", "b.jpg y"), "");
});

const scenes = ["a/abbey/gsun_1.jpg", "a/abbey/gsun_2.jpg", "b/bar/gsun_3.jpg"];

test("Places205's layout: a .csv of spaces without a header, beside the folder that its paths start at", async (t) => {
  const images = "data/vision/torralba/deeplearning/images256";
  const root = await folder({
    ...(await pictures(scenes.map((scene) => join(images, scene)))),
    "trainvalsplit_places205/train_places205.csv": scenes.map((scene, i) => `${scene} ${i >> 1}\n`).join(""),
  });
  const train = `${root}/trainvalsplit_places205/train_places205.csv`;
  const text = `${train}#${join(root, images)}`;
  t.deepEqual(await said(text), {
    names: scenes,
    labels: [0, 0, 1],
    multilabel: null,
    classes: ["0", "1"],
    hierarchy: null,
  });
  t.deepEqual((await said(`${text}[1:3]`)).labels, [0, 1]);
  await loadsInThreads(t, text, [0, 1, 2].map(greyOf));
  // The folders themselves say the same.
  t.deepEqual((await said(join(root, images))).labels, [0, 0, 1]);
  await t.throwsAsync(open(train), {
    name: "DataError",
    message: /3 of its 3 images are missing; the first, in line 1, .*gsun_1\.jpg\. .*#FOLDER/,
  });
  await t.throwsAsync(open(`${train}#${root}/nowhere`), { message: /nowhere, does not exist/ });
});

test("Places365's lists write paths from their own folder with a slash", async (t) => {
  const root = await folder({
    ...(await pictures(scenes.map((scene) => join("data_large", scene)))),
    "places365_train_standard.txt": scenes.map((scene) => `/${scene} 0\n`).join(""),
  });
  t.deepEqual((await said(`${root}/places365_train_standard.txt#${root}/data_large`)).names, scenes);
});

test("ImageNet's own list of val, and absolute paths", async (t) => {
  const val = ["ILSVRC2012_val_00000001.JPEG", "ILSVRC2012_val_00000002.JPEG"];
  const root = await folder({ ...(await pictures(val)), "val.txt": `${val[0]} 65\n${val[1]} 970\n` });
  const { labels, classes } = await said(`${root}/val.txt`);
  t.deepEqual([labels, classes?.length], [[65, 970], 971]);
  const elsewhere = await folder({ "abs.txt": val.map((name) => join(root, name)).join("\n") });
  await loadsInThreads(t, `${elsewhere}/abs.txt#${root}`, [0, 1].map(greyOf));
});

for (const [what, name, lines, message] of [
  ["nothing", "l.txt", [""], /l\.txt lists no images/],
  ["a header alone", "l.csv", ["file,label"], /l\.csv lists no images/],
  [
    "no image that is there",
    "l.txt",
    ["", "z.jpg 1", "y.jpg 1"],
    /2 of its 2 images are missing; the first, in line 2, .*z\.jpg/,
  ],
  ["several labels a plain line", "l.txt", ["a.jpg 0 3 5"], /l\.txt:1: one label a line is expected, not 0 3 5.*JSONL/],
  [
    "a file that is no image",
    "l.txt",
    ["a.jpg 0", "notes.doc 1"],
    /l\.txt:2: notes\.doc 1 does not start with an image/,
  ],
  ["an odd header", "l.csv", ["name,label", "a.jpg,cat"], /l\.csv: its first line, name,label, is no header/],
  ["label beside labels", "l.csv", ["file,label,labels", "a.jpg,cat,dog"], /both label.*and labels/],
  ["an empty path", "l.csv", ["file,label", ",cat"], /l\.csv:2: the file column is empty/],
  ["a cell too many", "l.csv", ["file,label", "a.jpg,cat", "sub/c, d.jpg,cat"], /l\.csv is no CSV: .*line 3/],
  ["no label at all", "l.csv", ["file,labels", "a.jpg,"], /no image shows a class/],
  ["a huge id", "l.txt", ["a.jpg 20261124"], /20261124 is no class id/],
  ["cut JSON", "l.jsonl", ['{"file":"a.jpg"}', '{"file":'], /l\.jsonl:2: no JSON/],
  ["a line that is no object", "l.jsonl", ["3"], /l\.jsonl:1: the line: /],
  ["no file", "l.jsonl", ['{"label":"cat"}'], /l\.jsonl:1: file: is missing/],
  ["a label that is none", "l.jsonl", ['{"file":"a.jpg","label":-1}'], /l\.jsonl:1: label: is no class/],
  [
    "a label in a list that is none",
    "l.jsonl",
    ['{"file":"a.jpg","labels":["cat",""]}'],
    /l\.jsonl:1: labels\.1: is no class/,
  ],
  [
    "both kinds in a line",
    "l.jsonl",
    ['{"file":"a.jpg","label":"cat","labels":[]}'],
    /l\.jsonl:1: labels: stands beside label/,
  ],
  [
    "both kinds",
    "l.jsonl",
    ['{"file":"a.jpg","label":"cat"}', "", '{"file":"b.jpg","labels":["cat"]}'],
    /l\.jsonl:3: b\.jpg has a list of labels, where the first image has one label/,
  ],
] as const) {
  test(`a list with ${what} is refused by its line`, async (t) => {
    await t.throwsAsync(open(await list(name, ...lines)), { name: "DataError", message });
  });
}

test("any path and class survive each form's quotes", (t) => {
  const text = fc
    .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 })
    .map((s) => s.trim())
    .filter((s) => s !== "");
  const quoted = (s: string) => `"${s.replaceAll('"', '""')}"`;
  const rows = fc.array(fc.record({ file: text.map((s) => `${s}.jpg`), shows: text }), { minLength: 1, maxLength: 5 });
  const write: Readonly<Record<string, (rows: readonly { file: string; shows: string }[]) => string>> = {
    ".csv": (all) => ["file,label", ...all.map((r) => `${quoted(r.file)},${quoted(r.shows)}`)].join("\n"),
    ".tsv": (all) => ["file\tlabel", ...all.map((r) => `${quoted(r.file)}\t${quoted(r.shows)}`)].join("\n"),
    ".jsonl": (all) => all.map((r) => JSON.stringify({ file: r.file, label: r.shows })).join("\n"),
    ".ndjson": (all) => all.map((r) => JSON.stringify({ image: r.file, category: r.shows })).join("\n"),
    ".txt": (all) => all.map((r) => `${quoted(r.file)} ${quoted(r.shows)}`).join("\n"),
  };
  for (const [form, read] of Object.entries(listForms)) {
    t.notThrows(
      () =>
        fc.assert(
          fc.property(rows, (all) => {
            const found = read(write[form](all), "list").map(({ file, shows }) => [file, shows]);
            return fc.stringify(found) === fc.stringify(all.map(({ file, shows }) => [file, shows]));
          }),
        ),
      form,
    );
  }
});
