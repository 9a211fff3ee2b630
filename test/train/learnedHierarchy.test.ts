import test from "ava";
import { CheckpointError } from "../../src/errors.js";
import { openEngine } from "../../src/runtime/index.js";
import { lastSoundCheckpoint, learnedHierarchy, placeInHierarchy } from "../../src/train/index.js";
import { trained } from "./trained.js";

test("a run's levels come without padding, and every prototype stands at its own place", async (t) => {
  const { run } = await trained({ changes: { epochs: 2 } });
  const checkpoint = await lastSoundCheckpoint(run, (damage) => t.fail(damage));
  const levels = learnedHierarchy(checkpoint);
  t.is(levels.length, run.description.recipe.method.clusters.length);
  for (const [l, { prototypes, temperature, parent }] of levels.entries()) {
    const [count, width] = prototypes.shape;
    t.is(count, new Set(checkpoint.assignments[l]).size);
    t.is(temperature.length, count);
    for (let i = 0; i < count; i++) {
      const row = prototypes.data.subarray(i * width, (i + 1) * width);
      t.true(Math.abs(row.reduce((s, x) => s + x * x, 0) - 1) < 1e-5, `prototype ${i} of level ${l}`);
    }
    if (l + 1 < levels.length) {
      t.is(parent?.length, count);
      // The tree of the images is the tree of the prototypes.
      for (const [i, id] of checkpoint.assignments[l].entries()) t.is(parent?.[id], checkpoint.assignments[l + 1][i]);
    } else t.is(parent, null);
  }
  const engine = await openEngine();
  const ids = await placeInHierarchy(engine, levels, levels[0].prototypes);
  await engine.close();
  t.deepEqual([...ids[0]], [...ids[0].keys()]);
  t.is(ids.length, levels.length);
  if (levels[0].parent) t.deepEqual(ids[1], levels[0].parent);
});

test("a run that has not clustered yet says so", async (t) => {
  const { run } = await trained({ changes: { epochs: 1, method: { warmupEpochs: 1 } } });
  const checkpoint = await lastSoundCheckpoint(run, (damage) => t.fail(damage));
  t.throws(() => learnedHierarchy(checkpoint), {
    instanceOf: CheckpointError,
    message: /not come to its first clustering/,
  });
});
