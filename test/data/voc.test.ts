import { rm } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { readAnnotation } from "../../src/data/sources/annotation.js";
import { vocTargets } from "../../src/data/sources/voc.js";
import { folder, greyOf, loadsInThreads, open, pictures, said } from "./layout.js";

/** An object as VOC2007 writes it. */
const object = (name: string, difficult = 0, more = "") => `	<object>
		<name>${name}</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>${difficult}</difficult>
		<bndbox>
			<xmin>8</xmin>
			<ymin>12</ymin>
			<xmax>352</xmax>
			<ymax>498</ymax>
		</bndbox>
${more}	</object>
`;

/** A person's part, as in VOC's person layout task. */
const part = (name: string) =>
  `		<part>\n			<name>${name}</name>\n			<bndbox><xmin>9</xmin><ymin>13</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>\n		</part>\n`;

const annotation = (id: string, ...objects: readonly string[]) => `<annotation>
	<folder>VOC2007</folder>
	<filename>${id}.jpg</filename>
	<source>
		<database>The VOC2007 Database</database>
		<annotation>PASCAL VOC2007</annotation>
		<image>flickr</image>
		<flickrid>340039${id}</flickrid>
	</source>
	<owner>
		<flickrid>Fried Camels</flickrid>
		<name>Jinky the Fruit Bat</name>
	</owner>
	<size>
		<width>353</width>
		<height>500</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
${objects.join("")}</annotation>
`;

const annotations = {
  "Annotations/000001.xml": annotation("000001", object("dog"), object("person", 0, part("head") + part("hand"))),
  "Annotations/000002.xml": annotation("000002", object("chair", 1)),
  "Annotations/000003.xml": annotation("000003", object("chair", 1), object("chair"), object("dog", 1)),
  "Annotations/000005.xml": annotation("000005"),
  "Annotations/000007.xml": annotation("000007", object("person"), object("person", 1), object("person", 1)),
};
const ids = ["000001", "000002", "000003", "000005", "000007"];

const voc2007 = async (more: Readonly<Record<string, string>> = {}) =>
  folder({
    ...(await pictures(ids.map((id) => `JPEGImages/${id}.jpg`))),
    ...annotations,
    "ImageSets/Main/trainval.txt": "000001\n000003\n000005\n",
    "ImageSets/Main/train.txt": "000003\n",
    "ImageSets/Main/val.txt": "000001\r\n000005\r\n",
    "ImageSets/Main/test.txt": "000007\n000002\n",
    "ImageSets/Main/sofa_trainval.txt": "000001 -1\n000003  0\n000005  1\n",
    ...more,
  });

const classes = ["chair", "dog", "person", "sofa"];

test("VOC2007's layout: the parts, several classes an image, difficult ones left out, parts of persons no objects", async (t) => {
  const root = await voc2007();
  t.deepEqual(await said(root), {
    names: ["JPEGImages/000001.jpg", "JPEGImages/000003.jpg", "JPEGImages/000005.jpg"],
    labels: null,
    multilabel: [
      [0, 1, 1, 0],
      [1, -1, 0, 0],
      [0, 0, 0, 0],
    ],
    classes,
    hierarchy: null,
  });
  t.deepEqual(await said(`${root}#trainval`), await said(root));
  const held = await said(`${root}#test`);
  t.deepEqual(held.names, ["JPEGImages/000007.jpg", "JPEGImages/000002.jpg"]);
  // A class without an object in this part has a column only by a list of its own.
  t.deepEqual(held.classes, ["chair", "person", "sofa"]);
  t.deepEqual(held.multilabel, [
    [0, 1, 0],
    [-1, 0, 0],
  ]);
  t.deepEqual((await said(`${root}#val`)).names, ["JPEGImages/000001.jpg", "JPEGImages/000005.jpg"]);
  t.is((await open(`${root}#train`)).count, 1);
});

test("a range picks rows of the labels, and threads load the images", async (t) => {
  const root = await voc2007();
  const picked = await open(`${root}[1:3]`);
  t.deepEqual(picked.multilabel?.shape, [2, 4]);
  t.deepEqual([...(picked.multilabel?.data ?? [])], [1, -1, 0, 0, 0, 0, 0, 0]);
  t.deepEqual((await said(`${root}#test[1:]`)).multilabel, [[-1, 0, 0]]);
  await loadsInThreads(t, root, [0, 2, 3].map(greyOf));
});

test("annotated images without lists of parts are all taken; those without an annotation are left out", async (t) => {
  const layouts = { JPEGImages: "Annotations", images: "annotations", ".": "." };
  for (const [images, xml] of Object.entries(layouts)) {
    const root = await folder({
      ...(await pictures([`${images}/b.jpg`, `${images}/a.png`, `${images}/bare.jpg`])),
      [`${xml}/a.xml`]: annotation("a", object("cat")),
      [`${xml}/b.xml`]: annotation("b", object("cat", 1), object("dog")),
    });
    const source = await open(root);
    t.deepEqual([source.name(0), source.name(1)], [join(images, "a.png"), join(images, "b.jpg")]);
    t.deepEqual([...(source.multilabel?.data ?? [])], [1, 0, -1, 1]);
    t.regex(source.warnings.join(), /1 images have no annotation/);
    await t.throwsAsync(open(`${root}#train`), { name: "DataError", message: /no part train: there is no ImageSets/ });
  }
});

