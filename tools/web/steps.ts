/** Steps of a recipe's warm-up on an engine, in Node and in a page alike. Nothing here is Node's. */
import { type DenseArray, elements } from "../../src/array.js";
import type { CompileTarget } from "../../src/compileTarget.js";
import type { Engine } from "../../src/engine/index.js";
import {
  compile,
  fusedStep,
  levelsOf,
  results,
  stateMemory,
  stateTensors,
  stepSettings,
} from "../../src/programs/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { initialParts, moveToState } from "../../src/train/index.js";

const arrays = { uint8: Uint8Array, int32: Int32Array, int64: BigInt64Array, float32: Float32Array } as const;

/** @returns what takes so many steps, and gives the seconds of each */
export async function readySteps(
  engine: Engine,
  target: CompileTarget,
  data: unknown,
): Promise<(count: number) => Promise<readonly number[]>> {
  const recipe = parseRecipe(data, "the recipe measured");
  const settings = stepSettings(recipe);
  await moveToState(engine, stateMemory(target, stateTensors(settings)), initialParts(recipe));
  const program = compile(fusedStep(settings, "warmup", levelsOf(target)), target, settings.recompute);
  await engine.load(program.name, program.model, program);
  const held = new Set(await engine.names());
  const feeds: Record<string, DenseArray> = {};
  for (const { name, dtype, shape } of program.inputs) {
    if (held.has(name)) continue;
    const sizes = shape.map(Number);
    const array = new arrays[dtype as keyof typeof arrays](elements(sizes));
    for (let i = 0; i < array.length; i++)
      array[i] = array instanceof BigInt64Array ? BigInt(i) : dtype === "uint8" ? (37 * i) % 256 : 0.01;
    feeds[name] = { shape: sizes, data: array } as DenseArray;
  }
  return async (count) => {
    const seconds: number[] = [];
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      await engine.run(program.name, feeds, [results.loss]);
      seconds.push((performance.now() - began) / 1000);
    }
    return seconds;
  };
}
