/** The provider that `auto` means on this machine. */
import { listSupportedBackends } from "onnxruntime-node";
import { providers } from "../engine/index.js";
import type { Precision } from "../precision.js";
import { type Probe, probe } from "./probe.js";

export interface AutoChoice {
  readonly provider: string;
  /** Those tried before it, and why each was not taken. */
  readonly passedOver: readonly { readonly provider: string; readonly why: string }[];
}

/**
 * The first of `providers` that truly runs a probe (`probe.ts`), not counting drivers that emulate a GPU: they run, at a
 * fraction of the CPU's speed, which is how they are told.
 *
 * @param device - which device, for those that have several
 * @param precision - providers without it are passed over
 */
export async function autoProvider(device: number | null = null, precision: Precision = "fp32"): Promise<AutoChoice> {
  const bundled = new Set(listSupportedBackends().map((b) => b.name));
  const candidates = Object.entries(providers).filter(([name]) => name !== "cpu" && bundled.has(name));
  const passedOver: { provider: string; why: string }[] = [];
  let cpu: Probe | null = null;
  for (const [name, { picksDevice }] of candidates) {
    const provider = device === null || !picksDevice ? name : `${name}:${device}`;
    const found = await probe(provider);
    if (!found.runs) {
      passedOver.push({ provider, why: found.reason });
      continue;
    }
    if (!found.precisions.includes(precision)) {
      const has = found.precisions.join(", ") || "none of those that have a name";
      passedOver.push({ provider, why: `it runs, but not in ${precision}: its precisions are ${has}` });
      continue;
    }
    cpu ??= await probe("cpu");
    if (!cpu.runs || found.convolution >= cpu.convolution) return { provider, passedOver };
    const [theirs, ours] = [found.convolution, cpu.convolution].map((r) => r.toPrecision(2));
    passedOver.push({
      provider,
      why: `it runs, but its convolutions reach ${theirs} GFLOP/s and the CPU's ${ours}: a driver without a GPU? Named as the provider, ${name} is taken all the same`,
    });
  }
  return { provider: "cpu", passedOver };
}
