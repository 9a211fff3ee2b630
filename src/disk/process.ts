/** Processes of this host: whether one that was noted down is the one that runs now. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";

export interface ProcessNote {
  readonly pid: number;
  /** When it was noted down. */
  readonly started: string;
  /** When the system began it, in the system's own count; absent where that does not say. Numbers of processes are given again. */
  readonly begun?: string | undefined;
}

export const thisProcess = (): ProcessNote => {
  const begun = begunOf(process.pid);
  return { pid: process.pid, started: new Date().toISOString(), ...(begun === null ? {} : { begun }) };
};

export function isRunning({ pid, started, begun }: ProcessNote): boolean {
  const startOfHost = Date.now() - uptime() * 1000;
  if (Date.parse(started) <= startOfHost || !exists(pid)) return false;
  const now = begunOf(pid);
  return begun === undefined || now === null || now === begun;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Linux: field 22 of /proc/PID/stat, in ticks since the host began; the name before it, in brackets, may hold anything. */
function begunOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
