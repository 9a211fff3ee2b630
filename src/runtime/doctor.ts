/** What this machine offers: providers tried one by one, graphics devices, versions, threads and memory. */
import { execFile } from "node:child_process";
import { availableParallelism, freemem, totalmem } from "node:os";
import { promisify } from "node:util";
import { listSupportedBackends } from "onnxruntime-node";
import { providers } from "../engine/index.js";
import { versions } from "../version.js";
import { type Probe, probe } from "./probe.js";

export interface Examination {
  readonly versions: Readonly<Record<string, string>>;
  readonly platform: string;
  /** Threads that the process may use. */
  readonly threads: number;
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  /** Graphics devices, as the systems' own tools name them; ONNX Runtime names none. Empty where no tool is installed. */
  readonly devices: readonly string[];
  readonly providers: readonly ProviderReport[];
}

export interface ProviderReport {
  readonly provider: string;
  readonly about: string;
  /** Whether this platform's onnxruntime-node knows it at all. */
  readonly known: boolean;
  /** Whether all it needs came with the package. */
  readonly bundled: boolean;
  /** Null where the package does not know it, so there is nothing to try. */
  readonly probe: Probe | null;
}

/** Tools that name graphics devices, and what of their output does. */
const tools: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["nvidia-smi", ["-L"], /^(GPU \d+: .*?)(?: \(UUID.*)?$/gm],
  ["vulkaninfo", ["--summary"], /deviceName\s*=\s*(.*)$/gm],
];

/** Tries every provider, one after another. */
export async function examine(): Promise<Examination> {
  const backends = new Map(listSupportedBackends().map((b) => [b.name, b.bundled]));
  const reports: ProviderReport[] = [];
  for (const [provider, { about }] of Object.entries(providers)) {
    const known = backends.has(provider);
    reports.push({
      provider,
      about,
      known,
      bundled: backends.get(provider) ?? false,
      probe: known ? await probe(provider) : null,
    });
  }
  return {
    versions: versions(),
    platform: `${process.platform} ${process.arch}`,
    threads: availableParallelism(),
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    devices: (await Promise.all(tools.map(devicesBy))).flat(),
    providers: reports,
  };
}

async function devicesBy([tool, args, pattern]: (typeof tools)[number]): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)(tool, [...args], { timeout: 10_000 });
    return [...stdout.matchAll(pattern)].map(([, name]) => name.trim());
  } catch {
    return []; // the tool is not installed, or finds nothing
  }
}
