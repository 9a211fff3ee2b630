import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import sharp from "sharp";
import type { DenseArray } from "../../src/array.js";
import { readTensors, sha256, writeAtomically } from "../../src/tensorfile/index.js";
import { encodeSealed } from "../../src/tensors/index.js";
import { hcsc, images, temporary, withRecipe } from "./cli.js";

const picture = (seed: number, size = 24) =>
  sharp(Buffer.from(Array.from({ length: size * size * 3 }, (_, i) => (i * (7 + seed)) % 256)), {
    raw: { width: size, height: size, channels: 3 },
  });

/** A folder of 40 images. */
async function photos(): Promise<string> {
  const folder = await temporary();
  for (let i = 0; i < 40; i++)
    await picture(i)
      .png()
      .toFile(join(folder, `${String(i).padStart(2, "0")}.png`));
  return folder;
}

async function trainOn(data: string, changes: object = {}) {
  const { folder, recipe } = await withRecipe({ epochs: 1, ...changes });
  const out = join(folder, "run");
  return { out, ...(await hcsc("train", "--data", data, "--recipe", recipe, "--out", out, "--json")) };
}

function refused(
  t: ExecutionContext,
  outcome: { code: number | null; stderr: string },
  code: number,
  ...said: readonly string[]
) {
  t.is(outcome.code, code, outcome.stderr);
  for (const words of said) t.true(outcome.stderr.includes(words), outcome.stderr);
  t.notRegex(outcome.stderr, /\n {4}at /);
}

test("a missing folder is named", async (t) =>
  refused(t, await trainOn("/nowhere/photos"), 1, "/nowhere/photos", "Give a folder"));

test("a folder without images is named, with what is known", async (t) => {
  const folder = await temporary();
  await writeFile(join(folder, "notes.txt"), "nothing");
  refused(t, await trainOn(folder), 1, folder, ".png");
});

test("one text file named .png is skipped by name, and the run goes on", async (t) => {
  const folder = await photos();
  await writeFile(join(folder, "07.png"), "not an image");
  const outcome = await trainOn(folder);
  t.is(outcome.code, 0, outcome.stderr);
  t.is(JSON.parse(outcome.stdout).brokenImages, 1);
  t.is(outcome.stderr.split("07.png").length > 1, true);
});

test("truncated images past the tolerated share fail the run by their names", async (t) => {
  const folder = await photos();
  // With these there are three whole batches: each image is read.
  for (const name of [..."abcdefgh"].map((letter) => `${letter}.jpg`)) {
    await picture(1, 64).jpeg().toFile(join(folder, name));
    await truncate(join(folder, name), 700);
  }
  refused(t, await trainOn(folder), 1, "cannot be read", ".jpg", "Remove or replace");
});

test("a 1×1 image works", async (t) => {
  const folder = await photos();
  await picture(3, 1).png().toFile(join(folder, "one.png"));
  t.is((await trainOn(folder)).code, 0);
});

test("a batch larger than the set is refused with both numbers", async (t) =>
  refused(t, await trainOn("synthetic:count=10,size=16"), 1, "10 images", "16"));

test("a learning rate that breaks the numbers stops the run with the step, the tensor and the last good checkpoint", async (t) => {
  const outcome = await trainOn(images, { optimizer: { learningRate: 1e30 }, epochs: 3 });
  refused(t, outcome, 1, "is not finite", "step-00000000.safetensors", "learningRate");
  const { tensors } = await readTensors(join(outcome.out, "checkpoints", "step-00000000.safetensors"));
  for (const [name, { data }] of tensors) t.true(!(data instanceof Float32Array) || data.every(Number.isFinite), name);
});

test("an unknown provider is refused by name", async (t) => {
  const { recipe } = await withRecipe();
  refused(t, await hcsc("train", "--data", images, "--recipe", recipe, "--provider", "tpu"), 1, "tpu", "cpu");
});

test("a folder that holds a run is not trained over", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const args = ["train", "--data", images, "--recipe", recipe, "--out", join(folder, "run")];
  t.is((await hcsc(...args)).code, 0);
  refused(t, await hcsc(...args), 2, "already holds a run", "--resume");
});

test("resuming where there is no run is refused", async (t) =>
  refused(
    t,
    await hcsc("train", "--data", images, "--out", "/nowhere/run", "--resume"),
    2,
    "/nowhere/run",
    "holds no run",
  ));

test("a run folder below a file cannot be made, and is named", async (t) => {
  const { folder, recipe } = await withRecipe();
  await writeFile(join(folder, "file"), "");
  refused(
    t,
    await hcsc("train", "--data", images, "--recipe", recipe, "--out", join(folder, "file", "run")),
    1,
    join(folder, "file", "run"),
    "--out",
  );
});

