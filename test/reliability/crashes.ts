/**
 * Training killed outright (SIGKILL), again and again, at random moments and in the midst of random writes, and gone on with each
 * time: what it ends with must be, byte for byte, what an undisturbed run ends with.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCheckpoint } from "../../src/disk/index.js";
import { random } from "../../src/random.js";
import { tinyRecipe } from "../commands/cli.js";

export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  /** Told what each kill hit. */
  readonly onKill?: ((hit: string) => void) | undefined;
}

export interface CrashReport {
  readonly kills: number;
  /** Runs that were killed again and again until they were done. */
  readonly runs: number;
  /** What the kills hit, with their number. */
  readonly hits: ReadonlyMap<string, number>;
  /** What was not as it must be, in words. */
  readonly faults: readonly string[];
}

const recipe = {
  ...tinyRecipe,
  epochs: 3,
  method: { ...tinyRecipe.method, clusters: [24, 6], restarts: 2, iterations: 20 },
  checkpointMinutes: 0.001,
};
const [data, test] = ["synthetic:count=192,size=16", "synthetic:count=32,size=16,seed=5"];
const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const preload = new URL("./dieAtWrite.js", import.meta.url).href;

/** When a process is killed: so many seconds after its start, or in its so manieth write. */
type Moment = { readonly seconds: number } | { readonly write: number } | null;

/** Kills `kills` trainings, and compares every run that comes to its end. */
export async function crashes({ kills, seed, onKill }: CrashOptions): Promise<CrashReport> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-crashes-"));
  const recipeFile = join(folder, "tiny.json");
  await writeFile(recipeFile, JSON.stringify(recipe));
  const draw = random(seed);
  const begin = (run: string) => ["--data", data, "--test", test, "--recipe", recipeFile, "--out", run];
  const faults: string[] = [];
  const hits = new Map<string, number>();
  let killed = 0;
  let runs = 0;
  try {
    const whole = join(folder, "whole");
    const undisturbed = await attempt(begin(whole), null, folder);
    if (undisturbed.code !== 0) throw new Error(`the undisturbed run failed: ${undisturbed.stderr}`);
    const expected = await endOf(whole);
    while (killed < kills) {
      const run = join(folder, `run-${runs++}`);
      for (let isDone = false; !isDone; ) {
        const isBegun = (await readdir(run).catch(() => [] as string[])).includes("run.json");
        const args = isBegun ? ["--out", run, "--resume"] : begin(run);
        const moment =
          killed >= kills
            ? null
            : draw() < 0.5
              ? { seconds: draw() * undisturbed.seconds }
              : { write: 1 + Math.floor(draw() * undisturbed.writes) };
        const { code, stderr } = await attempt(args, moment, folder);
        isDone = code !== null;
        if (isDone) {
          if (code !== 0) faults.push(`after ${killed} kills, ${run} does not go on: ${stderr}`);
          else faults.push(...differences(expected, await endOf(run)).map((what) => `after ${killed} kills ${what}`));
          break;
        }
        const hit = await whatWasHit(run, stderr);
        killed++;
        hits.set(hit, (hits.get(hit) ?? 0) + 1);
        onKill?.(hit);
        faults.push(...(await unsound(run)));
      }
      await rm(run, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { kills: killed, runs, hits, faults };
}

interface Attempt {
  /** Null: it was killed. */
  readonly code: number | null;
  readonly stderr: string;
  readonly seconds: number;
  /** Acts on files that a kill may fall into, of one that was not killed. */
  readonly writes: number;
}

async function attempt(args: readonly string[], moment: Moment, folder: string): Promise<Attempt> {
  const count = join(folder, "count");
  const env = { ...process.env, DIE_COUNT: count, DIE_AT: moment && "write" in moment ? String(moment.write) : "0" };
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ["--import", preload, main, "train", ...args, "--threads", "1", "--workers", "1"],
    {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let stderr = "";
  child.stderr.on("data", (d) => {
    stderr += d;
  });
  const timer = moment && "seconds" in moment ? setTimeout(() => child.kill("SIGKILL"), 1000 * moment.seconds) : null;
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (timer) clearTimeout(timer);
  const writes = code === 0 ? Number(await readFile(count, "utf8")) : 0;
  return { code, stderr, seconds: (performance.now() - began) / 1000, writes };
}

export const lines = async (run: string): Promise<{ kind: string; step: number; epoch: number; loss: number }[]> =>
  (await readFile(join(run, "metrics.jsonl"), "utf8").catch(() => ""))
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const checkpointsOf = async (run: string): Promise<string[]> =>
  (await readdir(join(run, "checkpoints")).catch(() => [] as string[]))
    .filter((f) => f.endsWith(".safetensors"))
    .sort();

/** What a run ends with: the bytes of its last checkpoint, and its losses; and what lies in its folder. */
export async function endOf(run: string) {
  const last = (await checkpointsOf(run)).at(-1) as string;
  const metrics = (await lines(run)).filter(({ kind }) => kind === "step" || kind === "epoch");
  return {
    parameters: `${last} ${(await readFile(join(run, "checkpoints", last))).toString("base64")}`,
    losses: JSON.stringify(metrics.map(({ kind, step, loss }) => [kind, step, loss])),
    files: (await readdir(run, { recursive: true }))
      .filter((file) => !file.endsWith(".safetensors"))
      .sort()
      .join(" "),
  };
}

export type End = Awaited<ReturnType<typeof endOf>>;

export const differences = (expected: End, found: End): readonly string[] =>
  (["parameters", "losses", "files"] as const)
    .filter((what) => expected[what] !== found[what])
    .map((what) => `the ${what} are others: ${found[what].slice(0, 300)}, not ${expected[what].slice(0, 300)}`);

/** Checkpoints that a kill has damaged. */
async function unsound(run: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of await checkpointsOf(run))
    await readCheckpoint(join(run, "checkpoints", file)).catch((error) => found.push(String(error)));
  return found;
}

/** What a killed process was at, by what it said and what it left. */
async function whatWasHit(run: string, stderr: string): Promise<string> {
  const write = /died during (.+)/.exec(stderr)?.[1];
  if (write !== undefined) return write;
  const metrics = await lines(run).catch(() => []);
  if (!/epochs of \d+ steps/.test(stderr)) return "start: images, engine, kNN before training";
  if (metrics.at(-1)?.kind === "session") return "kNN after training";
  const parts = (await readdir(run, { recursive: true })).filter((f) => f.endsWith(".part"));
  if (parts.length > 0) return "a checkpoint or graph being written";
  const steps = 1 + (metrics.findLast(({ kind }) => kind === "step")?.step ?? 0);
  const saved = Number(/\d+/.exec((await checkpointsOf(run)).at(-1) ?? "0"));
  const perEpoch = 192 / recipe.batchSize;
  return steps % perEpoch === 1 && saved === steps - 1 ? "embedding, clustering and graphs of an epoch" : "steps";
}
