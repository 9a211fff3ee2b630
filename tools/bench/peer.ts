/** The PyTorch peer: its scripts in a process of their own, on as many threads as ours. */
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { measuredRun } from "../measuredRun.js";
import { flags } from "./flags.js";

/** The JSON lines that a script prints, and the peak memory of its process; null where no peer was given, or it has no such script. */
export async function peer(
  script: string,
  options: Readonly<Record<string, string | number>>,
): Promise<{ readonly lines: readonly Record<string, number>[]; readonly peakMiB: number | null } | null> {
  if (!flags.peer || !existsSync(join(flags.peer, script))) return null;
  const given = Object.entries({ ...options, threads: cpus().length }).flatMap(([k, v]) => [`--${k}`, String(v)]);
  const { stdout, peakMiB } = await measuredRun(flags.python, [script, ...given], flags.peer);
  const lines = stdout.trim().split("\n");
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, number>), peakMiB };
}
