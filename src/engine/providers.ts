/** The execution providers an engine can run on. To add one, add a row here: the rest of the room is the same code. */
import { env } from "onnxruntime-common";
import { ProviderError, said, UsageError } from "../errors.js";
import { cudaModel, standardModel, webGpuModel } from "../graph/index.js";
import type { Precision } from "../precision.js";

/** How sessions of a provider are made, and what to do where it does not work. */
export interface ProviderSettings {
  /** What a person should know before choosing it. */
  readonly about: string;
  /** Its name inside ONNX Runtime, as profiles give it. */
  readonly label: string;
  /** Its name where sessions are made. */
  readonly native: string;
  /** The precisions that it has, each with the provider's own options. */
  readonly precisions: Partial<Readonly<Record<Precision, Readonly<Record<string, string>>>>>;
  /** A model in the form that the provider computes right, and fast; null: as it is. */
  readonly form: ((model: Uint8Array) => Uint8Array) | null;
  /** Whether `name:N` picks one of several devices. */
  readonly picksDevice: boolean;
  /** Its options under which it records runs and plays them again; null where it cannot. */
  readonly capture: Readonly<Record<string, string>> | null;
  /** By platform the library that copies to and from its device, where that is not in ONNX Runtime's own. */
  readonly library?: Readonly<Record<string, string>>;
  /** Entries of a session's configuration. */
  readonly entries: Readonly<Record<string, string>>;
  /** What to install or change, by what ONNX Runtime says. */
  readonly fixes: readonly (readonly [RegExp, string])[];
}

/**
 * Some of WebGPU's kernels read past the end of a buffer: without robustness a step ends the process now and then (SwiftShader).
 * Buffers are kept by their size, for steps ask for the same again: the provider's own way frees those above 160 MiB after
 * every run, and clears each new one. Kernels are handed to the device 256 at a time instead of 16: of a small step, whose
 * launches are what takes its time, a tenth less (H100, ResNet-20: 28 ms and 31).
 */
const steady = { enableRobustness: "1", storageBufferCacheMode: "simple", maxNumPendingDispatches: "256" } as const;
/** CUDA takes more memory by doubling what it has, unless told not to. */
const takesAsNeeded = { arena_extend_strategy: "kSameAsRequested" } as const;

/**
 * CUDA multiplies in TF32 unless told not to, and takes memory by doubling what it has unless told to take what is asked.
 *
 * CPU: threads spin between the parallel parts of a run, which makes steps 5 % and epochs 7 to 12 % faster than waiting passively
 * (two trainings at once on the same cores: 20 % slower), and stop when the run ends, so that the loader has them.
 */
export const providers = {
  cuda: {
    about: "NVIDIA GPUs; Linux x64",
    label: "CUDAExecutionProvider",
    native: "CUDA",
    precisions: {
      fp32: { ...takesAsNeeded, use_tf32: "0" },
      tf32: { ...takesAsNeeded, use_tf32: "1" },
      fp16: { ...takesAsNeeded, use_tf32: "0" },
    },
    form: cudaModel,
    capture: { enable_cuda_graph: "1" },
    library: { linux: "libonnxruntime_providers_cuda.so", win32: "onnxruntime_providers_cuda.dll" },
    picksDevice: true,
    entries: {},
    fixes: [
      [
        /shared library|providers_shared|libcu/i,
        `Its library comes apart. With CUDA 12 and cuDNN 9 installed: ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install. With CUDA 13 and cuDNN 9: take libonnxruntime_providers_cuda.so and libonnxruntime_providers_shared.so from ONNX Runtime's release ${env.versions.common} for CUDA 13 (github.com/microsoft/onnxruntime/releases) and put them into node_modules/onnxruntime-node/bin/napi-v6/linux/x64`,
      ],
    ],
  },
  dml: {
    about: "any DirectX 12 GPU; Windows",
    label: "DmlExecutionProvider",
    native: "DML",
    precisions: { fp32: {}, fp16: {} },
    form: standardModel,
    capture: null,
    picksDevice: true,
    entries: {},
    fixes: [],
  },
  coreml: {
    about: "Apple's GPU and neural engine; macOS",
    label: "CoreMLExecutionProvider",
    native: "CoreML",
    precisions: { fp32: {}, fp16: {} },
    form: standardModel,
    capture: null,
    picksDevice: false,
    entries: {},
    fixes: [],
  },
  webgpu: {
    about: "any GPU with Vulkan, Direct3D 12 or Metal; bundled on Linux x64, Windows and macOS",
    label: "WebGpuExecutionProvider",
    native: "WebGPU",
    precisions: { fp32: steady, fp16: steady },
    form: webGpuModel,
    // Its own recording plays the numbers of the recorded run again, whatever is fed (1.30), and gains nothing on an H100.
    capture: null,
    picksDevice: false,
    entries: {},
    fixes: [
      [
        /No supported adapters|WebGPU adapter/i,
        "Install the GPU maker's driver and, on Linux, a Vulkan loader (Debian: apt-get install libvulkan1); `vulkaninfo --summary` should list the GPU",
      ],
    ],
  },
  cpu: {
    about: "ONNX Runtime's own kernels on all cores; bundled on every platform",
    label: "CPUExecutionProvider",
    native: "CPU",
    precisions: { fp32: {} },
    form: null,
    capture: null,
    picksDevice: false,
    entries: { "session.force_spinning_stop": "1" },
    fixes: [],
  },
} as const satisfies Readonly<Record<string, ProviderSettings>>;

