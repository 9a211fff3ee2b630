/** The tensors that a run starts from, and their way to an engine. */
import { type DenseArray, elements } from "../array.js";
import { type Engine, release } from "../engine/index.js";
import { initialValue } from "../nn/index.js";
import { slotNames } from "../optim/index.js";
import { encoderSettings, encoderSpecs, firstScale, type StateMemory, state } from "../programs/index.js";
import type { Recipe } from "../recipe/index.js";
import { saveCheckpoint } from "./checkpoint.js";
import { initialQueue } from "./draws.js";
import type { RunFolder } from "./runFolder.js";

type Tensors = Readonly<Record<string, DenseArray>>;

/**
 * State by name, a part at a time, as all of it takes hundreds of megabytes: the queue of random unit rows, then for each tensor of
 * the encoder its values, the same in both encoders, and the optimizer's slots at zero.
 *
 * @param given - what tensors of the encoder start from, by torchvision name; the others are drawn by the recipe's seed
 */
export function* initialParts(recipe: Recipe, given: Tensors = {}): Generator<Tensors> {
  yield { [state.queue]: initialQueue(recipe.method.queue, recipe.encoder.dimension, recipe.seed) };
  if (recipe.precision === "fp16")
    yield {
      [state.lossScale]: { shape: [], data: Float32Array.of(firstScale) },
      [state.goodUpdates]: { shape: [], data: Float32Array.of(0) },
    };
  for (const spec of encoderSpecs(encoderSettings(recipe.encoder))) {
    const value = given[spec.name] ?? initialValue(spec, recipe.seed);
    const part: Record<string, DenseArray> = { [state.query(spec.name)]: value, [state.key(spec.name)]: value };
    if (spec.trainable) {
      const zeros = () => ({ shape: spec.shape, data: new Float32Array(elements(spec.shape)) });
      for (const slot of slotNames[recipe.optimizer.kind]) part[state.optimizer(slot, spec.name)] = zeros();
      if (recipe.accumulation > 1) part[state.gradient(spec.name)] = zeros();
    }
    yield part;
  }
}

/** All of {@link initialParts}. */
export const initialState = (recipe: Recipe, given: Tensors = {}): Record<string, DenseArray> =>
  Object.assign({}, ...initialParts(recipe, given)) as Record<string, DenseArray>;

/** Saves where a run begins, as the checkpoint before its first step. @returns its file */
export const saveStart = (run: RunFolder, given: Tensors): Promise<string> =>
  saveCheckpoint(
    run,
    {
      position: { epoch: 0, batch: 0, step: 0, enqueued: 0 },
      tensors: initialState(run.description.recipe, given),
      assignments: [],
    },
    () => false,
  );

/** Moves plain tensors to an engine's state, as programs hold it: the memory of each part is freed. */
export async function moveToState(engine: Engine, memory: StateMemory, parts: Iterable<Tensors>): Promise<void> {
  for (const packed of memory.pack(released(parts))) {
    await engine.write(packed);
    release(Object.values(packed));
  }
}

/** Parts, each freed when the next is asked for. */
function* released(parts: Iterable<Tensors>): Generator<Tensors> {
  for (const part of parts) {
    yield part;
    release(Object.values(part));
  }
}

/** A part for each tensor. */
export function* singly(tensors: Tensors): Generator<Tensors> {
  for (const [name, tensor] of Object.entries(tensors)) yield { [name]: tensor };
}
