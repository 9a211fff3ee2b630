/** How training ends when it is not let finish. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { hcsc, hcscInterrupted, images, withRecipe } from "./cli.js";

const steps = async (run: string) =>
  (await readFile(join(run, "metrics.jsonl"), "utf8").catch(() => ""))
    .split("\n")
    .filter((l) => l.includes('"kind":"step"')).length;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  test.serial(`${signal} saves, says how many steps it waits for, and exits with 130`, async (t) => {
    const { folder, recipe } = await withRecipe({ epochs: 500 });
    const run = join(folder, "run");
    const args = ["train", "--data", images, "--recipe", recipe, "--out", run];
    const { code, stdout, stderr } = await hcscInterrupted(args, async () => (await steps(run)) >= 6, signal);
    t.is(code, 130, stderr);
    t.regex(stderr, /stopping( after at most \d+ steps? under way)?, then saving/);
    t.regex(stdout, /--resume/);
    const saved = (await readdir(join(run, "checkpoints"))).sort().at(-1);
    t.is(saved, `step-${String(await steps(run)).padStart(8, "0")}.safetensors`);
    t.notRegex(stdout, /loss, [a-z ]+ +(0\.000|none|NaN)/);
  });

test.serial("a reader that leaves ends no training and prints no stack", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 2 });
  const run = join(folder, "run");
  const child = spawn(process.execPath, [
    "build/src/cli/main.js",
    ...["train", "--data", images, "--recipe", recipe, "--out", run],
  ]);
  child.stderr.once("data", () => {
    child.stderr.destroy();
    child.stdout.destroy();
  });
  const code = await new Promise((done) => child.on("exit", done));
  t.is(code, 0);
  t.is(await steps(run), 8);
});

test.serial(
  "within an epoch checkpoints are saved by the clock, and a run killed outright goes on from there to the same numbers",
  async (t) => {
    const { folder, recipe } = await withRecipe({ epochs: 1, checkpointMinutes: 1e-6 });
    const many = "synthetic:count=320,size=16"; // 20 steps
    const [whole, killed] = [join(folder, "whole"), join(folder, "killed")];
    const args = (out: string) => ["train", "--data", many, "--recipe", recipe, "--out", out];
    t.is((await hcsc(...args(whole), "--set", "checkpointMinutes=10")).code, 0);
    const saved = async () => (await readdir(join(killed, "checkpoints")).catch(() => [])).sort().at(-1) ?? "";
    await hcscInterrupted(args(killed), async () => (await saved()) > "step-00000003", "SIGKILL");
    const at = Number(/\d+/.exec(await saved()));
    t.true(at >= 3 && at < 20, String(at));
    const resumed = await hcsc("train", "--out", killed, "--resume");
    t.is(resumed.code, 0, resumed.stderr);
    const losses = async (run: string) =>
      (await readFile(join(run, "metrics.jsonl"), "utf8"))
        .trim()
        .split("\n")
        .map((l) => JSON.parse(l))
        .flatMap((m) => (m.kind === "step" || m.kind === "epoch" ? [[m.kind, m.step, m.loss]] : []));
    t.deepEqual(await losses(killed), await losses(whole));
  },
);
