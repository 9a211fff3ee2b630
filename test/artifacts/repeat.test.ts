import test from "ava";
import type { DenseArray } from "../../src/array.js";
import {
  compile,
  compileRepeated,
  fusedStep,
  isFed,
  type Phase,
  prepareProgram,
  results,
  stepCount,
} from "../../src/artifacts/index.js";
import { type Engine, openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, scalar, settings, startingState } from "./smallStep.js";

const portable = { kind: "portable" } as const;

function stacked(batches: readonly DenseArray[]): DenseArray {
  const [{ shape, data }] = batches;
  const Kind = data.constructor as Float32ArrayConstructor;
  const all = new Kind(data.length * batches.length);
  for (const [i, b] of batches.entries()) all.set(b.data as Float32Array, i * data.length);
  return { shape: [batches.length, ...shape], data: all };
}

for (const phase of ["warmup", "selective"] as const satisfies Phase[]) {
  test(`three ${phase} steps in one run give the bits of three runs`, async (t) => {
    const batches = [0.1, 0.05, 0.2].map((rate) => ({ ...allFeeds(settings), learningRate: scalar(rate) }));
    const start = startingState(settings);
    const open = async (): Promise<Engine> => {
      const engine = await openEngine();
      t.teardown(() => engine.close());
      await engine.write(start);
      const prepare = prepareProgram(settings);
      await engine.load(prepare.name, prepare.model, { state: prepare.state });
      await engine.run(prepare.name, {}, []);
      return engine;
    };
    const [single, several] = [await open(), await open()];
    const step = compile(fusedStep(settings, phase), portable);
    await single.load("step", step.model, { state: step.state });
    const losses: number[] = [];
    for (const batch of batches)
      losses.push(Number((await single.run("step", fedTo(step, batch), [results.loss]))[results.loss].data[0]));

    const steps = compileRepeated(fusedStep(settings, phase), portable, [results.loss, results.terms]);
    await several.load("steps", steps.model, { state: steps.state });
    const fed = Object.fromEntries(
      steps.inputs
        .filter((v) => isFed(v.name))
        .map(({ name }) => [name, stacked(batches.map((b) => (b as Record<string, DenseArray>)[name]))]),
    );
    const count = { shape: [], data: BigInt64Array.of(3n) };
    const out = await several.run("steps", { ...fed, [stepCount]: count }, [results.loss, results.terms]);

    t.deepEqual(Array.from(out[results.loss].data as Float32Array), losses);
    t.is(out[results.terms].shape[0], 3);
    t.deepEqual(await several.read(), await single.read());
  });
}
