/**
 * Runs on the CPU by the JavaScript of an ONNX Runtime package: onnxruntime-web's, and onnxruntime-node's where its C API cannot be
 * called. It copies every output into a new array, which takes memory and time for the state.
 */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import { ProviderError, said } from "../errors.js";
import type { DataArray, Elements, NamedArrays, TensorInfo, Traffic } from "./messages.js";
import { providers } from "./providers.js";
import { release } from "./release.js";
import type { Opened, OpenOptions, Ran, Runner } from "./runner.js";

/** A tensor that stays, as an array of this thread. */
interface Kept {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** What is needed of an ONNX Runtime package. */
export type OrtPackage = Pick<typeof import("onnxruntime-common"), "InferenceSession" | "Tensor">;

export class Copied implements Runner<Kept> {
  constructor(
    private readonly ort: OrtPackage,
    private readonly threads: number,
  ) {}

  /** The CPU is always there. */
  start = (): void => {};

  async open(model: Uint8Array, { fused }: OpenOptions): Promise<Opened<Kept>> {
    const session = await this.ort.InferenceSession.create(model, {
      executionProviders: ["cpu"],
      enableMemPattern: false,
      logSeverityLevel: 4,
      intraOpNumThreads: this.threads,
      graphOptimizationLevel: fused ? "basic" : "all",
      extra: nested(providers.cpu.entries),
    });
    return {
      inputs: session.inputMetadata.map(tensorInfo),
      outputs: session.outputMetadata.map(tensorInfo),
      run: (given, kept, wanted) => run(this.ort, session, given, [...kept.keys()], wanted),
      endProfile: () => {},
      close: () => session.release(),
    };
  }

  readonly overwrites = false;
  room = (): null => null;

  hold = ({ shape, data }: DataArray, dtype: string): Kept => ({ dtype, shape, data: data.slice() as Elements });

  duplicate = (held: Kept): Kept => ({ ...held, data: held.data.slice() as Elements });

  read = (held: readonly Kept[]): readonly DataArray[] =>
    held.map(({ shape, data }) => ({ shape, data: data.slice() as Elements }));

  free(held: Kept): void {
    release([held]);
  }

  traffic = (): Traffic => ({ toDevice: 0, fromDevice: 0 });

  close(): void {}
}

async function run(
  ort: OrtPackage,
  session: InferenceSession,
  given: ReadonlyMap<string, DataArray | Kept>,
  kept: readonly string[],
  wanted: readonly string[],
): Promise<Ran<Kept>> {
  const types = new Map(session.inputMetadata.map((v) => [v.name, tensorInfo(v).dtype]));
  const feeds = [...given].map(([name, { shape, data }]) => {
    const tensor = new ort.Tensor(types.get(name) as "float32", data as Float32Array, shape);
    return [name, tensor] as const;
  });
  const out = await session.run(Object.fromEntries(feeds), [...new Set([...kept, ...wanted])]);
  const held = new Map(kept.map((name) => [name, { dtype: out[name].type, ...arrayOf(out[name]) }]));
  const results = wanted.map((name) => {
    const array = arrayOf(out[name]);
    return [name, held.has(name) ? { ...array, data: array.data.slice() as Elements } : array] as const;
  });
  return { kept: held, results: Object.fromEntries(results) as NamedArrays };
}

const arrayOf = (tensor: Tensor): DataArray => ({ shape: tensor.dims, data: tensor.data as Elements });

/** `session.a` as { session: { a } }, the form that this binding takes. */
const nested = (entries: Readonly<Record<string, string>>): Record<string, unknown> => ({
  session: Object.fromEntries(Object.entries(entries).map(([key, value]) => [key.replace(/^session\./, ""), value])),
});

export function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  if (!value.isTensor)
    throw new ProviderError(
      "unsupported",
      said`${{ tensor: value.name }} is not a tensor: engines run graphs of tensors only.`,
    );
  return { name: value.name, dtype: value.type, shape: value.shape };
}
