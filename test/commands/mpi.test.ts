import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import test from "ava";
import sharp from "sharp";
import type { DenseArray } from "../../src/array.js";
import { onDisk } from "../../src/disk/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { RunFolder } from "../../src/train/index.js";
import { type Launcher, mpirun, withLauncher } from "../mpi/mpirun.js";
import { hcsc, hcscWith, images, temporary, tinyRecipe, withRecipe } from "./cli.js";

const main = resolve("build/src/cli/main.js");
const hcscIn = (launcher: Launcher, processes: number, ...args: readonly string[]) =>
  mpirun(launcher, processes, [main, ...args], { seconds: 120 });

withLauncher(
  "openmpi",
  "several processes train one run, which one goes on with; a failure of one ends all",
  async (t) => {
    const { folder, recipe } = await withRecipe({ epochs: 1 });
    const out = join(folder, "run");
    const asked = ["train", "--recipe", recipe, "--data", images, "--out", out] as const;
    const first = await hcscIn("openmpi", 2, ...asked, "--json");
    t.is(first.code, 0, first.stderr);
    const summary = JSON.parse(first.stdout); // one process alone tells
    t.like(summary, { run: out, interrupted: false, position: { epoch: 1, step: 4 } });
    const { recipe: own, sessions } = (await RunFolder.open(onDisk(out))).description;
    t.is(own.encoder.querySubBatches, 2); // of 1 asked for, so that two can share a batch
    t.like(sessions?.[0], { processes: 2, threads: 1 });
    t.deepEqual((await readdir(out)).sort(), ["checkpoints", "graphs", "images.json", "metrics.jsonl", "run.json"]);

    const again = await hcscIn("openmpi", 2, ...asked);
    t.is(again.code, 2);
    t.regex(again.stderr, /process 0 of 2, on .*, has failed, which ends all:\nhcsc: .* already holds a run/);

    const alone = await hcsc("train", "--out", out, "--resume", "--epochs", "2", "--json");
    t.is(alone.code, 0, alone.stderr);
    t.like(JSON.parse(alone.stdout), { position: { epoch: 2, step: 8 } });
  },
);

withLauncher("mpich", "a run of one process goes on in two", async (t) => {
  const { folder, recipe } = await withRecipe({
    epochs: 1,
    encoder: { backbone: "resnet8", imageSize: 16, dimension: 16, querySubBatches: 2, keySubBatches: 2 },
  });
  const out = join(folder, "run");
  t.is((await hcsc("train", "--recipe", recipe, "--data", images, "--out", out)).code, 0);
  const { code, stderr } = await hcscIn("mpich", 2, "train", "--out", out, "--resume", "--epochs", "2");
  t.is(code, 0, stderr);
  t.is(stderr.match(/from step 4 →/g)?.length, 1, stderr);
  const run = await RunFolder.open(onDisk(out));
  t.deepEqual(
    run.description.sessions?.map((s) => s.processes),
    [undefined, 2],
  );
  t.is((await run.metrics()).filter((m) => m.kind === "step").length, 8);
});

const namesOf = (file: string) => file.replace(/[.]\w+$/, ".names.txt");
const picture = (seed: number) =>
  sharp(Buffer.from(Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * (7 + seed)) % 256)), {
    raw: { width: 16, height: 16, channels: 3 },
  });

/** What a command prints as JSON, but for what rounding may move. */
const figuresOf = (stdout: string): unknown => {
  const { loss, ...figures } = JSON.parse(stdout);
  return figures;
};

for (const [launcher, ...command] of [
  ["mpich", "eval", "knn", "--k", "1,5,20"],
  ["openmpi", "eval", "linear", "--fast", "--strengths", "0.1,1"],
  ["openmpi", "eval", "linear", "--epochs", "2", "--batch-size", "24"],
] as const)
  withLauncher(launcher, `two processes give the figures of one: ${command.join(" ")}`, async (t) => {
    const out = await trainedRun();
    const asked = [...command, "--run", out, "--data", images, "--split", "0.2", "--json"] as const;
    const one = await hcsc(...asked);
    t.is(one.code, 0, one.stderr);
    const two = await hcscIn(launcher, 2, ...asked);
    t.is(two.code, 0, two.stderr);
    t.deepEqual(figuresOf(two.stdout), figuresOf(one.stdout)); // one process alone tells
  });

