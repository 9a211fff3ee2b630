/** Filters in the memory that blocked kernels read (`graph/passes/lower/filters.ts`), and back. */
import type { DenseArray } from "../array.js";
import type { Shape } from "../graph/index.js";
import { isStateOfParameter, next } from "./names.js";

type Tensors = Readonly<Record<string, DenseArray>>;
type Filters = DenseArray<Float32Array>;

/** Whether programs for a block take and give a tensor packed. */
export function isPackedState(name: string, shape: Shape, block: number): boolean {
  const [o, i] = shape as readonly number[];
  return shape.length === 4 && o % block === 0 && i % block === 0 && isStateOfParameter(name.replace(next(""), ""));
}

/** Tensors of the state with filters packed. */
export const packFilters = (block: number, tensors: Tensors): Tensors => each(block, tensors, true);

/** Tensors of the state with filters in plain memory. */
export const unpackFilters = (block: number, tensors: Tensors): Tensors => each(block, tensors, false);

function each(block: number, tensors: Tensors, pack: boolean): Tensors {
  const moved = ([name, t]: [string, DenseArray]) => [
    name,
    isPackedState(name, t.shape, block) ? reordered(t as Filters, block, pack) : t,
  ];
  return Object.fromEntries(Object.entries(tensors).map(moved));
}

/** From plain memory [O,I,h,w] to packed, [O/b, I/b, h·w, b(i), b(o)], or back. */
function reordered({ shape, data }: Filters, b: number, pack: boolean): Filters {
  const [o, i, h, w] = shape;
  const out = new Float32Array(data.length);
  let packed = 0;
  for (let outer = 0; outer < o; outer += b)
    for (let inner = 0; inner < i; inner += b)
      for (let tap = 0; tap < h * w; tap++)
        for (let k = inner; k < inner + b; k++)
          for (let f = outer; f < outer + b; f++) {
            const plain = (f * i + k) * h * w + tap;
            if (pack) out[packed++] = data[plain];
            else out[plain] = data[packed++];
          }
  return { shape, data: out };
}
