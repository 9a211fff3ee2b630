/** The PyTorch peer: its scripts in a process of their own, on as many threads as ours. */
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { measuredRun } from "../measuredRun.js";
import { flags } from "./flags.js";

/** Options of a script; `true` is one that takes no value. */
export type PeerOptions = Readonly<Record<string, string | number | true>>;

export interface PeerResult {
  readonly lines: readonly Record<string, number>[];
  /** Of its process. */
  readonly peakMiB: number | null;
}

/** The JSON lines that a script prints; null where no peer was given, it has no such script, or its script has no such option. */
export async function peer(script: string, options: PeerOptions): Promise<PeerResult | null> {
  if (!flags.peer || !existsSync(join(flags.peer, script))) return null;
  const given = Object.entries<PeerOptions[string]>({ ...options, threads: cpus().length }).flatMap(([k, v]) =>
    v === true ? [`--${k}`] : [`--${k}`, String(v)],
  );
  try {
    const { stdout, peakMiB } = await measuredRun(flags.python, [script, ...given], flags.peer);
    const lines = stdout.trim().split("\n");
    return { lines: lines.map((line) => JSON.parse(line) as Record<string, number>), peakMiB };
  } catch (error) {
    if (/ended with 2$/.test((error as Error).message)) return null; // argparse's code; it says why on stderr
    throw error;
  }
}
