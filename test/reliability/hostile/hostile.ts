/** Hostile files of every format, read in processes of their own: what crashes, hangs, swells or fails without words is a finding. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Job, Verdict } from "./child.js";
import type { FormatName } from "./formats.js";

/** What reading one file may take: memory of its process, and time of the processor. */
export const caps = { bytes: 1.5 * 2 ** 30, seconds: 10 } as const;
/** A process that is silent for so long hangs. */
const silentMs = 120_000;

export interface Finding {
  readonly format: FormatName;
  readonly seed: number;
  readonly index: number;
  readonly message: string;
}

export interface FormatOutcome {
  readonly format: FormatName;
  readonly cases: number;
  readonly read: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
  readonly peakBytes: number;
  readonly slowestSeconds: number;
}

/** Reads `cases` hostile files of a format, those of a seed in their order. */
export async function hostile(
  format: FormatName,
  {
    from = 0,
    cases,
    seed,
    onFinding,
    onProgress,
  }: {
    /** The first case. */
    readonly from?: number;
    readonly cases: number;
    readonly seed: number;
    readonly onFinding?: (finding: Finding) => void;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<FormatOutcome> {
  const findings: Finding[] = [];
  const counts = { read: 0, refused: 0, fault: 0 };
  let [next, peakBytes, slowestSeconds] = [from, 0, 0];
  const to = from + cases;
  const found = (index: number, message: string) => {
    findings.push({ format, seed, index, message });
    onFinding?.({ format, seed, index, message });
  };
  while (next < to) {
    let isOver = false;
    const ending = await inChild({ format, seed, from: next, to }, ({ index, kind, message, seconds, memory }) => {
      counts[kind]++;
      next = index + 1;
      onProgress?.(next - from, cases);
      if (kind === "fault") found(index, message);
      if (seconds > caps.seconds) found(index, `takes ${seconds.toFixed(1)} s of the processor (${message})`);
      if (memory > caps.bytes && !isOver)
        found(index, `takes ${Math.round(memory / 2 ** 20)} MB of memory (${message})`);
      isOver ||= memory > caps.bytes;
      peakBytes = Math.max(peakBytes, memory);
      slowestSeconds = Math.max(slowestSeconds, seconds);
      return !isOver; // the peak stays: the rest goes to another process
    });
    if (ending !== null) found(next++, ending);
  }
  const { read, refused } = counts;
  return { format, cases, read, refused, findings, peakBytes, slowestSeconds };
}

/** Runs a job, verdict by verdict, as long as `isWanted`. @returns how its process ended, if not by itself nor by that */
function inChild(job: Job, isWanted: (verdict: Verdict) => boolean): Promise<string | null> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL("./child.js", import.meta.url)), {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let said = "";
    let isStopped = false;
    child.stderr?.on("data", (d) => {
      said = `${said}${d}`.slice(-2000);
    });
    const hangs = () => {
      said = `it hangs. ${said}`;
      child.kill("SIGKILL");
    };
    let watch = setTimeout(hangs, silentMs);
    child.on("message", (verdict: Verdict) => {
      if (isStopped) return;
      clearTimeout(watch);
      watch = setTimeout(hangs, silentMs);
      if (isWanted(verdict)) return;
      isStopped = true;
      child.kill("SIGKILL");
    });
    child.on("close", (code, signal) => {
      clearTimeout(watch);
      resolve(code === 0 || isStopped ? null : `its process ended with ${signal ?? `code ${code}`}: ${said.trim()}`);
    });
    child.send(job);
  });
}
