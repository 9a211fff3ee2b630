/**
 * Whether a provider truly runs here, found out in a process of its own, since a broken driver may end the process that asks.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Provider, providers, withFix } from "./providers.js";

/** What a provider did when it was tried. */
export type Probe =
  | {
      readonly provider: string;
      readonly runs: true;
      /** Floating-point operations a second, in 10⁹. */
      readonly matrixProduct: number;
      readonly convolution: number;
      /** Whether products of float16 run on it. */
      readonly float16: boolean;
    }
  | { readonly provider: string; readonly runs: false; readonly reason: string };

const longestMs = 120_000;

/**
 * Runs a small graph (convolution, product, sum, scatter, state that goes round) on a provider and on the CPU, compares the two,
 * and times it.
 *
 * @param provider - as `EngineOptions.provider`
 */
export function probe(provider: string): Promise<Probe> {
  const child = fileURLToPath(new URL("./probeChild.js", import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [child, provider], { timeout: longestMs }, (error, stdout, stderr) => {
      const answer = stdout.trim().split("\n").at(-1) ?? "";
      if (answer.startsWith("{")) return resolve(JSON.parse(answer) as Probe);
      const end = error?.killed
        ? `it did not answer in ${longestMs / 1000} s`
        : `its process ended with ${error?.signal ?? `code ${error?.code}`}`;
      const said = stderr.trim().split("\n").slice(-3).join(" ");
      const name = provider.split(":")[0] as Provider;
      const reason = said ? `${end}: ${said}` : end;
      resolve({ provider, runs: false, reason: name in providers ? withFix(name, reason) : reason });
    });
  });
}
