/**
 * How a target's programs hold the state. Checkpoints, and all else outside the engine, have plain tensors by name; on blocked
 * kernels filters, their momenta and their gradients lie in the memory that those read (`filterMemory.ts`), so that no step
 * reorders them; on devices tensors of a kind are one vector (`vectors.ts`), and the levels of the hierarchy a stack beside
 * themselves (`hierarchyStack.ts`).
 */

import { type DenseArray, elements } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import { ShapeError, said } from "../errors.js";
import { packFilters, unpackFilters } from "./filterMemory.js";
import { stackOfLevels } from "./hierarchyStack.js";
import { isStateOfLevel, isStateOfStack } from "./names.js";
import { type Named, stateVectors } from "./vectors.js";

type Tensors = Readonly<Record<string, DenseArray>>;

export interface StateMemory {
  /** Plain tensors, which may come in parts, as programs take them. Each part may be freed when the next is asked for. */
  pack(parts: Iterable<Tensors>): Generator<Tensors>;
  /** What programs hold as plain tensors. */
  unpack(held: Tensors): Tensors;
  /** The names under which plain tensors are held. */
  holders(names: readonly string[]): readonly string[];
}

/**
 * The memory of a target's state.
 *
 * @param plain - all tensors of the state that belong to parameters, as plain ones
 */
export function stateMemory(target: CompileTarget, plain: readonly Named[]): StateMemory {
  if (target.kind === "blocked")
    return inPlace(
      (t) => packFilters(target.block, t),
      (t) => unpackFilters(target.block, t),
    );
  return target.kind === "device"
    ? asVectors(plain)
    : inPlace(
        (t) => t,
        (t) => t,
      );
}

/** The memory of a state that is all there. */
export const memoryOf = (target: CompileTarget, tensors: Tensors): StateMemory =>
  stateMemory(
    target,
    Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })),
  );

/** All of a state at once, as programs take it. */
export const packState = (target: CompileTarget, tensors: Tensors): Tensors =>
  Object.assign({}, ...memoryOf(target, tensors).pack([tensors])) as Tensors;

function inPlace(packed: (t: Tensors) => Tensors, unpacked: (t: Tensors) => Tensors): StateMemory {
  return {
    *pack(parts) {
      for (const part of parts) yield packed(part);
    },
    unpack: unpacked,
    holders: (names) => names,
  };
}

interface Place {
  readonly vector: string;
  readonly from: number;
  readonly shape: readonly number[];
}

function asVectors(plain: readonly Named[]): StateMemory {
  const places = new Map<string, Place>();
  const sizes = new Map<string, number>();
  for (const { name: vector, members } of stateVectors(plain)) {
    let from = 0;
    for (const { name, shape } of members) {
      places.set(name, { vector, from, shape });
      from += elements(shape);
    }
    sizes.set(vector, from);
  }
  return {
    *pack(parts) {
      const vectors = new Map<string, { readonly data: Float32Array; left: number }>();
      const levels: Record<string, DenseArray> = {};
      for (const part of parts) {
        const ready: Record<string, DenseArray> = {};
        for (const [name, tensor] of Object.entries(part)) {
          if (isStateOfLevel(name)) levels[name] = { shape: tensor.shape, data: tensor.data.slice() };
          const place = places.get(name);
          if (!place) {
            ready[name] = tensor;
            continue;
          }
          const size = sizes.get(place.vector) as number;
          const into = vectors.get(place.vector) ?? { data: new Float32Array(size), left: size };
          vectors.set(place.vector, into);
          into.data.set(tensor.data as Float32Array, place.from);
          into.left -= tensor.data.length;
          if (into.left === 0) ready[place.vector] = { shape: [size], data: into.data };
        }
        yield ready;
      }
      yield stackOfLevels(levels);
      for (const [name, { left }] of vectors)
        if (left > 0)
          throw new ShapeError(
            "wrong-shape",
            said`${{ tensor: name }}: ${left} of its ${sizes.get(name)} elements were not given`,
          );
    },
    unpack(held) {
      const out: Record<string, DenseArray> = {};
      for (const [name, tensor] of Object.entries(held))
        if (!sizes.has(name) && !isStateOfStack(name)) out[name] = tensor;
      for (const [name, { vector, from, shape }] of places) {
        const data = held[vector]?.data as Float32Array | undefined;
        if (data) out[name] = { shape, data: data.slice(from, from + elements(shape)) };
      }
      return out;
    },
    holders: (names) => [...new Set(names.map((name) => places.get(name)?.vector ?? name))],
  };
}
