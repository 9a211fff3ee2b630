/** Real launchers of MPI, for tests: processes that end in time, whatever they do. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import test, { type ExecutionContext, type Implementation } from "ava";

export interface Launched {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What launchers want in their environment. */
export const launcherVariables = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
/** By implementation: its command, and what it takes to start more processes than there are cores. */
const launchers = {
  openmpi: ["mpirun.openmpi", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"],
  mpich: ["mpirun.mpich"],
} as const;

export type Launcher = keyof typeof launchers;
export const everyLauncher = Object.keys(launchers) as readonly Launcher[];

/** The words before a program that start it in so many processes. */
export const launcherWords = (launcher: Launcher, processes: number): readonly string[] => [
  ...launchers[launcher],
  "-np",
  String(processes),
];

const isThere = (launcher: Launcher): boolean => !spawnSync(launchers[launcher][0], ["--version"]).error;
const expected = process.env.HCSC_EXPECT_MPI === "1";

/** A test for a launcher: left out where it is not installed, unless the environment says that it has to be. */
export function withLauncher(launcher: Launcher, title: string, run: Implementation<[]>): void {
  if (isThere(launcher)) test.serial(`${title} (${launcher})`, run);
  else if (expected)
    test(`${title} (${launcher})`, (t: ExecutionContext) => t.fail(`${launchers[launcher][0]} is not installed`));
  else test.skip(`${title}: ${launchers[launcher][0]} is not installed`, run);
}

/** Starts Node with a script on so many processes. All are killed, with all that they have started, after `seconds`. */
export function mpirun(
  launcher: Launcher,
  processes: number,
  args: readonly string[],
  { variables = {}, seconds = 60, onStart = () => {} }: Options = {},
): Promise<Launched> {
  // `timeout` ends them even where the test itself is killed and cannot.
  const ended = ["-s", "KILL", String(seconds + 5)];
  const child = spawn("timeout", [...ended, ...launcherWords(launcher, processes), process.execPath, ...args], {
    detached: true, // a group of its own, so that it can be ended as one
    env: { ...process.env, ...launcherVariables, NO_COLOR: "1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (d) => {
    out.stdout += d;
  });
  child.stderr.on("data", (d) => {
    out.stderr += d;
  });
  onStart(child);
  return new Promise((done, failed) => {
    const timer = setTimeout(() => {
      process.kill(-(child.pid as number), "SIGKILL");
      failed(new Error(`not done after ${seconds} s: ${out.stdout}${out.stderr}`));
    }, seconds * 1000);
    child.on("error", failed);
    child.on("close", (code) => {
      clearTimeout(timer);
      done({ code, ...out });
    });
  });
}

export interface Options {
  readonly variables?: Readonly<Record<string, string>>;
  readonly seconds?: number;
  readonly onStart?: (child: ChildProcess) => void;
}

/** A compiled script beside the tests. */
export const script = (name: string): string => resolve("build/test/mpi", name);