export type Provider = keyof typeof providers;

/** A provider, which of its devices where there are several, and the precision of its products. */
export interface ProviderChoice {
  readonly name: Provider;
  readonly device: number | null;
  readonly precision: Precision;
}

/** The provider's own options for a choice. */
export const optionsOf = ({ name, precision }: ProviderChoice): Readonly<Record<string, string>> =>
  (providers[name].precisions as ProviderSettings["precisions"])[precision] ?? {};

/** The precisions that a provider has. */
export const precisionsOf = (provider: Provider): readonly Precision[] =>
  Object.keys(providers[provider].precisions) as Precision[];

/**
 * The choice that `cuda` or `cuda:1` names, if this library has settings for it and ONNX Runtime's package has it on this
 * platform. ONNX Runtime drops names that it does not know in silence when another remains, so names are checked here and
 * exactly one is ever passed on.
 *
 * @param available - the names that `listSupportedBackends()` gave
 * @throws UsageError for text of another form, a device that cannot be picked, a precision that the provider lacks; ProviderError for an unavailable name
 */
export function requireProvider(
  text: string,
  available: readonly string[],
  precision: Precision = "fp32",
): ProviderChoice {
  const [, name, device] = /^([A-Za-z]\w*)(?::(\d+))?$/.exec(text) ?? [];
  if (name === undefined)
    throw new UsageError(
      "unknown-name",
      `the provider ${JSON.stringify(text)} is not a name such as cpu, webgpu or cuda:1.`,
    );
  const known = Object.keys(providers).filter((n) => available.includes(n));
  if (!known.includes(name)) {
    const why = available.includes(name)
      ? "is not supported by this version"
      : `is not in this build of ONNX Runtime (it has ${available.join(", ")})`;
    throw new ProviderError("absent", said`the provider ${{ provider: name }} ${why}. Choose ${known.join(" or ")}.`);
  }
  const choice = { name: name as Provider, device: device === undefined ? null : Number(device), precision };
  if (choice.device !== null && !providers[choice.name].picksDevice)
    throw new UsageError(
      "unsupported",
      said`the provider ${{ provider: name }} takes no device number: ONNX Runtime picks its device. Give ${name}.`,
    );
  const has = precisionsOf(choice.name);
  if (!has.includes(precision))
    throw new UsageError(
      "unsupported",
      said`precision ${{ precision }} on the provider ${{ provider: name }} would be emulated, slower and no better than fp32. Choose ${has.join(" or ")} there, or a provider that has it.`,
    );
  return choice;
}

/** What ONNX Runtime said, and what to do about it where that is known. */
export function withFix(provider: Provider, words: string): string {
  const fixes: ProviderSettings["fixes"] = providers[provider].fixes;
  const fix = fixes.find(([pattern]) => pattern.test(words))?.[1];
  return fix ? `${words.replace(/\.?\s*$/, ".")} ${fix}.` : words;
}
