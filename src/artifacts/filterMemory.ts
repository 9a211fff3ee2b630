/**
 * Where a target has blocked kernels, the state keeps filters, their momenta and their gradients in the memory that those read
 * (`graph/lower/filters.ts`), so that no step reorders them. Checkpoints, and all else outside the engine, have plain memory.
 */
import type { DenseArray } from "../array.js";
import type { Shape } from "../graph/index.js";
import { isStateOfParameter, next } from "./names.js";
import type { Target } from "./programs.js";

type Tensors = Readonly<Record<string, DenseArray>>;

/** Whether programs for a block take and give a tensor packed. */
export function isPackedState(name: string, shape: Shape, block: number): boolean {
  const [o, i] = shape as readonly number[];
  return shape.length === 4 && o % block === 0 && i % block === 0 && isStateOfParameter(name.replace(next(""), ""));
}

/** Tensors of the state as the programs of a target take them. */
export const packState = (target: Target, tensors: Tensors): Tensors => each(target, tensors, packed);

/** Tensors of the state as everything else takes them. */
export const unpackState = (target: Target, tensors: Tensors): Tensors => each(target, tensors, unpacked);

function each(target: Target, tensors: Tensors, order: typeof packed): Tensors {
  if (target.kind !== "blocked") return tensors;
  const { block } = target;
  const reordered = ([name, t]: [string, DenseArray]) => [
    name,
    isPackedState(name, t.shape, block) ? { shape: t.shape, data: order(t, places(t.shape, block)) } : t,
  ];
  return Object.fromEntries(Object.entries(tensors).map(reordered));
}

const packed = ({ data }: DenseArray, at: Int32Array): Float32Array =>
  Float32Array.from(at, (plain) => Number(data[plain]));

function unpacked({ data }: DenseArray, at: Int32Array): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < at.length; i++) out[at[i]] = Number(data[i]);
  return out;
}

/** Where the elements of packed memory, [O/b, I/b, h·w, b(i), b(o)], lie in plain memory [O,I,h,w]. */
function places([o, i, h, w]: readonly number[], b: number): Int32Array {
  const at = new Int32Array(o * i * h * w);
  let n = 0;
  for (let outer = 0; outer < o; outer += b)
    for (let inner = 0; inner < i; inner += b)
      for (let tap = 0; tap < h * w; tap++)
        for (let k = inner; k < inner + b; k++)
          for (let f = outer; f < outer + b; f++) at[n++] = (f * i + k) * h * w + tap;
  return at;
}