test("of damaged checkpoints each is named and the one before it used; one of wrong shapes names the tensor", async (t) => {
  const { folder, recipe } = await withRecipe();
  const run = join(folder, "run");
  t.is((await hcsc("train", "--data", images, "--recipe", recipe, "--out", run)).code, 0);
  const files = (await readdir(join(run, "checkpoints"))).sort().map((f) => join(run, "checkpoints", f));
  const last = files.at(-1) as string;
  const before = files.at(-2) as string;
  const model = async (...more: readonly string[]) => {
    const out = join(folder, `model${models++}`);
    const outcome = await hcsc("export", "--run", run, "--out", out, ...more);
    return { ...outcome, bytes: await readFile(join(out, "encoder.onnx")).catch(() => null) };
  };
  let models = 0;
  const sound = await readFile(last);
  const whole = await model();
  await rm(last);
  const older = await model();
  t.notDeepEqual(older.bytes, whole.bytes);
  const flipped = Buffer.from(sound);
  flipped[sound.length >> 1] ^= 4;
  for (const damaged of [sound.subarray(0, 5000), flipped]) {
    await writeFile(last, damaged);
    const outcome = await model();
    t.is(outcome.code, 0, outcome.stderr);
    t.true(outcome.stderr.includes(`warning: ${last} is damaged`), outcome.stderr);
    t.true(outcome.stderr.includes("The checkpoint before it is taken"), outcome.stderr);
    t.deepEqual(outcome.bytes, older.bytes);
  }
  const resumed = await hcsc("train", "--out", run, "--resume");
  t.is(resumed.code, 0, resumed.stderr);
  t.true(resumed.stderr.includes(`warning: ${last} is damaged`), resumed.stderr);
  t.deepEqual(await readFile(last), sound, "the same checkpoint again, byte for byte");
  for (const file of files) await truncate(file, 9);
  refused(t, await model(), 1, `none of the ${files.length} checkpoints of ${run} is sound`, last);
  for (const file of files) await rm(file);
  await writeFile(before, sound);
  const { tensors, metadata } = await readTensors(before);
  const wrong = { ...Object.fromEntries(tensors), "query/conv1.weight": { shape: [2], data: new Float32Array(2) } };
  const { sha256: _, ...rest } = wrong as Record<string, DenseArray>;
  await writeAtomically(before, encodeSealed(rest, metadata, sha256()));
  refused(t, await model(), 1, "conv1.weight", "[2]");
});

test("a write that fails half-way leaves no half-written file, and the older file as it was", async (t) => {
  const folder = await temporary();
  const file = join(folder, "out.safetensors");
  await mkdir(folder, { recursive: true });
  await writeFile(file, "before");
  const outcome = await bash(`trap '' XFSZ; ulimit -f 4; ${replay} ${file}`);
  refused(t, outcome, 1, file, "cannot be written");
  t.deepEqual(await readdir(folder), ["out.safetensors"]);
  t.is(await readFile(file, "utf8"), "before");
});

/** A shell's run. */
const bash = (command: string): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) =>
    execFile("bash", ["-c", command], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );
const replay = `${process.execPath} build/src/cli/main.js replay test/fixtures/cluster-temperature-3level.safetensors`;

/** Whether this process may mount file systems of its own. */
const mayMount = async (): Promise<boolean> =>
  (await bash(`d=$(mktemp -d); unshare -m mount -t tmpfs tmpfs $d; code=$?; rmdir $d; exit $code`)).code === 0;

test("a full file system leaves no half-written file, and the older file as it was", async (t) => {
  if (!(await mayMount())) return t.log("skipped: mounting a small file system needs root on Linux");
  const folder = await temporary();
  const file = join(folder, "out.safetensors");
  const outcome = await bash(
    `unshare -m bash -c 'mkdir -p ${folder} && mount -t tmpfs -o size=16k tmpfs ${folder} && printf before > ${file} && ${replay} ${file}; code=$?; ls ${folder}; cat ${file}; exit $code'`,
  );
  refused(t, outcome, 1, file, "the disk is full");
  t.is(outcome.stdout, "out.safetensors\nbefore");
});

test("a read-only file system is an error that names the folder", async (t) => {
  if (!(await mayMount())) return t.log("skipped: mounting a file system needs root on Linux");
  const { folder, recipe } = await withRecipe();
  const mounted = join(folder, "mounted");
  const train = `${process.execPath} build/src/cli/main.js train --data ${images} --recipe ${recipe} --out ${join(mounted, "run")}`;
  const outcome = await bash(
    `unshare -m bash -c 'mkdir -p ${mounted} && mount -t tmpfs -o ro tmpfs ${mounted} && ${train}'`,
  );
  refused(t, outcome, 1, join(mounted, "run"), "read-only");
});
