/** A run that is watched by many at once: how much slower it trains, by rounds with and without them, one after the other. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { tinyRecipe } from "../commands/cli.js";

export interface Viewing {
  /** Steps a second, the median of the rounds. */
  readonly without: number;
  readonly beside: number;
  /** By what share viewers slow training: the median of the rounds' own. */
  readonly share: number;
}

const roundSeconds = 10;

/** Trains by the command line, serves the run by `hcsc watch`, and lets viewers come and go. */
export async function viewers({ viewers: count, rounds }: { viewers: number; rounds: number }): Promise<Viewing> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-viewers-"));
  const [recipe, run] = [join(folder, "tiny.json"), join(folder, "run")];
  await writeFile(
    recipe,
    JSON.stringify({ ...tinyRecipe, epochs: 100_000, method: { ...tinyRecipe.method, warmupEpochs: 100_000 } }),
  );
  const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
  const data = "synthetic:count=640,size=16";
  const started: ChildProcess[] = [];
  const start = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "ignore"] });
    started.push(child);
    return child;
  };
  const stepsDone = async () =>
    (await readFile(join(run, "metrics.jsonl"), "latin1").catch(() => "")).split('"kind":"step"').length - 1;
  try {
    start("train", "--data", data, "--recipe", recipe, "--out", run, "--threads", "1", "--workers", "1");
    while ((await stepsDone()) < 20) await setTimeout(200);
    const server = start("watch", "--run", run);
    const [line] = (await once(server.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    const url = `${String(line).trim()}events`;
    const rate = async () => {
      const [from, began] = [await stepsDone(), performance.now()];
      await setTimeout(1000 * roundSeconds);
      return (1000 * ((await stepsDone()) - from)) / (performance.now() - began);
    };
    const pairs: { without: number; beside: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = await rate();
      const connections = await Promise.all(Array.from({ length: count }, () => listen(url)));
      await setTimeout(1000);
      const beside = await rate();
      for (const connection of connections) connection.destroy();
      await setTimeout(500);
      const after = await rate();
      pairs.push({ without: (before + after) / 2, beside }); // what else the machine does drifts
    }
    const of = (value: (pair: { without: number; beside: number }) => number) => median(pairs.map(value));
    return {
      without: of(({ without }) => without),
      beside: of(({ beside }) => beside),
      share: of(({ without, beside }) => 1 - beside / without),
    };
  } finally {
    for (const child of started) child.kill("SIGKILL");
    await setTimeout(500);
    await rm(folder, { recursive: true, force: true });
  }
}

/** One viewer, who takes all that comes. */
async function listen(url: string): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { agent: false }), "response")) as [IncomingMessage];
  response.on("error", () => {}).resume();
  await once(response, "data");
  return response;
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
