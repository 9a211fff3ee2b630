/**
 * The functions of ONNX Runtime's C API that are called, and nothing else about them: places in its table of functions and
 * parameters (onnxruntime_c_api.h). A wrong row crashes the process, so a row is added only with a test that calls it.
 */

/** A pointer to something of ONNX Runtime's. */
export type Handle = bigint;

const [pointer, int, size, text, texts] = ["void *", "int", "size_t", "str", "const char **"] as const;
/** Where a function puts what it makes, a number, a text of its own. */
const [made, number, count, said] = ["_Out_ void **", "_Out_ int *", "_Out_ size_t *", "_Out_ str *"] as const;
const [real, whole, counted] = ["_Out_ float *", "_Out_ int64_t *", "_Inout_ size_t *"] as const;
/** A path is UTF-16 on Windows. */
const path = process.platform === "win32" ? "str16" : "str";

/** What a parameter of each kind takes. */
export interface Given {
  "void *": Handle | ArrayBufferView | null;
  int: number;
  size_t: number;
  str: string;
  str16: string;
  "const char **": readonly string[];
  "_Out_ void **": [Handle | null];
  "_Out_ int *": [number];
  "_Out_ size_t *": [number];
  "_Out_ str *": [string | null];
  "_Out_ float *": [number];
  "_Out_ int64_t *": [number | bigint];
  "_Inout_ size_t *": [number];
}

/** Functions that answer a status: null, or what went wrong. */
export const calls = {
  CreateEnv: [3, int, text, made],
  DisableTelemetryEvents: [6, pointer],
  CreateSessionFromArray: [8, pointer, pointer, size, pointer, made],
  CreateSessionOptions: [10, made],
  EnableProfiling: [14, pointer, path],
  DisableMemPattern: [17, pointer],
  SetSessionLogSeverityLevel: [22, pointer, int],
  SetSessionGraphOptimizationLevel: [23, pointer, int],
  SetIntraOpNumThreads: [24, pointer, int],
  CreateCustomOpDomain: [26, text, made],
  CustomOpDomain_Add: [27, pointer, pointer],
  AddCustomOpDomain: [28, pointer, pointer],
  SessionGetInputCount: [30, pointer, count],
  SessionGetOutputCount: [31, pointer, count],
  SessionGetInputTypeInfo: [33, pointer, size, made],
  SessionGetOutputTypeInfo: [34, pointer, size, made],
  SessionGetInputName: [36, pointer, size, pointer, made],
  SessionGetOutputName: [37, pointer, size, pointer, made],
  CreateRunOptions: [39, made],
  CreateTensorAsOrtValue: [48, pointer, pointer, size, int, made],
  CreateTensorWithDataAsOrtValue: [49, pointer, pointer, size, pointer, size, int, made],
  GetTensorMutableData: [51, pointer, made],
  CastTypeInfoToTensorInfo: [55, pointer, made],
  GetTensorElementType: [60, pointer, number],
  GetDimensionsCount: [61, pointer, count],
  GetDimensions: [62, pointer, pointer, size],
  GetSymbolicDimensions: [63, pointer, pointer, size],
  GetTensorTypeAndShape: [65, pointer, made],
  CreateMemoryInfo: [68, text, int, int, int, made],
  MemoryInfoGetName: [71, pointer, said],
  AllocatorFree: [76, pointer, pointer],
  GetAllocatorWithDefaultOptions: [78, made],
  KernelInfoGetAttribute_float: [85, pointer, text, real],
  KernelInfoGetAttribute_int64: [86, pointer, text, whole],
  KernelContext_GetInputCount: [88, pointer, count],
  KernelContext_GetInput: [90, pointer, size, made],
  KernelContext_GetOutput: [91, pointer, size, pointer, size, made],
  SessionEndProfiling: [110, pointer, pointer, made],
  AddSessionConfigEntry: [130, pointer, text, text],
  CreateAllocator: [131, pointer, pointer, made],
  RunWithBinding: [133, pointer, pointer, pointer],
  CreateIoBinding: [134, pointer, made],
  BindInput: [136, pointer, text, pointer],
  BindOutput: [137, pointer, text, pointer],
  BindOutputToDevice: [138, pointer, text, pointer],
  GetBoundOutputValues: [140, pointer, pointer, made, count],
  KernelInfoGetAttributeArray_float: [162, pointer, text, pointer, counted],
  KernelInfoGetAttributeArray_int64: [163, pointer, text, pointer, counted],
  AddRunConfigEntry: [165, pointer, text, text],
  KernelContext_GetGPUComputeStream: [193, pointer, made],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, pointer, pointer],
  CreateCUDAProviderOptions: [205, made],
  UpdateCUDAProviderOptions: [206, pointer, texts, texts, size],
  SessionOptionsAppendExecutionProvider: [216, pointer, text, texts, texts, size],
  RegisterExecutionProviderLibrary: [301, pointer, text, path],
  SessionGetMemoryInfoForOutputs: [381, pointer, pointer, size],
  CopyTensors: [386, pointer, pointer, pointer, pointer, size],
} as const satisfies Readonly<Record<string, readonly [number, ...(keyof Given)[]]>>;

/** Functions that free what others made, and answer nothing. */
export const releases = {
  Env: 92,
  Status: 93,
  MemoryInfo: 94,
  Session: 95,
  Value: 96,
  RunOptions: 97,
  TypeInfo: 98,
  TensorTypeAndShapeInfo: 99,
  SessionOptions: 100,
  CustomOpDomain: 101,
  Allocator: 132,
  IoBinding: 135,
  CUDAProviderOptions: 208,
} as const;

/** Version of the API asked for: the oldest that has every function above. The table only ever grows, so newer libraries give it. */
export const apiVersion = 23;

/** Functions around the table: of `OrtApiBase` by place, what makes a status, and its text. */
export const around = { getApi: 0, getVersion: 1, createStatus: 0, statusMessage: 2 } as const;

export type Call = keyof typeof calls;
type Rest<T> = T extends readonly [unknown, ...infer R] ? R : never;
type GivenTo<R> = { [K in keyof R]: R[K] extends keyof Given ? Given[R[K]] : never };
type Last<R> = R extends readonly [...unknown[], infer L] ? L : never;
type ButLast<R> = R extends readonly [...infer F, unknown] ? F : never;

/** Everything that a function is given. */
export type Arguments<C extends Call> = Extract<GivenTo<Rest<(typeof calls)[C]>>, readonly unknown[]>;
/** Functions whose last parameter takes what they make, and what those are given before it. */
export type Maker = {
  [C in Call]: Last<Rest<(typeof calls)[C]>> extends typeof made ? C : never;
}[Call];
export type MakerArguments<C extends Maker> = Extract<GivenTo<ButLast<Rest<(typeof calls)[C]>>>, readonly unknown[]>;
