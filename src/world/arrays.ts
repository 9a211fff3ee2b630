/** Named arrays, from process 0 to all. */
import { type DenseArray, elements } from "../array.js";
import { share } from "./texts.js";
import type { World } from "./world.js";

const types = { Float32Array, Int32Array, BigInt64Array } as const;
type TypeName = keyof typeof types;

/** Process 0's arrays. @param own - what the others give goes nowhere */
export function shareArrays(
  world: World,
  own: Readonly<Record<string, DenseArray>>,
): Readonly<Record<string, DenseArray>> {
  if (world.size === 1) return own;
  const listed = Object.entries(own).map(([name, { shape, data }]) => ({ name, shape, type: data.constructor.name }));
  const shared = share(world, listed).map(({ name, shape, type }) => {
    const data = world.rank === 0 ? own[name].data : new types[type as TypeName](elements(shape));
    world.broadcast(data);
    return [name, { shape, data } as DenseArray] as const;
  });
  return Object.fromEntries(shared);
}
