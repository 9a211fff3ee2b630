/** Running another program to its end, with the peak of its memory. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Peak resident memory of a living process in MiB, by Linux's /proc; null elsewhere. */
function peakOf(pid: number): number | null {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return peak && Math.round(Number(peak[1]) / 1024);
  } catch {
    return null; // it has just ended, or there is no /proc
  }
}

/**
 * Runs a program; its stderr is shown.
 *
 * @returns its stdout, and the highest peak seen, 50 times a second
 * @throws if it does not end with code 0
 */
export function measuredRun(
  program: string,
  given: readonly string[],
  cwd = process.cwd(),
): Promise<{ readonly stdout: string; readonly peakMiB: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, given, {
      cwd,
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let [stdout, peakMiB]: [string, number | null] = ["", null];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    const watch = setInterval(() => {
      peakMiB = peakOf(child.pid as number) ?? peakMiB;
    }, 20);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(watch);
      if (code === 0) resolve({ stdout, peakMiB });
      else reject(new Error(`${program} ${given.join(" ")} ended with ${code}`));
    });
  });
}
