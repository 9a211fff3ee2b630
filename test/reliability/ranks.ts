/**
 * Training in two processes on two machines, by `hcsc launch` over TCP, that is disturbed again and again: a process is killed or stopped,
 * a link is cut, a stop is asked for. Each time what ends it must be said, in time, and it must end with the very bytes of an
 * undisturbed run.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { random } from "../../src/random.js";
import { tinyRecipe } from "../commands/cli.js";
import { type Hosts, openHosts, ranksOf } from "../mpi/hosts.js";
import { differences, endOf, lines } from "./crashes.js";

/** What is done to a training. `stop` stops a process for good, `cut` its machine's link, `leave` asks all to save and end. */
export type Fault = "kill" | "stop" | "cut" | "leave";

export interface RanksOptions {
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly launcher: "mpirun.openmpi" | "mpirun.mpich";
  readonly onFault?: (what: string) => void;
}

export interface RanksReport {
  readonly runs: number;
  /** By fault: how long it took until all had ended, in seconds. */
  readonly seconds: Readonly<Record<Fault, readonly number[]>>;
  /** What was not as it must be, in words. */
  readonly findings: readonly string[];
}

const recipe = { ...tinyRecipe, epochs: 3, checkpointMinutes: 1e-6 };
const stepsInAll = 12;
const data = "synthetic:count=64,size=16";
const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Seconds that a process may be unheard of, and that the launcher has to end. */
const [silence, grace] = [5, 5];
/** Seconds that all processes may take to come together: a launcher that is started while a link is cut may wait for ever. */
const start = 60;
/** Within which all is to have ended after a fault: these, and what a machine that is busy adds. */
const mostSeconds = silence + grace + 20;

/** What has to be said of a process that a fault befell. Open MPI's launcher (4.1) has crashed while it told of one: then that. */
const causes: Readonly<Record<Exclude<Fault, "leave">, (rank: number, name: string, pid: number) => RegExp>> = {
  kill: (rank, name, pid) =>
    new RegExp(
      `process ${rank}, on ${name} \\(PID ${pid}\\), has ended without a word|process rank ${rank} .* on node (${name}|10\\.77\\.0\\.${rank + 1}) exited on signal 9|process with PID ${pid} on \\S+ was ended|a process (was ended by SIGKILL|has ended) before all had come together|mpirun\\.openmpi was itself ended by SIG(SEGV|ABRT|BUS)`,
    ),
  stop: (rank, name, pid) => new RegExp(`process ${rank}, on ${name} \\(PID ${pid}\\), has not been heard of for`),
  cut: (_, name) => new RegExp(`process [01], on (${name}|machine0) \\(PID \\d+\\), has not been heard of for`),
};

/** A launcher at work, with what it has said. */
class Launch {
  said = "";
  code: number | null | undefined;
  private readonly child: ChildProcess;

  constructor(hosts: Hosts, launcher: string, restarts: number, words: readonly string[]) {
    const list = hosts.addresses.map((address) => `${address}:1`).join(",");
    const own = [
      "--launcher",
      launcher,
      "--hosts",
      list,
      "--restarts",
      String(restarts),
      "--pause",
      "0.5",
      "--grace",
      String(grace),
      "--start",
      String(start),
    ];
    const train = ["train", ...words, "--workers", "1", "--threads", "1", "--lost-seconds", String(silence)];
    this.child = hosts.start(0, [process.execPath, main, "launch", ...own, "--", ...train], hosts.environment);
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk) => {
        this.said += chunk;
      });
    this.child.on("close", (code) => {
      this.code = code;
    });
  }

  /** Restarts announced so far, and the end. */
  get endings(): number {
    return (this.said.match(/^launch: .*; restart \d+ of/gm)?.length ?? 0) + (this.code === undefined ? 0 : 1);
  }

  /** The command itself, in whose place the programs around it have put it. */
  interrupt(): void {
    this.child.kill("SIGTERM");
  }

  async until(isSo: () => boolean | Promise<boolean>, seconds = 300): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`not within ${seconds} s: ${this.said}`);
      await setTimeout(30);
    }
  }
}

