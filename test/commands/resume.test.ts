/** What people do to a run between its sessions. */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import test from "ava";
import { folder as layout, pictures } from "../data/layout.js";
import { hcsc, hcscIn, hcscInterrupted, images, temporary, tinyRecipe, withRecipe } from "./cli.js";

const names = Array.from({ length: 20 }, (_, i) => `${String(i).padStart(2, "0")}.jpg`);

const lines = async (run: string) =>
  (await readFile(join(run, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((l) => JSON.parse(l));
const described = async (run: string) => JSON.parse(await readFile(join(run, "run.json"), "utf8"));

test.serial("a run knows its images again, from any folder, and refuses others by the first difference", async (t) => {
  const data = await layout(await pictures(names));
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const elsewhere = await temporary();
  const relative = basename(data);
  const begun = await hcscIn(
    join(data, ".."),
    "train",
    "--data",
    relative,
    "--recipe",
    recipe,
    "--out",
    `${folder}/run`,
  );
  t.is(begun.code, 0, begun.stderr);
  const run = join(folder, "run");
  t.is((await described(run)).data, resolve(data));
  const again = await hcscIn(elsewhere, "train", "--out", run, "--resume", "--epochs", "2");
  t.is(again.code, 0, again.stderr);
  const report = await hcscIn(elsewhere, "embed", "--run", run, "--out", join(elsewhere, "v.npy"));
  t.is(report.code, 0, report.stderr);

  const more = ["train", "--out", run, "--resume", "--epochs", "3"];
  await rename(join(data, "03.jpg"), join(data, "03b.jpg"));
  const renamed = await hcsc(...more);
  t.is(renamed.code, 2, renamed.stderr);
  t.regex(renamed.stderr, /image 3 is 03b\.jpg, was 03\.jpg/);
  await rename(join(data, "03b.jpg"), join(data, "03.jpg"));
  const content = await readFile(join(data, "04.jpg"));
  await writeFile(join(data, "04.jpg"), (await pictures(["04.jpg"]))["04.jpg"]);
  const changed = await hcsc(...more);
  t.is(changed.code, 2, changed.stderr);
  t.regex(changed.stderr, /04\.jpg/);
  await writeFile(join(data, "04.jpg"), content);
  await writeFile(join(data, "20.jpg"), content);
  const grown = await hcsc(...more);
  t.is(grown.code, 2, grown.stderr);
  t.regex(grown.stderr, /there are 21 images, were 20; the first that is new is 20\.jpg/);
});

test.serial("what may change on resuming changes and is noted; what may not is an error that names it", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const run = join(folder, "run");
  t.is((await hcsc("train", "--data", images, "--recipe", recipe, "--out", run)).code, 0);
  const go = (...more: string[]) => hcsc("train", "--out", run, "--resume", ...more);
  for (const [given, named] of [
    [["--batch-size", "8"], /batchSize is 8, was 16/],
    [["--seed", "5"], /seed is 5, was 0/],
    [["--set", "method.temperature=0.3"], /method\.temperature is 0\.3, was 0\.2/],
    [["--recipe", join(folder, "gone.json")], /no recipe/],
    [["--recipe", "demo"], /encoder\.channels is 1, was 3/],
  ] as const) {
    const refused = await go(...given);
    t.is(refused.code, 2, refused.stderr);
    t.regex(refused.stderr, named);
  }
  const before = await lines(run);
  const more = await go(
    "--epochs",
    "2",
    "--learning-rate",
    "0.05",
    "--set",
    "optimizer.clipNorm=1",
    "--threads",
    "1",
    "--json",
  );
  t.is(more.code, 0, more.stderr);
  t.is(JSON.parse(more.stdout).position.epoch, 2);
  const { recipe: now, sessions } = await described(run);
  t.like(now, { epochs: 2, optimizer: { learningRate: 0.05, clipNorm: 1 } });
  t.deepEqual(sessions[1].changes, [
    "optimizer.learningRate is 0.05, was 0.1",
    "optimizer.clipNorm is 1, was null",
    "epochs is 2, was 1",
  ]);
  t.like(sessions[1], { step: 4, threads: 1, provider: "cpu" });
  t.deepEqual((await lines(run)).slice(0, before.length), before);

  const finished = await go("--json");
  const own = (await lines(run)).findLast((m) => m.kind === "epoch").loss;
  t.is(JSON.parse(finished.stdout).loss, own, "a finished run has the loss of its last epoch");
  const fewer = await go("--epochs", "1");
  t.is(fewer.code, 2);
  t.regex(fewer.stderr, /has done 2 epochs/);
});

test.serial("after numbers that are not finite, a run goes on from before the damage", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 2, checkpointMinutes: 1e-6 });
  const run = join(folder, "run");
  t.is((await hcsc("train", "--data", images, "--recipe", recipe, "--out", run)).code, 0);
  const failed = await hcsc("train", "--out", run, "--resume", "--epochs", "8", "--learning-rate", "1e30");
  t.is(failed.code, 1, failed.stdout);
  t.regex(failed.stderr, /is not finite.*step-00000008\.safetensors, from which the run goes on.*--resume/s);
  t.true((await readdir(join(run, "checkpoints"))).some((f) => f > "step-00000008.safetensors"));
  const mended = await hcsc("train", "--out", run, "--resume", "--epochs", "3", "--learning-rate", "0.1", "--json");
  t.is(mended.code, 0, mended.stderr);
  const { position, loss } = JSON.parse(mended.stdout);
  t.like(position, { epoch: 3, step: 12 });
  t.true(loss < 20, String(loss));
  t.true((await lines(run)).every((m) => m.kind !== "step" || Number.isFinite(m.loss)));
  t.deepEqual(
    (await readdir(join(run, "checkpoints"))).filter((f) => f > "step-00000012.safetensors"),
    [],
  );
});