for (const [what, file, content, message] of [
  [
    "no name",
    "Annotations/000001.xml",
    "<annotation><object><difficult>0</difficult></object></annotation>",
    /000001\.xml: annotation\/object\[1\]\/name is missing/,
  ],
  [
    "an empty object",
    "Annotations/000001.xml",
    "<annotation><object/></annotation>",
    /annotation\/object\[1\]\/name is missing/,
  ],
  [
    "an empty name",
    "Annotations/000001.xml",
    `<annotation>${object("dog")}${object("")}</annotation>`,
    /annotation\/object\[2\]\/name is empty/,
  ],
  [
    "two names",
    "Annotations/000001.xml",
    "<annotation><object><name>a</name><name>b</name></object></annotation>",
    /object\[1\]\/name is missing, or more than one/,
  ],
  [
    "a wrong flag",
    "Annotations/000001.xml",
    `<annotation>${object("dog", 7)}</annotation>`,
    /object\[1\]\/difficult is neither 0 nor 1/,
  ],
  ["another root", "Annotations/000001.xml", "<note><object/></note>", /000001\.xml: annotation is missing/],
  [
    "an open element",
    "Annotations/000001.xml",
    "<annotation><object></annotation>",
    /000001\.xml is no well-formed XML/,
  ],
  ["no text", "Annotations/000001.xml", "", /000001\.xml is no well-formed XML/],
  [
    "a list of two columns",
    "ImageSets/Main/trainval.txt",
    "000001\n000003 1\n",
    /trainval\.txt:2: one image's name a line.*000003 1/,
  ],
  ["an empty list", "ImageSets/Main/trainval.txt", "\n", /trainval\.txt lists no images/],
  [
    "a list of images that are not there",
    "ImageSets/Main/trainval.txt",
    "000001\n000008\n000009\n",
    /2 of the 3 images of .* missing; the first is that of 000008/,
  ],
] as const) {
  test(`VOC with ${what} is refused by file and place`, async (t) => {
    await t.throwsAsync(open(await voc2007({ [file]: content })), { name: "DataError", message });
  });
}

test("a part that is not there is refused with those that are; images or annotations missing are counted", async (t) => {
  const root = await voc2007();
  await t.throwsAsync(open(`${root}#training`), {
    name: "DataError",
    message: /no part training: .*lists test, train, trainval, val\./,
  });
  await rm(join(root, "ImageSets/Main/trainval.txt"));
  await t.throwsAsync(open(root), { name: "DataError", message: /no part trainval: .*lists test, train, val\./ });
  await rm(join(root, "Annotations/000002.xml"));
  await t.throwsAsync(open(`${root}#test`), { message: /1 of the 2 annotations of .* missing; .* that of 000002/ });
  await rm(join(root, "ImageSets"), { recursive: true });
  for (const id of ["000003", "000007"]) await rm(join(root, `JPEGImages/${id}.jpg`));
  await t.throwsAsync(open(root), {
    name: "DataError",
    message: /2 of the 4 images of .* the first is that of 000003/,
  });
});

test("no object in any image is refused", async (t) => {
  const root = await folder({ ...(await pictures(["1.jpg"])), "1.xml": "<annotation/>" });
  await t.throwsAsync(open(root), { name: "DataError", message: /no object is annotated in 1 images/ });
});

test("names are texts: numbers, entities and CDATA keep their letters", async (t) => {
  const xml = `<?xml version="1.0"?><annotation>${object("007")}${object("R&amp;D &#233;")}${object("<![CDATA[a<b]]>")}</annotation>`;
  t.deepEqual(
    (await readAnnotation(xml, "a.xml")).map((o) => o.name),
    ["007", "R&D é", "a<b"],
  );
});

test("the devkit's rule, for any objects: 1 by one that is not difficult, else −1 by one that is, else 0", (t) => {
  const names = ["cat", "dog", "fox"];
  const objects = fc.array(fc.array(fc.record({ name: fc.constantFrom(...names), difficult: fc.boolean() })));
  t.notThrows(() =>
    fc.assert(
      fc.property(objects, (images) => {
        const { shape, data } = vocTargets(images, names);
        const expected = images.flatMap((ofImage) =>
          names.map((name) => {
            const own = ofImage.filter((o) => o.name === name);
            return own.length === 0 ? 0 : own.every((o) => o.difficult) ? -1 : 1;
          }),
        );
        return shape[0] === images.length && shape[1] === 3 && fc.stringify([...data]) === fc.stringify(expected);
      }),
    ),
  );
});
