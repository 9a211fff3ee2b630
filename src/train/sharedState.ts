/** The state of a run that several processes train: it begins as process 0's on all, and what of it is saved. */
import { type DenseArray, elements } from "../array.js";
import type { Engine } from "../engine/index.js";
import { encoderSpecs, type StateMemory, state } from "../programs/index.js";
import { shareArrays, type World } from "../world/index.js";
import type { Plan } from "./plan.js";
import { moveToState, singly } from "./start.js";

type Tensors = Readonly<Record<string, DenseArray>>;

/**
 * Gives the engines of all processes the state that process 0's has, and each gradients to add to.
 *
 * @param assignments - process 0's
 * @returns process 0's, for all
 */
export async function shareState(
  world: World,
  engine: Engine,
  memory: StateMemory,
  { settings, recipe }: Plan,
  assignments: readonly Int32Array[],
): Promise<readonly Int32Array[]> {
  const own = world.rank === 0 ? memory.unpack(await engine.read()) : {};
  const tensors = shareArrays(world, own);
  if (world.rank !== 0) await moveToState(engine, memory, singly(tensors));
  if (recipe.accumulation === 1) {
    const trainable = encoderSpecs(settings.encoder).filter((spec) => spec.trainable);
    const zeros = trainable.map(({ name, shape }) => ({
      [state.gradient(name)]: { shape, data: new Float32Array(elements(shape)) },
    }));
    await moveToState(engine, memory, zeros);
  }
  const levels = assignments.map((data, l) => [String(l), { shape: [data.length], data }]);
  const shared = Object.values(shareArrays(world, Object.fromEntries(levels)));
  return shared.map(({ data }) => data as Int32Array);
}

/** Of a state what is saved, which any number of processes may go on from: gradients only where batches add to them. */
export const savedOf = ({ recipe }: Plan, tensors: Tensors): Tensors =>
  recipe.accumulation > 1
    ? tensors
    : Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith(state.gradient(""))));
