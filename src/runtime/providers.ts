/** The execution providers an engine can run on. Another is another row here: the rest of the room is the same code. */
import type { InferenceSession } from "onnxruntime-node";
import { ProviderError } from "../errors.js";

/** How sessions of a provider are made. */
interface ProviderSettings {
  /** What a person should know before choosing it. */
  readonly about: string;
  /** Where state stays between runs: `cpu`, or `gpu-buffer` for tensors that ONNX Runtime keeps on the device. */
  readonly stateLocation: "cpu" | "gpu-buffer";
  readonly session: InferenceSession.SessionOptions;
}

/**
 * CPU: all threads of one pool share a machine with the loader's, and a pool that spins while it waits takes their time, so
 * it waits passively: measured not slower at the step sizes of training, and faster under load.
 */
export const providers = {
  cpu: {
    about: "ONNX Runtime's own kernels on all cores; bundled on every platform",
    stateLocation: "cpu",
    session: { extra: { session: { intra_op: { allow_spinning: "0" } } } },
  },
} as const satisfies Readonly<Record<string, ProviderSettings>>;

export type Provider = keyof typeof providers;

/**
 * `name`, if this library has settings for it and ONNX Runtime's package has it on this platform. ONNX Runtime drops names
 * that it does not know in silence when another remains, so names are checked here and exactly one is ever passed on.
 *
 * @param available - the names that `listSupportedBackends()` gave
 * @throws ProviderError otherwise
 */
export function requireProvider(name: string, available: readonly string[]): Provider {
  const known = Object.keys(providers).filter((n) => available.includes(n));
  if (!known.includes(name)) {
    const why = available.includes(name)
      ? "is not supported by this version"
      : `is not in this build of ONNX Runtime (it has ${available.join(", ")})`;
    throw new ProviderError(`the provider ${name} ${why}. Choose ${known.join(" or ")}.`);
  }
  return name as Provider;
}
