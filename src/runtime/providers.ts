/** The execution providers an engine can run on. Another is another row here: the rest of the room is the same code. */
import { ProviderError, UsageError } from "../errors.js";

/** How sessions of a provider are made, and what to do where it does not work. */
export interface ProviderSettings {
  /** What a person should know before choosing it. */
  readonly about: string;
  /** Its name inside ONNX Runtime, as profiles give it. */
  readonly label: string;
  /** Its name where sessions are made. */
  readonly native: string;
  /** Options of the provider itself. */
  readonly options: Readonly<Record<string, string>>;
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
    options: { use_tf32: "0", arena_extend_strategy: "kSameAsRequested" },
    capture: { enable_cuda_graph: "1" },
    library: { linux: "libonnxruntime_providers_cuda.so", win32: "onnxruntime_providers_cuda.dll" },
    picksDevice: true,
    entries: {},
    fixes: [
      [
        /shared library|providers_shared|libcu/i,
        "Install CUDA 12 and cuDNN 9, then its provider: npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12",
      ],
    ],
  },
  dml: {
    about: "any DirectX 12 GPU; Windows",
    label: "DmlExecutionProvider",
    native: "DML",
    options: {},
    capture: null,
    picksDevice: true,
    entries: {},
    fixes: [],
  },
  coreml: {
    about: "Apple's GPU and neural engine; macOS",
    label: "CoreMLExecutionProvider",
    native: "CoreML",
    options: {},
    capture: null,
    picksDevice: false,
    entries: {},
    fixes: [],
  },
  webgpu: {
    about: "any GPU with Vulkan, Direct3D 12 or Metal; bundled on Linux x64, Windows and macOS",
    label: "WebGpuExecutionProvider",
    native: "WebGPU",
    // Some of its kernels read past the end of a buffer: without this a step ends the process now and then (SwiftShader).
    options: { enableRobustness: "1" },
    capture: { enableGraphCapture: "1" },
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
    options: {},
    capture: null,
    picksDevice: false,
    entries: { "session.force_spinning_stop": "1" },
    fixes: [],
  },
} as const satisfies Readonly<Record<string, ProviderSettings>>;

export type Provider = keyof typeof providers;

/** A provider and, where there are several, which of its devices. */
export interface ProviderChoice {
  readonly name: Provider;
  readonly device: number | null;
}

/**
 * The choice that `cuda` or `cuda:1` names, if this library has settings for it and ONNX Runtime's package has it on this
 * platform. ONNX Runtime drops names that it does not know in silence when another remains, so names are checked here and
 * exactly one is ever passed on.
 *
 * @param available - the names that `listSupportedBackends()` gave
 * @throws UsageError for text of another form or a device that cannot be picked; ProviderError for an unavailable name
 */
export function requireProvider(text: string, available: readonly string[]): ProviderChoice {
  const [, name, device] = /^([A-Za-z]\w*)(?::(\d+))?$/.exec(text) ?? [];
  if (name === undefined)
    throw new UsageError(`the provider ${JSON.stringify(text)} is not a name such as cpu, webgpu or cuda:1.`);
  const known = Object.keys(providers).filter((n) => available.includes(n));
  if (!known.includes(name)) {
    const why = available.includes(name)
      ? "is not supported by this version"
      : `is not in this build of ONNX Runtime (it has ${available.join(", ")})`;
    throw new ProviderError(`the provider ${name} ${why}. Choose ${known.join(" or ")}.`);
  }
  const choice: ProviderChoice = { name: name as Provider, device: device === undefined ? null : Number(device) };
  if (choice.device !== null && !providers[choice.name].picksDevice)
    throw new UsageError(`the provider ${name} takes no device number: ONNX Runtime picks its device. Give ${name}.`);
  return choice;
}

/** What ONNX Runtime said, and what to do about it where that is known. */
export function withFix(provider: Provider, said: string): string {
  const fixes: ProviderSettings["fixes"] = providers[provider].fixes;
  const fix = fixes.find(([pattern]) => pattern.test(said))?.[1];
  return fix ? `${said.replace(/\.?\s*$/, ".")} ${fix}.` : said;
}
