/** Images that are nearly the same, and what cannot be read, by one run and the real commands. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { describeSource, openSource, shownChannels } from "../../src/data/index.js";
import { folder } from "../data/layout.js";
import { trained } from "../train/trained.js";
import { hcsc, images, temporary } from "./cli.js";

/** The first 18 images of the set, one of them again under another name, and two files that are no images. */
async function messyFolder() {
  const source = openSource(await describeSource(images));
  const files: Record<string, Buffer | string> = { "x.png": "no image", "y.png": "no image" };
  for (let i = 0; i < 18; i++) {
    const { data, width, height, channels } = shownChannels(await source.read(i));
    files[`${String(i).padStart(2, "0")}.png`] = await sharp(data, { raw: { width, height, channels } })
      .png()
      .toBuffer();
  }
  return folder({ ...files, "two\nlines.png": files["07.png"] });
}

const run = trained({ changes: { epochs: 1 } }).then((made) => made.run.path);
const near = ["--threshold", "0.99999"];

test("duplicates names groups, and writes a page that asks for nothing", async (t) => {
  const [data, page] = [await messyFolder(), join(await temporary(), "duplicates.html")];
  const args = ["duplicates", "--run", await run, "--data", data, "--max-broken", "0.2"];
  const { code, stdout, stderr } = await hcsc(...args, ...near, "--out", page, "--json");
  t.is(code, 0, stderr);
  const { groups, images: looked } = JSON.parse(stdout);
  t.is(looked, 19);
  t.deepEqual(
    groups.map((group: { images: string[] }) => group.images),
    [["07.png", "two\nlines.png"]],
  );
  t.true(Math.abs(groups[0].cosine - 1) < 1e-5);
  const html = await readFile(page, "utf8");
  t.is(html.split("<figure>").length, 3);
  t.true(html.includes("07.png"));
  t.notRegex(html, /https?:|<script/);
});

test("neighbors --threshold gives those of at least that cosine, none where there are none", async (t) => {
  const data = await messyFolder();
  const asked = ["neighbors", join(data, "07.png"), "--run", await run, "--count", "19", "--max-broken", "0.2"];
  const found = await hcsc(...asked, "--data", data, ...near, "--json");
  t.is(found.code, 0, found.stderr);
  const [{ neighbors }] = JSON.parse(found.stdout).results;
  t.deepEqual(neighbors.map((n: { name: string }) => n.name).sort(), ["07.png", "two\nlines.png"]);
  const other = await hcsc(...asked, "--data", join(data, "03.png"), ...near);
  t.is(other.code, 0, other.stderr);
  t.regex(other.stdout, /07\.png\n {2}none of this cosine/);
  t.is((await hcsc(...asked, "--threshold", "1.5")).code, 2);
});

test("--max-broken sets how much may be unreadable; a name with a line break is one line of the names file", async (t) => {
  const [data, out] = [await messyFolder(), join(await temporary(), "v.npy")];
  const args = ["embed", "--run", await run, "--data", data, "--out", out];
  const strict = await hcsc(...args, "--max-broken", "0.05");
  t.is(strict.code, 1, strict.stdout);
  t.regex(strict.stderr, /2 images.*cannot be read.*5 %/);
  await t.throwsAsync(readFile(out));
  const lax = await hcsc(...args, "--json");
  t.is(lax.code, 0, lax.stderr);
  t.like(JSON.parse(lax.stdout), { images: 19, skipped: 2 });
  const lines = (await readFile(out.replace(".npy", ".names.txt"), "utf8")).trimEnd().split("\n");
  t.is(lines.length, 19);
  t.deepEqual(lines.slice(-2), ["17.png", '"two\\nlines.png"']);
});

test("training stops at more broken images than --max-broken, and goes on with fewer", async (t) => {
  const data = `${await messyFolder()}[1:21]`; // whole batches: each image is read
  const recipe = join(await temporary(), "recipe.json");
  const { recipe: tiny } = JSON.parse(await readFile(join(await run, "run.json"), "utf8"));
  await writeFile(recipe, JSON.stringify(tiny));
  const train = async (...more: string[]) =>
    hcsc(
      "train",
      "--data",
      data,
      "--recipe",
      recipe,
      "--batch-size",
      "4",
      "--out",
      join(await temporary(), "run"),
      ...more,
      "--json",
    );
  const strict = await train();
  t.is(strict.code, 1);
  t.regex(strict.stderr, /2 images.*cannot be read.*1 %/);
  const lax = await train("--max-broken", "0.1");
  t.is(lax.code, 0, lax.stderr);
  t.is(JSON.parse(lax.stdout).brokenImages, 2);
});
