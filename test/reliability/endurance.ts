/** A training of many steps: whether its memory stays as it is, and its numbers finite. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tinyRecipe } from "../commands/cli.js";

/** Memory that 1,000 steps may add. */
export const mostMegabytes = 1;

export interface Endurance {
  readonly steps: number;
  /** Megabytes that 1,000 steps add, by least squares over all but the first tenth of the steps. */
  readonly slope: number;
  /** Megabytes at a tenth of the steps, and at the end. */
  readonly from: number;
  readonly to: number;
  readonly isSound: boolean;
}

const perEpoch = 50;

/** Trains for so many steps by the command line, and follows the process's memory. */
export async function endurance({ steps, seed }: { steps: number; seed: number }): Promise<Endurance> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-endurance-"));
  const [recipe, run] = [join(folder, "tiny.json"), join(folder, "run")];
  await writeFile(recipe, JSON.stringify({ ...tinyRecipe, seed, epochs: steps / perEpoch, batchSize: 8 }));
  const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
  const data = `synthetic:count=${8 * perEpoch},size=16`;
  const args = [main, "train", "--data", data, "--recipe", recipe, "--out", run, "--threads", "1", "--workers", "1"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (d) => {
    stderr = `${stderr}${d}`.slice(-2000);
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const samples: (readonly [step: number, megabytes: number])[] = [];
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    const step = (await metricsOf(run)).at(-1)?.step;
    if (step !== undefined && kilobytes > 0) samples.push([step, kilobytes / 1024]);
  }, 1000);
  try {
    const code = await ended;
    clearInterval(timer);
    if (code !== 0) throw new Error(`training ended with ${code}: ${stderr}`);
    const metrics = await metricsOf(run);
    const settled = samples.filter(([step]) => step > steps / 10);
    return {
      steps: metrics.findLast(({ kind }) => kind === "step")?.step ?? 0,
      slope: 1000 * slopeOf(settled),
      from: settled[0]?.[1] ?? Number.NaN,
      to: settled.at(-1)?.[1] ?? Number.NaN,
      isSound: metrics.every(({ kind, loss }) => kind !== "step" || Number.isFinite(loss)),
    };
  } finally {
    clearInterval(timer);
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

const metricsOf = async (run: string): Promise<{ kind: string; step: number; loss: number }[]> =>
  (await readFile(join(run, "metrics.jsonl"), "utf8").catch(() => ""))
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** Of the line that fits points best. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const across = points.reduce((sum, [px, py]) => sum + (px - x) * (py - y), 0);
  return across / points.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
}
