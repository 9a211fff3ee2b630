import { mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { describeSource, openSource } from "../../src/data/index.js";
import { fillFolder, freeFolder } from "../../src/organize/index.js";
import { temporary } from "../commands/cli.js";

const room = async (): Promise<string> => realpath(await temporary());

test("a folder is free if it is new or empty, and apart from the images by its real path", async (t) => {
  const root = await room();
  for (const folder of ["photos/cats", "photosets", "full/x", "up/photos"])
    await mkdir(join(root, folder), { recursive: true });
  await symlink(join(root, "photos"), join(root, "alias"));
  await writeFile(join(root, "file"), "");
  const free = (out: string, ...sources: string[]) =>
    freeFolder(
      join(root, out),
      sources.map((s) => join(root, s)),
    );
  t.is(await free("new/deep", "photos"), join(root, "new/deep"));
  t.is(await free("photosets", "photos"), join(root, "photosets"));
  for (const [out, source, message] of [
    ["photos", "photos", /lies in/],
    ["photos/new/deep", "photos", /lies in/],
    ["alias/new", "photos", /lies in/],
    ["photos/new", "alias", /lies in/],
    ["up", "up/photos", /holds .*up\/photos/],
    ["full", "photos", /is not empty: it holds x/],
    ["file", "photos", /it is a file/],
  ] as const)
    await t.throwsAsync(free(out, source), { name: "UsageError", message }, `${out} of ${source}`);
});

/** Forty files of different contents, which nothing reads as images here. */
async function filling() {
  const root = await room();
  const photos = join(root, "photos");
  await mkdir(photos);
  for (let i = 0; i < 40; i++) await writeFile(join(photos, `${i}.jpg`), `image ${i}`);
  const source = openSource(await describeSource(photos));
  const placed = Array.from({ length: source.count }, (_, image) => ({ image, clusters: [image % 2], cosine: 0.5 }));
  const common = { source, placed, counts: [2], folder: join(root, "out") };
  return { root, photos, common };
}

const quiet = { progress: () => {}, signal: new AbortController().signal };

test("an empty folder is filled, and index.jsonl says what lies where", async (t) => {
  const { root, photos, common } = await filling();
  await mkdir(common.folder);
  await fillFolder({ ...common, copy: false, ...quiet });
  t.deepEqual((await readdir(root)).sort(), ["out", "photos"]);
  const lines = (await readFile(join(common.folder, "index.jsonl"), "utf8")).trim().split("\n");
  t.is(lines.length, 40);
  t.deepEqual(JSON.parse(lines[1]), { file: "1.jpg", path: "1/1.jpg", clusters: [1], cosine: 0.5 });
  for (const line of lines) {
    const { file, path } = JSON.parse(line);
    t.is(await realpath(join(common.folder, path)), join(photos, file));
  }
});

test("an interrupt on the way leaves nothing but the sources", async (t) => {
  const { root, photos, common } = await filling();
  const interrupt = new AbortController();
  const seen: number[] = [];
  const progress = (done: number) => {
    seen.push(done);
    interrupt.abort();
  };
  const filled = fillFolder({ ...common, copy: true, progress, signal: interrupt.signal });
  await t.throwsAsync(filled, { message: /interrupted/ });
  t.is(seen.length, 1);
  t.deepEqual(await readdir(root), ["photos"]);
  t.is((await readdir(photos)).length, 40);
});

test("a file that cannot be copied, or a folder filled meanwhile, is named, and nothing else is left", async (t) => {
  const { root, photos, common } = await filling();
  await rm(join(photos, "7.jpg"));
  await t.throwsAsync(fillFolder({ ...common, copy: true, ...quiet }), {
    name: "DataError",
    message: /7\.jpg cannot be copied/,
  });
  t.deepEqual(await readdir(root), ["photos"]);
  await mkdir(common.folder);
  await writeFile(join(common.folder, "mine.txt"), "kept");
  await t.throwsAsync(fillFolder({ ...common, copy: false, ...quiet }), {
    name: "DataError",
    message: /out cannot be/,
  });
  t.deepEqual((await readdir(root)).sort(), ["out", "photos"]);
  t.is(await readFile(join(common.folder, "mine.txt"), "utf8"), "kept");
});