test.serial("a second trainer is refused by process and host; one that died leaves nothing in the way", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 2000 });
  const run = join(folder, "run");
  const args = ["train", "--data", images, "--recipe", recipe, "--out", run];
  // Past two epochs, of which checkpoints tell.
  const begun = async () => (await readFile(join(run, "metrics.jsonl"), "utf8").catch(() => "")).includes('"epoch":3');
  let second: ReturnType<typeof hcsc> | null = null;
  let pid = 0;
  const killed = await hcscInterrupted(
    args,
    async () => {
      if (!(await begun())) return false;
      pid = JSON.parse(await readFile(join(run, "lock.json"), "utf8")).pid;
      second ??= hcsc("train", "--out", run, "--resume");
      await second;
      return true;
    },
    "SIGKILL",
  );
  t.is(killed.code, null);
  const { code, stderr } = (await second) as unknown as Awaited<ReturnType<typeof hcsc>>;
  t.is(code, 2, stderr);
  t.regex(stderr, new RegExp(`process ${pid} on `));
  t.true((await readdir(run)).includes("lock.json"));
  const after = await hcsc("train", "--out", run, "--resume", "--epochs", "1");
  t.regex(after.stderr, /has done \d+ epochs/, "the lock of the process that died is passed over");
  t.false((await readdir(run)).includes("lock.json"));
});

test.serial("a start that fails leaves no folder, and the corrected command runs", async (t) => {
  const { folder, recipe } = await withRecipe({
    epochs: 1,
    batchSize: 64,
    method: { ...tinyRecipe.method, queue: 64 },
  });
  const out = join(folder, "run");
  const args = ["train", "--data", "synthetic:count=40,size=16", "--recipe", recipe, "--out", out];
  t.is((await hcsc(...args)).code, 1);
  t.is((await hcsc(...args, "--batch-size", "16", "--test", join(folder, "nowhere"))).code, 1);
  t.deepEqual((await readdir(folder)).sort(), ["tiny.json"]);
  t.is((await hcsc(...args, "--batch-size", "16")).code, 0);
});
