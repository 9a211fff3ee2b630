/** What the caller's thread and the engine's thread say to each other. Everything here survives structured cloning. */
import type { DenseArray } from "../array.js";
import type { ErrorData } from "../errors.js";
import type { CrossCheck } from "./crossCheck.js";
import type { Placement } from "./placement.js";
import type { ProviderChoice } from "./providers.js";

/** Typed arrays that are fed and come back; bool is `Uint8Array` of 0 and 1. */
export type Elements = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
/** The memory of arrays that are fed: moved between threads, or shared by them. */
export type Block = ArrayBuffer | SharedArrayBuffer;
export type DataArray = DenseArray<Elements>;
export type NamedArrays<T = DataArray> = Readonly<Record<string, T>>;

export type ElementType = "float32" | "float64" | "int64" | "int32" | "uint8" | "bool";

/** An input or output as the model declares it; a dimension known only at run time is a string, maybe empty. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** Bytes that crossed between host and device, both ways, since the engine was opened. Nothing crosses on the CPU. */
export interface Traffic {
  readonly toDevice: number;
  readonly fromDevice: number;
}

export interface ProgramInfo {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Time to make the session. */
  readonly seconds: number;
}

export interface ProgramOptions {
  /** State tensor → the output that becomes its next value. The tensor need not be an input of the program. */
  readonly state?: Readonly<Record<string, string>>;
  /** State that gradients move: what `ort-training` trains. Other backends need not be told. */
  readonly trainable?: readonly string[];
  /**
   * State that a run may write over while it reads it, which saves its memory: the graph was shown to allow it. A run that fails
   * then loses these tensors. Where it saves nothing it is not done.
   */
  readonly overwritten?: readonly string[];
  /** Outputs that are several tensors, one after another: told apart where they are compared with others. */
  readonly vectors?: Readonly<Record<string, readonly { readonly name: string; readonly shape: readonly number[] }[]>>;
  /** The program runs many times, so that recording it pays, where the engine and its provider can. */
  readonly captured?: boolean;
  /** Its ops are already fused as far as the provider's kernels go, so loading does not look for more and takes half the time. */
  readonly fused?: boolean;
}

/** What can be asked of an engine, and what it answers. */
export interface Calls {
  /** Answered once ONNX Runtime is loaded and the provider is there. */
  open: { ask: HostOptions; answer: null };
  load: { ask: { program: string; model: Uint8Array; options: ProgramOptions }; answer: ProgramInfo };
  unload: { ask: { program: string }; answer: null };
  write: { ask: { state: NamedArrays }; answer: null };
  read: { ask: { names: readonly string[] | null }; answer: NamedArrays };
  drop: { ask: { names: readonly string[] | null }; answer: null };
  names: { ask: null; answer: readonly string[] };
  run: { ask: { program: string; feeds: NamedArrays; wanted: readonly string[] }; answer: NamedArrays };
  traffic: { ask: null; answer: Traffic };
  kernels: { ask: null; answer: "cuda" | null };
  /** `last`: the thread ends after it. */
  close: { ask: { last: boolean }; answer: null };
}
export type CallName = keyof Calls;

export type Request = {
  [K in CallName]: { readonly id: number; readonly call: K; readonly ask: Calls[K]["ask"] };
}[CallName];

/** What an engine's thread hosts: the calls, whatever carries them out. */
export interface Hosted {
  load(program: string, model: Uint8Array, options: ProgramOptions): Promise<ProgramInfo>;
  unload(program: string): Promise<void>;
  write(state: NamedArrays): Promise<void>;
  read(names: readonly string[] | null): Promise<NamedArrays>;
  drop(names: readonly string[] | null): void;
  names(): readonly string[];
  run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<NamedArrays>;
  traffic(): Traffic;
  close(): Promise<void>;
}

export interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: ErrorData;
  /** Where programs were found to run, since the last reply. */
  readonly placed: readonly Placement[];
  /** First runs that were compared with the CPU's, since the last reply. */
  readonly checked: readonly CrossCheck[];
  /** What people should be told, since the last reply. */
  readonly warnings: readonly string[];
  /** Memory of feeds, on its way back for the next ones. */
  readonly spent?: readonly Block[];
}

/** The software that runs the graphs: onnxruntime-node, the training build of ONNX Runtime for the web, or, in pages, onnxruntime-web. */
export type Backend = "onnxruntime-node" | "ort-training" | "onnxruntime-web";

/** What an engine is opened with. */
export interface HostOptions {
  readonly backend: Backend;
  readonly provider: ProviderChoice;
  readonly threads: number;
  /** Whether the first run of each program is compared with the CPU's. */
  readonly crossCheck: boolean;
  readonly capture: boolean;
}

/** Places in the flags that a thread is started with, int32 [2] of shared memory (exitGuard.ts). */
export const flag = { busy: 0, stop: 1 } as const;