withLauncher("openmpi", "two processes measure the kNN of one before they train, and after", async (t) => {
  const measured = async (processes: number) => {
    const { folder, recipe } = await withRecipe({ epochs: 1, encoder: { ...tinyRecipe.encoder, querySubBatches: 2 } });
    const asked = [
      "--recipe",
      recipe,
      "--data",
      images,
      "--split",
      "0.2",
      "--out",
      join(folder, "run"),
      "--json",
    ] as const;
    const { code, stdout, stderr } = await hcscIn("openmpi", processes, "train", ...asked);
    t.is(code, 0, stderr);
    const { knnBefore, knnAfter } = JSON.parse(stdout);
    return [knnBefore, knnAfter];
  };
  const [one, two] = [await measured(1), await measured(2)];
  t.true(one.every((accuracy) => accuracy > 0));
  t.deepEqual(two, one);
});

withLauncher("openmpi", "three processes embed what one does, an unreadable image left out", async (t) => {
  const run = await trainedRun();
  const folder = await temporary();
  for (let i = 0; i < 20; i++) await picture(i).toFile(join(folder, `${i}.png`));
  await writeFile(join(folder, "7.png"), "none");
  const [one, three] = [join(folder, "one.safetensors"), join(folder, "three.safetensors")];
  const asked = ["embed", "--run", run, "--data", folder, "--json", "--out"] as const;
  const alone = await hcsc(...asked, one);
  const { code, stdout, stderr } = await hcscIn("openmpi", 3, ...asked, three);
  t.is(code, 0, stderr);
  t.like(JSON.parse(stdout), { ...JSON.parse(alone.stdout), file: three, names: namesOf(three), skipped: 1 });
  const [expected, found] = [await readTensors(one), await readTensors(three)];
  t.deepEqual(found.tensors.get("clusters"), expected.tensors.get("clusters"));
  const [vectors, of] = [found, expected].map(({ tensors }) => tensors.get("vectors") as DenseArray<Float32Array>);
  t.deepEqual(vectors.shape, of.shape);
  t.true(vectors.data.every((x, i) => Math.abs(x - of.data[i]) < 1e-6));
  t.is(await readFile(namesOf(three), "utf8"), await readFile(namesOf(one), "utf8"));
});

withLauncher("mpich", "a command of one process is refused in two, before anything is done", async (t) => {
  const { code, stderr } = await hcscIn("mpich", 2, "eval", "cluster", "--run", "none");
  t.is(code, 2);
  t.regex(
    stderr,
    /^hcsc: this command is one process's, and a launcher of MPICH's kind \(PMI\) has started 2: .*train, embed, eval knn/,
  );
});

let run: Promise<string> | null = null;
/** A run that tests share. */
function trainedRun(): Promise<string> {
  run ??= withRecipe().then(async ({ folder, recipe }) => {
    const out = join(folder, "run");
    const { code, stderr } = await hcsc("train", "--recipe", recipe, "--data", images, "--out", out);
    if (code !== 0) throw new Error(stderr);
    return out;
  });
  return run;
}

test("a launcher without a library of MPI's is an error that says what to install", async (t) => {
  const variables = { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2", HCSC_MPI_LIBRARY: "libnowhere.so" };
  const { code, stderr } = await hcscWith(variables, "train", "--recipe", "demo", "--data", images, "--out", "nowhere");
  t.is(code, 1);
  t.regex(stderr, /^hcsc: no MPI library can be opened \(libnowhere\.so: .*install Open MPI or MPICH/);
});
