/** What a PyTorch file may name, all told: everything else is refused by its name. */
import type { NumberName } from "../tensors/index.js";
import { type Global, inert } from "./pickle.js";

/** A run of numbers in a file, of which tensors are views. */
export interface Storage {
  readonly kind: "storage";
  readonly key: string;
  readonly numbers: NumberName;
  readonly count: number;
}

/** A view of a storage, as the file says it; not checked yet. */
export interface TensorView {
  readonly kind: "tensor";
  readonly storage: unknown;
  readonly offset: unknown;
  readonly shape: unknown;
  readonly strides: unknown;
}

export interface StorageType extends Global {
  readonly numbers: NumberName;
}

const storages: Readonly<Record<string, NumberName>> = {
  FloatStorage: "F32",
  DoubleStorage: "F64",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

const tensor = ([storage, offset, shape, strides]: readonly unknown[]): TensorView => ({
  kind: "tensor",
  storage,
  offset,
  shape,
  strides,
});
const dictionary = ([pairs]: readonly unknown[]): unknown =>
  new Map(Array.isArray(pairs) ? pairs.filter((p): p is [unknown, unknown] => Array.isArray(p) && p.length === 2) : []);
const forgotten = (): unknown => inert;

/** What is made of a name when it is called. */
const calls: Readonly<Record<string, Global["call"]>> = {
  "collections.OrderedDict": dictionary,
  "torch._utils._rebuild_tensor_v2": tensor,
  "torch._utils._rebuild_tensor": tensor,
  "torch._utils._rebuild_parameter": ([data]) => data,
  "torch.Size": ([shape]) => shape,
  // Beside weights checkpoints keep options, scores and sets of names.
  "argparse.Namespace": forgotten,
  "torch.device": forgotten,
  "numpy.core.multiarray.scalar": forgotten,
  "numpy._core.multiarray.scalar": forgotten,
  "numpy.dtype": forgotten,
  "_codecs.encode": forgotten,
  "builtins.set": forgotten,
  "__builtin__.set": forgotten,
};
const dtypes = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"];

/** Everything by its full name. */
export const torchNames: ReadonlyMap<string, Global | StorageType> = new Map<string, Global | StorageType>([
  ...Object.entries(calls).map(([name, call]) => [name, { name, call } as Global] as const),
  ...Object.entries(storages).map(([type, numbers]) => [`torch.${type}`, { name: `torch.${type}`, numbers }] as const),
  ...dtypes.map((dtype) => [`torch.${dtype}`, { name: `torch.${dtype}` }] as const),
]);
