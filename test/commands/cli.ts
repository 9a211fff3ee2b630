/** Running the real command, in this process or one of its own, and a recipe small enough for tests. */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve as resolvePath } from "node:path";
import { runCommandLine } from "../../src/cli/commandLine.js";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = resolvePath("build/src/cli/main.js");

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `hcsc` with arguments in this process, one command line after another: it has loaded the modules and compiled them, which
 * takes most of a process of its own. All that `main.ts` adds are its ears for readers that leave.
 */
export function hcsc(...args: readonly string[]): Promise<Outcome> {
  const outcome = last.then(() => called(args));
  last = outcome;
  return outcome;
}

async function called(args: readonly string[]): Promise<Outcome> {
  const code = process.exitCode;
  const [stdout, stderr] = [heard(process.stdout), heard(process.stderr)];
  try {
    process.exitCode = 0;
    await runCommandLine(args);
    return { code: Number(process.exitCode), stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.exitCode = code;
    stdout.stop();
    stderr.stop();
  }
}

/** Keeps what is written to a stream, in place of writing it. */
function heard(stream: NodeJS.WriteStream): { readonly text: () => string; readonly stop: () => void } {
  const { write } = stream;
  let kept = "";
  stream.write = (chunk: Uint8Array | string): boolean => {
    kept += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  return {
    text: () => kept,
    stop: () => {
      stream.write = write;
    },
  };
}

/** Runs `hcsc` with arguments in a process of its own: how it ends, what it prints outside JavaScript, that nothing keeps it. */
export const hcscProcess = (...args: readonly string[]): Promise<Outcome> => hcscWith({}, ...args);

/** Runs `hcsc` with arguments in a folder. */
export const hcscIn = (cwd: string, ...args: readonly string[]): Promise<Outcome> => started({ cwd }, args);

/** Runs `hcsc` with arguments and some variables of the environment changed. */
export const hcscWith = (variables: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Outcome> =>
  started({ env: { ...process.env, ...variables } }, args);

/** Processes at once: each of them spins on all cores, so more take longer one and all. */
const atOnce = 3;
const waiting: (() => void)[] = [];
let running = 0;

async function started(
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
  args: readonly string[],
): Promise<Outcome> {
  if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++; // who wakes another hands its place over
  try {
    return await new Promise<Outcome>((resolve) => {
      execFile(process.execPath, [main, ...args], { maxBuffer: 1 << 26, ...options }, (error, stdout, stderr) => {
        resolve({ code: error ? ((error.code as unknown as number) ?? null) : 0, stdout, stderr });
      });
    });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

/** Runs `hcsc`, and interrupts it once stderr or a file says so. */
export function hcscInterrupted(
  args: readonly string[],
  when: () => Promise<boolean>,
  signal: NodeJS.Signals = "SIGINT",
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args]);
    const outcome = { stdout: "", stderr: "" };
    child.stdout.on("data", (d) => {
      outcome.stdout += d;
    });
    child.stderr.on("data", (d) => {
      outcome.stderr += d;
    });
    let isSent = false; // a second interrupt would kill it; on a busy machine several looks are under way at once
    const timer = setInterval(async () => {
      if (!(await when()) || isSent) return;
      isSent = true;
      clearInterval(timer);
      child.kill(signal);
    }, 20);
    child.on("exit", (code) => {
      clearInterval(timer);
      resolve({ code, ...outcome });
    });
  });
}

export const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), "hcsc-test-"));

export const tinyRecipe = {
  name: "tiny",
  encoder: { backbone: "resnet8", imageSize: 16, dimension: 16, keySubBatches: 2 },
  method: {
    queue: 64,
    clusters: [6, 3],
    warmupEpochs: 1,
    minimumClusterSize: 1,
    keyMomentum: 0.9,
    restarts: 1,
    iterations: 4,
  },
  optimizer: { learningRate: 0.1 },
  views: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  epochs: 2,
  batchSize: 16,
};

/** A folder with `tiny.json`. */
export async function withRecipe(changes: object = {}): Promise<{ readonly folder: string; readonly recipe: string }> {
  const folder = await temporary();
  const recipe = join(folder, "tiny.json");
  await writeFile(recipe, JSON.stringify({ ...tinyRecipe, ...changes }));
  return { folder, recipe };
}

export const images = "synthetic:count=64,size=16";
