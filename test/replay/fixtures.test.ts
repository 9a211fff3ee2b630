import test from "ava";
import type { DenseArray } from "../../src/array.js";
import { replayCase } from "../../src/replay/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { assertReplays, fixtures, inputsOf } from "./fixture.js";

for (const fixture of fixtures)
  test(`${fixture} replays within the fixtures' tolerances`, (t) => assertReplays(t, fixture, {}, 1));

test("k-means reaches the objectives that luck reaches, and the true leaves as well as the authors' code", async (t) => {
  const fixture = await readTensors("test/fixtures/cluster-quality.safetensors");
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const outputs = await replayCase(
    JSON.parse(fixture.metadata.config),
    inputsOf(fixture),
    engine,
    await chooseTarget(engine),
  );
  const number = (name: string) => Number(outputs[name].data[0]);
  for (const [l, allowed] of [1.02, 1.08, 1.08].entries()) {
    const spread = Array.from(
      (fixture.tensors.get(`out.objectiveSpread_${l}`) as DenseArray).data as Float32Array,
    ).sort((a, b) => a - b);
    const median = (spread[3] + spread[4]) / 2;
    t.true(
      number(`out.objective_${l}`) <= allowed * median,
      `level ${l}: ${number(`out.objective_${l}`)} against ${median}`,
    );
    t.true(
      number(`out.ami_${l}`) >= Number(fixture.tensors.get(`out.ami_${l}`)?.data[0]) - 0.02,
      `level ${l}: AMI ${number(`out.ami_${l}`)}`,
    );
  }
});
