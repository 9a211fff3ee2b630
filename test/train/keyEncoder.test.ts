/** The key encoder that reads the engine's state, beside the one that is made with the weights inside. */
import test from "ava";
import { everyIndex, type Matrix } from "../../src/array.js";
import type { CompileTarget } from "../../src/compileTarget.js";
import { describeImages, openImages } from "../../src/data/index.js";
import { stateMemory, stateTensors } from "../../src/programs/index.js";
import { normal, random } from "../../src/random.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { keyEncoderOf } from "../../src/train/keyEncoder.js";
import { planOf } from "../../src/train/plan.js";
import { initialState, moveToState } from "../../src/train/start.js";

const count = 140; // more than a batch, and the second is not full
const targets: readonly CompileTarget[] = [{ kind: "portable" }, { kind: "device", precision: "fp32" }];

for (const backbone of ["resnet8", "vit-tiny-patch4"] as const)
  test(`embeddings of ${backbone} by a program that reads the state, and stays loaded as that changes, are those of its weights`, async (t) => {
    const recipe = parseRecipe(
      {
        name: "small",
        encoder: { backbone, imageSize: 8, dimension: 16 },
        method: { queue: 64 },
        epochs: 1,
        batchSize: 8,
      },
      "small",
    );
    const images = openImages(await describeImages(`synthetic:count=${count},size=8`), {});
    const plan = planOf(recipe, count);
    const draw = random(4);
    /** Other weights than a new run's, so that normalisations do something. */
    const states = [1, 2].map(() =>
      Object.fromEntries(
        Object.entries(initialState(recipe)).map(([name, { shape, data }]) => {
          const isVariance = name.endsWith("running_var");
          const changed = Float32Array.from(data as Float32Array, (x) =>
            isVariance ? 0.5 + draw() : x + 0.05 * normal(draw),
          );
          return [name, { shape, data: changed }];
        }),
      ),
    );
    const found: Matrix[][] = [];
    for (const target of targets) {
      const engine = await openEngine({ provider: "cpu" });
      const memory = stateMemory(target, stateTensors(plan.settings));
      const encoder = keyEncoderOf(engine, plan, target, memory);
      const made: Matrix[] = [];
      for (const state of states) {
        await moveToState(engine, memory, [structuredClone(state)]);
        const done: number[] = [];
        const request = { loader: images.loader, indices: everyIndex(count), signal: undefined };
        made.push(await encoder.embed({ ...request, progress: (n) => done.push(n) }));
        t.deepEqual(done, [128, count]);
      }
      await encoder.unload();
      await engine.close();
      found.push(made);
    }
    await images.close();
    const off = (a: Matrix, b: Matrix): number => Math.max(...a.data.map((x, i) => Math.abs(x - b.data[i])));
    for (const [i, own] of found[1].entries()) t.true(off(own, found[0][i]) < 2e-5, `${off(own, found[0][i])}`);
    t.true(off(found[1][0], found[1][1]) > 0.01); // the second weights, not the first
  });
