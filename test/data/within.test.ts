import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import test from "ava";
import { absoluteName, describeSource, openSource } from "../../src/data/index.js";
import { folder, pictures } from "./layout.js";

const open = async (name: string) => openSource(await describeSource(name));

/** A folder `set` with a picture in a class, and pictures beside it that it must not reach. */
async function beside(): Promise<{ readonly root: string; readonly set: string }> {
  const root = await folder(await pictures(["set/cat/1.jpg", "set/dog/2.jpg", "private/3.jpg"]));
  return { root, set: join(root, "set") };
}

const leadsOut = { name: "DataError", code: "wrong-entry", message: /leads out of .*not read.*anywhere:/ } as const;

for (const [what, lay] of [
  ["a link to a file", (set: string) => symlink("../../private/3.jpg", join(set, "cat/3.jpg"))],
  ["a link to a folder", (set: string) => symlink(join(dirname(set), "private"), join(set, "fox"))],
  [
    "a link by way of a link",
    async (set: string) => {
      await symlink("../private", join(set, "way"));
      await symlink("../way/3.jpg", join(set, "cat/3.jpg"));
    },
  ],
  ["a link to what is above the folder", (set: string) => symlink("../..", join(set, "cat/up"))],
] as const) {
  test(`${what} outside a data folder is refused by name, and followed where that is asked for`, async (t) => {
    const { set } = await beside();
    await lay(set);
    await t.throwsAsync(open(set), leadsOut);
    const source = await open(`anywhere:${set}`);
    const names = Array.from({ length: source.count }, (_, i) => source.name(i));
    t.true(names.some((name) => name.endsWith("3.jpg")));
  });
}

test("a part of a folder that is a link out of it is refused", async (t) => {
  const { root, set } = await beside();
  await symlink(join(root, "private"), join(set, "train"));
  await t.throwsAsync(open(`${set}#train`), leadsOut);
  t.is((await open(`anywhere:${set}#train`)).count, 1);
});

test("links within a folder are followed, also where the folder is itself named by a link", async (t) => {
  const { root, set } = await beside();
  await symlink("../dog/2.jpg", join(set, "cat/2.jpg"));
  await symlink(set, join(root, "alias"));
  t.is((await open(set)).count, 3);
  t.is((await open(join(root, "alias"))).count, 3);
});

test("a folder whose name another begins with is not within it", async (t) => {
  const { root, set } = await beside();
  await rename(join(root, "private"), join(root, "set-2"));
  await symlink(join(root, "set-2/3.jpg"), join(set, "cat/3.jpg"));
  await t.throwsAsync(open(set), leadsOut);
});

for (const [what, path] of [
  ["`..`", (_: string) => "../private/3.jpg"],
  ["an absolute path", (root: string) => join(root, "private/3.jpg")],
  ["a link", () => "cat/linked.jpg"],
  ["a folder that is a link", () => "fox/3.jpg"],
] as const) {
  test(`a list that leads out of its folder by ${what} is refused by name, and read where that is asked for`, async (t) => {
    const { root, set } = await beside();
    await symlink(join(root, "private/3.jpg"), join(set, "cat/linked.jpg"));
    await symlink(join(root, "private"), join(set, "fox"));
    const list = join(set, "list.csv");
    await writeFile(list, `file,label\ncat/1.jpg,cat\n${path(root)},dog\n`);
    await t.throwsAsync(open(list), leadsOut);
    t.is((await open(`anywhere:${list}`)).count, 2);
  });
}

test("a list may name the folder of its paths, and links that it does not name do not matter", async (t) => {
  const { root, set } = await beside();
  await symlink(join(root, "private/3.jpg"), join(set, "cat/linked.jpg"));
  const list = join(set, "list.txt");
  await writeFile(list, "cat/1.jpg 0\n");
  t.is((await open(list)).count, 1);
  await writeFile(list, `${join(root, "private/3.jpg")} 0\n`);
  t.is((await open(`${list}#${root}`)).count, 1);
});

test("VOC's layout is held to its folder too", async (t) => {
  const xml = "<annotation><object><name>cat</name></object></annotation>";
  const root = await folder({
    ...(await pictures(["voc/JPEGImages/1.jpg", "private/2.jpg"])),
    "voc/Annotations/1.xml": xml,
  });
  t.is((await open(join(root, "voc"))).count, 1);
  await symlink(join(root, "private/2.jpg"), join(root, "voc/JPEGImages/2.jpg"));
  await t.throwsAsync(open(join(root, "voc")), leadsOut);
  t.is((await open(`anywhere:${join(root, "voc")}`)).count, 1);
});

test("the absolute name of a set says too that it may lie anywhere", async (t) => {
  const { set } = await beside();
  await mkdir(join(set, "fox"));
  t.is(await absoluteName(`anywhere:${relative(process.cwd(), set)}[0:1]`), `anywhere:${set}[0:1]`);
});