/** Disturbs trainings until all faults are done, each at a moment that is drawn. */
export async function ranks({ faults, seed, launcher, onFault }: RanksOptions): Promise<RanksReport> {
  const hosts = openHosts(2);
  const folder = await mkdtemp(join(tmpdir(), "hcsc-ranks-"));
  const recipeFile = join(folder, "tiny.json");
  await writeFile(recipeFile, JSON.stringify(recipe));
  const begin = (run: string) => ["--data", data, "--recipe", recipeFile, "--out", run];
  const draw = random(seed);
  const left = [...faults];
  const findings: string[] = [];
  const seconds: Record<Fault, number[]> = { kill: [], stop: [], cut: [], leave: [] };
  let runs = 0;
  try {
    const whole = join(folder, "whole");
    const undisturbed = new Launch(hosts, launcher, 0, begin(whole));
    await undisturbed.until(() => undisturbed.code !== undefined);
    if (undisturbed.code !== 0) throw new Error(`the undisturbed run failed: ${undisturbed.said}`);
    const expected = await endOf(whole);
    for (; runs === 0 || left.length > 0; runs++) {
      const run = join(folder, `run-${runs}`);
      const steps = async () => (await lines(run)).filter(({ kind }) => kind === "step").at(-1)?.step ?? 0;
      // A start while a link is still cut fails as well.
      const restarts = 2 * left.length;
      let launch = new Launch(hosts, launcher, restarts, begin(run));
      for (let reached = 0; launch.code === undefined; ) {
        // Not before the processes are there; a step further than the last time, or up to two; a kill at any time before that as well.
        const target = left[0] === "kill" && draw() < 0.3 ? 0 : reached + 1 + Math.floor(2 * draw());
        await launch.until(
          async () => launch.code !== undefined || (ranksOf(run).size === 2 && (await steps()) >= target),
        );
        if (launch.code !== undefined || left.length === 0 || target >= stepsInAll) {
          await launch.until(() => launch.code !== undefined);
          break;
        }
        const fault = left.shift() as Fault;
        await setTimeout(1000 * draw());
        const rank = fault === "cut" ? 1 : Math.floor(2 * draw());
        const pid = ranksOf(run).get(rank);
        const before = launch.endings;
        const from = launch.said.length;
        const began = performance.now();
        if (pid === undefined) {
          // It has come to its end, and the fault is yet to be done.
          left.unshift(fault);
          await launch.until(() => launch.code !== undefined);
          break;
        }
        if (fault === "cut") hosts.link(rank, "down");
        else if (fault === "leave") launch.interrupt();
        else process.kill(pid, fault === "kill" ? "SIGKILL" : "SIGSTOP");
        await launch.until(() => launch.endings > before);
        const took = (performance.now() - began) / 1000;
        if (fault === "cut") hosts.link(rank, "up");
        reached = await steps();
        seconds[fault].push(took);
        const what = `${fault} of process ${rank} after step ${reached}: ended in ${took.toFixed(1)} s`;
        onFault?.(what);
        const said = launch.said.slice(from);
        if (took > mostSeconds) findings.push(`${what}, not within ${mostSeconds} s`);
        if (fault === "leave") {
          if (launch.code === 0) break; // it had come to its end
          if (launch.code !== 130) findings.push(`${what}, with ${launch.code}: ${said}`);
          launch = new Launch(hosts, launcher, restarts, ["--out", run, "--resume"]);
        } else if (!causes[fault](rank, hosts.names[rank], pid).test(said))
          findings.push(`${what}, and is not named: ${said}`);
      }
      if (launch.code !== 0) findings.push(`a run is not brought to its end (${launch.code}): ${launch.said}`);
      else findings.push(...differences(expected, await endOf(run)));
      await rm(run, { recursive: true, force: true });
    }
  } finally {
    hosts.close();
    await rm(folder, { recursive: true, force: true });
  }
  return { runs, seconds, findings };
}
