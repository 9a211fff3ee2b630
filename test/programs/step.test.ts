import test, { type ExecutionContext } from "ava";
import type { DenseArray } from "../../src/array.js";
import type { Engine } from "../../src/engine/index.js";
import {
  applyStep,
  compile,
  encoderSettings,
  feeds,
  fusedStep,
  gradientStep,
  type Phase,
  prepareProgram,
  results,
  state,
} from "../../src/programs/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, ids, settings, startingState } from "./smallStep.js";

async function engineWith(t: ExecutionContext, start: Record<string, DenseArray>): Promise<Engine> {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.write(start);
  return engine;
}

async function run(
  engine: Engine,
  program: ReturnType<typeof compile>,
  given: Record<string, DenseArray>,
  wanted: readonly string[],
) {
  await engine.load(program.name, program.model, { state: program.state });
  const out = await engine.run(program.name, fedTo(program, given), wanted);
  await engine.unload(program.name);
  return out;
}

const largest = (a: DenseArray, b: DenseArray): number =>
  Math.max(...Array.from(a.data as Float32Array, (x, i) => Math.abs(Number(x) - Number(b.data[i]))));

const portable = { kind: "portable" } as const;

for (const phase of ["warmup", "selective"] as const satisfies Phase[]) {
  test(`the fused ${phase} step gives what the gradient graph and the apply graph give`, async (t) => {
    const [start, given] = [startingState(settings), allFeeds(settings)];
    const fused = await engineWith(t, start);
    const split = await engineWith(t, start);
    for (const engine of [fused, split]) await run(engine, prepareProgram(settings, portable), {}, []);
    const a = await run(fused, compile(fusedStep(settings, phase), portable), given, [results.loss]);
    const b = await run(split, compile(gradientStep(settings, phase), portable), given, [results.loss]);
    await run(split, compile(applyStep(settings), portable), given, []);
    t.is(a[results.loss].data[0], b[results.loss].data[0]);
    const [one, two] = [await fused.read(), await split.read()];
    for (const name of Object.keys(one).filter((n) => !n.startsWith("gradient/")))
      t.true(largest(one[name], two[name]) < 1e-6, name);
    t.true(
      Object.entries(two)
        .filter(([n]) => n.startsWith("gradient/"))
        .every(([, v]) => (v.data as Float32Array).every((x) => x === 0)),
    );
  });
}

test("the normalizers that steps keep for new keys are those that a new clustering would compute", async (t) => {
  const engine = await engineWith(t, startingState(settings));
  await run(engine, prepareProgram(settings, portable), {}, []);
  await run(engine, compile(fusedStep(settings, "selective"), portable), allFeeds(settings), []);
  const kept = await engine.read([state.queueNormalizer, state.queue]);
  await run(engine, prepareProgram(settings, portable), {}, []);
  const fresh = await engine.read([state.queueNormalizer]);
  t.true(largest(kept[state.queueNormalizer], fresh[state.queueNormalizer]) < 1e-6);
});

test("keys replace the queue rows that the step is told, and no others", async (t) => {
  const start = startingState(settings);
  const engine = await engineWith(t, start);
  const { [results.keyEmbedding]: keys } = await run(
    engine,
    compile(fusedStep(settings, "warmup"), { kind: "portable" }),
    allFeeds(settings),
    [results.keyEmbedding],
  );
  const { [state.queue]: queue } = await engine.read([state.queue]);
  const row = (a: DenseArray, r: number) => Array.from((a.data as Float32Array).subarray(r * 8, (r + 1) * 8));
  t.deepEqual(row(queue, 30), row(keys, 0));
  t.deepEqual(row(queue, 1), row(keys, 3));
  t.deepEqual(row(queue, 6), row(start[state.queue], 6));
});

/**
 * The leak: with one BatchNorm over the whole batch, an image's key depends on which other images share its batch, as its
 * query does, and a network can match the two by that. Split over a shuffled batch, the key depends on its own part only.
 */
test("with sub-batches a key does not change when an image of another part of the batch does; with one part it does", async (t) => {
  const given = allFeeds(settings);
  const start = startingState(settings);
  const images = given[feeds.keyImages];
  const changed = { shape: images.shape, data: Uint8Array.from(images.data as Uint8Array) };
  changed.data.fill(255, 0, 100); // image 0 of the key batch: part 0 of 2
  const keysOf = async (keySubBatches: number, batch: DenseArray) => {
    const s = { ...settings, keySubBatches };
    const engine = await engineWith(t, start);
    const out = await run(
      engine,
      compile(fusedStep(s, "warmup"), { kind: "portable" }),
      { ...given, [feeds.keyImages]: batch, [feeds.unshuffle]: ids([0, 1, 2, 3, 4, 5, 6, 7]) },
      [results.keyEmbedding],
    );
    return out[results.keyEmbedding].data as Float32Array;
  };
  const differs = (a: Float32Array, b: Float32Array, row: number) =>
    a.subarray(row * 8, row * 8 + 8).some((x, i) => Math.abs(x - b[row * 8 + i]) > 1e-6);
  const split = [await keysOf(2, images), await keysOf(2, changed)] as const;
  t.deepEqual(
    [1, 3, 5, 7].map((row) => differs(...split, row)),
    [false, false, false, false],
  );
  t.deepEqual(
    [2, 4, 6].map((row) => differs(...split, row)),
    [true, true, true],
  );
  const whole = [await keysOf(1, images), await keysOf(1, changed)] as const;
  t.deepEqual(
    [1, 2, 3, 4, 5, 6, 7].map((row) => differs(...whole, row)),
    Array(7).fill(true),
  );
});

test.serial("ResNet-50's full training graph is built in under 2 s of the processor's time", (t) => {
  const began = process.cpuUsage();
  const s = {
    ...settings,
    encoder: encoderSettings({ backbone: "resnet50", width: 1, channels: 3, imageSize: 224, dimension: 128 }),
    clusters: [3000, 2000, 1000],
    queue: 16384,
  };
  const { model } = compile(fusedStep(s, "selective"), { kind: "portable" });
  t.true(model.length > 100_000);
  const { user, system } = process.cpuUsage(began);
  t.log(`${((user + system) / 1e3).toFixed()} ms`);
  t.true(user + system < 2e6);
});
