/** What commands are in terminals of every kind, and what ends them. */
import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { hcsc, hcscWith, images, withRecipe } from "./cli.js";

const main = "build/src/cli/main.js";

test.serial("a second Ctrl-C ends at once, and what was saved goes on", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 500, checkpointMinutes: 1e-6 });
  const run = join(folder, "run");
  const child = spawn(process.execPath, [main, "train", "--data", images, "--recipe", recipe, "--out", run]);
  let stderr = "";
  // The first is noticed by what is said; the second comes at once.
  child.stderr.on("data", (d) => {
    stderr += d;
    if (/stopping/.test(stderr)) child.kill("SIGINT");
  });
  const saved = async () => {
    const files = await readdir(join(run, "checkpoints")).catch(() => [] as string[]);
    return files.sort().findLast((file) => file.endsWith(".safetensors")) ?? ""; // not one half-written
  };
  const timer = setInterval(async () => {
    if ((await saved()) < "step-00000004") return;
    clearInterval(timer);
    child.kill("SIGINT");
  }, 20);
  const [code, signal] = await new Promise<[number | null, string | null]>((done) =>
    child.on("exit", (...ending) => done(ending)),
  );
  t.true(signal === "SIGINT" || code === 130, `${code} ${signal} ${stderr}`);
  const at = Number(/\d+/.exec(await saved()));
  t.true(at >= 4);
  const epochs = String(Math.ceil(at / 4) + 1);
  const resumed = await hcsc("train", "--out", run, "--resume", "--epochs", epochs, "--json");
  t.is(resumed.code, 0, resumed.stderr);
  t.is(JSON.parse(resumed.stdout).position.step, 4 * Number(epochs));
  const { sessions } = JSON.parse(await readFile(join(run, "run.json"), "utf8"));
  t.is(sessions.at(-1).step, at, "from the very checkpoint that was there");
});

test.serial("without a terminal, with NO_COLOR and in the C locale, lines are plain: no escapes", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const outcome = await hcscWith(
    { NO_COLOR: "1", LANG: "C", LC_ALL: "C", TERM: "dumb", COLUMNS: "40" },
    ...["train", "--data", images, "--recipe", recipe, "--out", join(folder, "run")],
  );
  t.is(outcome.code, 0, outcome.stderr);
  t.notRegex(outcome.stdout + outcome.stderr, /[^\n -~]/, "nothing but lines of ASCII");
});

test.serial("in a terminal of 40 columns how far work is can be read", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 2 });
  const log = join(folder, "typescript");
  const train = `${process.execPath} ${main} train --data ${images} --recipe ${recipe} --out ${join(folder, "run")}`;
  const child = spawn("script", ["-q", "-e", "-c", `stty cols 40 rows 24; ${train}`, log], {
    stdio: "ignore",
    env: { ...process.env, LANG: "C.UTF-8", LC_ALL: "C.UTF-8" },
  });
  const code = await new Promise((done) => child.on("exit", done).on("error", () => done(null)));
  if (code === null) return t.log("skipped: there is no script(1), which makes terminals");
  t.is(code, 0);
  const shown = await readFile(log, "utf8");
  const bars = [...shown.matchAll(/epoch \d\/2 [█░]+ .*?left/g)].map(([bar]) => bar.slice(0, 40));
  t.true(bars.length > 0, shown);
  for (const bar of bars) t.regex(bar, /^epoch \d\/2 [█░]+ \d+\/4 loss \d+\.\d/);
});
