/**
 * Whether a provider truly runs here, found out in a process of its own, since a broken driver may end the process that asks.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Provider, providers, withFix } from "../engine/index.js";
import type { Precision } from "../precision.js";

/** What a provider did when it was tried. */
export type Probe =
  | {
      readonly provider: string;
      readonly runs: true;
      /** Those that its numbers keep; `fp32` is missing where its products are rounded further whatever it is told. */
      readonly precisions: readonly Precision[];
      /** Where tensors stay from run to run. */
      readonly state: "device" | "host";
      /** Floating-point operations a second, in 10⁹, at sizes large enough that starting them does not count. */
      readonly matrixProduct: number;
      readonly convolution: number;
      /** What it lacks here, and what that costs. */
      readonly warnings: readonly string[];
    }
  | { readonly provider: string; readonly runs: false; readonly reason: string };

const longestMs = 120_000;

/**
 * Runs a small graph (convolution, product, sum, scatter, state that goes round) on a provider and on the CPU, compares the
 * two at each precision that the provider has, and times large products and convolutions.
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
