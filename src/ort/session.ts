/** A graph that is ready to run, and runs of it over tensors that are bound to its inputs and outputs. */
import { ProviderError, said } from "../errors.js";
import type { CustomOps } from "./customOps.js";
import type { Environment, Tensor } from "./environment.js";
import type { Handle } from "./signatures.js";

export interface SessionSettings {
  /** How far ONNX Runtime rewrites the graph. */
  readonly optimization: "basic" | "all";
  readonly threads: number;
  /** Entries of its configuration, as `session.disable_cpu_ep_fallback`. */
  readonly entries: Readonly<Record<string, string>>;
  /** None: the CPU's. */
  readonly provider: { readonly name: string; readonly options: Readonly<Record<string, string>> } | null;
  /** Ops of our own that its nodes may be of. */
  readonly customOps?: CustomOps | null;
  /** Path, but for its end, of a profile that is written until `endProfile`. */
  readonly profile?: string;
}

const levels = { basic: 1, all: 99 } as const;
/** Errors come back as such: not on stderr too. */
const fatal = 4;

export interface Described {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

export class Session {
  readonly inputs: readonly Described[];
  readonly outputs: readonly Described[];
  private readonly handle: Handle;

  /** @throws ProviderError with what ONNX Runtime says */
  constructor(
    private readonly environment: Environment,
    model: Uint8Array,
    settings: SessionSettings,
  ) {
    const { library } = environment;
    const options = library.make("CreateSessionOptions");
    try {
      library.call("DisableMemPattern", options); // planned memory is no faster here and takes a third more
      library.call("SetSessionLogSeverityLevel", options, fatal);
      library.call("SetSessionGraphOptimizationLevel", options, levels[settings.optimization]);
      library.call("SetIntraOpNumThreads", options, settings.threads);
      for (const [key, value] of Object.entries(settings.entries))
        library.call("AddSessionConfigEntry", options, key, value);
      if (settings.profile) library.call("EnableProfiling", options, settings.profile);
      settings.customOps?.addTo(options);
      if (settings.provider) this.append(options, settings.provider);
      this.handle = environment.session(model, options);
    } finally {
      library.release("SessionOptions", options);
    }
    try {
      this.inputs = this.described("Input");
      this.outputs = this.described("Output");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Where the session itself has each of its outputs, as ONNX Runtime calls the memory; the session's own, not to be released. */
  outputMemory(): readonly { readonly handle: Handle; readonly name: string }[] {
    const { library } = this.environment;
    const infos = new BigUint64Array(this.outputs.length);
    library.call("SessionGetMemoryInfoForOutputs", this.handle, infos, infos.length);
    return Array.from(infos, (handle) => {
      const name: [string | null] = [null];
      library.call("MemoryInfoGetName", handle, name);
      return { handle, name: name[0] ?? "" };
    });
  }

  /** Takes memory of a kind that this session uses. */
  allocator(memory: Handle): Handle {
    return this.environment.library.make("CreateAllocator", this.handle, memory);
  }

  binding(runEntries: Readonly<Record<string, string>> = {}): Binding {
    return new Binding(this.environment, this.handle, runEntries);
  }

  /** Ends the profile. @returns its file */
  endProfile(): string {
    const { library, hostAllocator } = this.environment;
    return this.ownText(library.make("SessionEndProfiling", this.handle, hostAllocator));
  }

  close(): void {
    this.environment.library.release("Session", this.handle);
  }

  private append(options: Handle, provider: NonNullable<SessionSettings["provider"]>): void {
    const { library } = this.environment;
    const [keys, values] = [Object.keys(provider.options), Object.values(provider.options)];
    if (provider.name !== "CUDA") {
      library.call("SessionOptionsAppendExecutionProvider", options, provider.name, keys, values, keys.length);
      return;
    }
    const cuda = library.make("CreateCUDAProviderOptions");
    try {
      library.call("UpdateCUDAProviderOptions", cuda, keys, values, keys.length);
      library.call("SessionOptionsAppendExecutionProvider_CUDA_V2", options, cuda);
    } finally {
      library.release("CUDAProviderOptions", cuda);
    }
  }

  private described(side: "Input" | "Output"): readonly Described[] {
    const { library, hostAllocator } = this.environment;
    const count: [number] = [0];
    library.call(`SessionGet${side}Count`, this.handle, count);
    return Array.from({ length: count[0] }, (_, i) => {
      const name = this.ownText(library.make(`SessionGet${side}Name`, this.handle, i, hostAllocator));
      const type = library.make(`SessionGet${side}TypeInfo`, this.handle, i);
      try {
        const tensor: [Handle | null] = [null];
        library.call("CastTypeInfoToTensorInfo", type, tensor);
        if (tensor[0] === null)
          throw new ProviderError(
            "unsupported",
            said`${{ tensor: name }} is not a tensor: engines run graphs of tensors only.`,
          );
        return { name, ...this.environment.described(tensor[0]) };
      } finally {
        library.release("TypeInfo", type);
      }
    });
  }

  /** A text that was made for us, freed. */
  private ownText(address: Handle): string {
    const { library, hostAllocator } = this.environment;
    const text = library.text(address);
    library.call("AllocatorFree", hostAllocator, address);
    return text;
  }
}

/** An output that a run makes. */
interface Unmade {
  readonly onHost: boolean;
}

/** Tensors bound to a session's inputs and outputs. */
export class Binding {
  private readonly handle: Handle;
  private readonly options: Handle;
  private readonly inputs = new Map<string, Tensor>();
  private readonly outputs = new Map<string, Tensor | Unmade>();

  constructor(
    private readonly environment: Environment,
    private readonly session: Handle,
    runEntries: Readonly<Record<string, string>>,
  ) {
    const { library } = environment;
    this.handle = library.make("CreateIoBinding", session);
    this.options = library.make("CreateRunOptions");
    for (const [key, value] of Object.entries(runEntries)) library.call("AddRunConfigEntry", this.options, key, value);
  }

  /** Binds a tensor to an input, which its memory outlives; one on the host is copied for a session on a device, as it is now. */
  input(name: string, tensor: Tensor): void {
    this.environment.library.call("BindInput", this.handle, name, tensor.handle);
    this.inputs.set(name, tensor);
  }

  /** Binds an output to where it is to be written. */
  output(name: string, tensor: Tensor): void {
    this.environment.library.call("BindOutput", this.handle, name, tensor.handle);
    this.outputs.set(name, tensor);
  }

  /** An output that the run makes itself, since its size is not known before: in `memory`, told by `made`. */
  outputIn(name: string, memory: Handle): void {
    this.environment.library.call("BindOutputToDevice", this.handle, name, memory);
    this.outputs.set(name, { onHost: memory === this.environment.host });
  }

  /** Whether a tensor is bound: its memory then stays. */
  holds(tensor: Tensor): boolean {
    return [...this.inputs.values(), ...this.outputs.values()].includes(tensor);
  }

  run(): void {
    this.environment.library.call("RunWithBinding", this.session, this.options, this.handle);
  }

  /** The outputs that the last run made itself, by name: each to be freed. */
  made(): ReadonlyMap<string, Tensor> {
    const { library, hostAllocator } = this.environment;
    if ([...this.outputs.values()].every((output) => "handle" in output)) return new Map();
    const [list, count]: [[Handle | null], [number]] = [[null], [0]];
    library.call("GetBoundOutputValues", this.handle, hostAllocator, list, count);
    if (list[0] === null) return new Map();
    const values = library.pointers(list[0], count[0]);
    library.call("AllocatorFree", hostAllocator, list[0]);
    const made = new Map<string, Tensor>();
    for (const [i, [name, placed]] of [...this.outputs].entries()) {
      if ("handle" in placed) library.release("Value", values[i]);
      else made.set(name, this.environment.made(values[i], placed.onHost));
    }
    return made;
  }

  close(): void {
    this.environment.library.release("IoBinding", this.handle);
    this.environment.library.release("RunOptions", this.options);
  }
}
