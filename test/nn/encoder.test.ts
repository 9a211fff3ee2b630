/** The seam for encoders: a backbone that is no row of the table, a small vision transformer with a BatchNorm in its head, is trained. */

import test from "ava";
import type { CompileTarget } from "../../src/compileTarget.js";
import { vit } from "../../src/nn/index.js";
import {
  compile,
  type EncoderSettings,
  encoderModel,
  encoderSpecs,
  feeds,
  fusedStep,
  initialEncoder,
  packState,
  prepareProgram,
  results,
  type StepSettings,
} from "../../src/programs/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, gaussian, scalar, settings as small, startingState } from "../programs/smallStep.js";

const encoder: EncoderSettings = {
  backbone: vit({ patch: 5, heads: 2, depth: 1 }, { width: 1 / 8, imageSize: 10 }),
  channels: 1,
  imageSize: 10,
  dimension: 8,
  head: "mlp-bn",
};

test("an encoder of the caller's own declares its tensors, and which are not trained", (t) => {
  t.deepEqual(
    encoderSpecs(encoder).map(({ name, shape, trainable }) => `${name} ${shape}${trainable ? "" : " untrained"}`),
    [
      "patch_embed.proj.weight 16,1,5,5 untrained",
      "patch_embed.proj.bias 16 untrained",
      "pos_embed 1,5,16 untrained",
      "cls_token 1,1,16",
      ...["norm1.weight 16", "norm1.bias 16", "attn.qkv.weight 48,16", "attn.qkv.bias 48"].map((s) => `blocks.0.${s}`),
      ...["attn.proj.weight 16,16", "attn.proj.bias 16", "norm2.weight 16", "norm2.bias 16"].map(
        (s) => `blocks.0.${s}`,
      ),
      ...["fc1.weight 64,16", "fc1.bias 64", "fc2.weight 16,64", "fc2.bias 16"].map((s) => `blocks.0.mlp.${s}`),
      "norm.weight 16",
      "norm.bias 16",
      "fc.0.weight 16,16",
      "fc.1.weight 16",
      "fc.1.bias 16",
      "fc.1.running_mean 16 untrained",
      "fc.1.running_var 16 untrained",
      "fc.3.weight 8,16",
      "fc.4.running_mean 8 untrained",
      "fc.4.running_var 8 untrained",
    ],
  );
});

const headed = ["mlp", "mlp-bn"] as const;
for (const head of headed)
  test.serial(`steps of both phases train it with a head ${head}, alike in every form that runs here`, async (t) => {
    const step: StepSettings = { ...small, encoder: { ...encoder, head } };
    const engine = await openEngine();
    t.teardown(() => engine.close());
    const targets: readonly CompileTarget[] = [
      { kind: "portable" },
      await chooseTarget(engine),
      { kind: "device", precision: "fp32" },
    ];
    const [start, given] = [startingState(step), allFeeds(step)];
    for (const phase of ["warmup", "selective"] as const) {
      const runs: (readonly number[])[] = [];
      for (const target of targets) {
        await engine.drop();
        await engine.write(packState(target, start));
        if (phase === "selective") {
          const prepare = prepareProgram(step, target);
          await engine.load(prepare.name, prepare.model, prepare);
          await engine.run(prepare.name, {}, []);
          await engine.unload(prepare.name);
        }
        const program = compile(fusedStep(step, phase), target);
        await engine.load(program.name, program.model, program);
        const losses: number[] = [];
        for (let i = 1; i <= 6; i++) {
          const fed = fedTo(program, { ...given, [feeds.learningRate]: scalar(0.05), [feeds.step]: scalar(i) });
          const { [results.loss]: loss } = await engine.run(program.name, fed, [results.loss]);
          losses.push(Number(loss.data[0]));
        }
        await engine.unload(program.name);
        t.true(losses.every(Number.isFinite), `${losses}`);
        // The first steps put the batch's keys among the negatives; then the loss of that batch falls, if no BatchNorm looks at so few.
        if (phase === "warmup" && head === "mlp")
          t.true(
            losses.slice(3).every((loss, i) => loss < losses[i + 2]),
            `${losses}`,
          );
        runs.push(losses);
      }
      for (const losses of runs.slice(1))
        for (const [i, loss] of losses.entries())
          t.true(Math.abs(loss - runs[0][i]) < 1e-3 * Math.abs(runs[0][i]), `${phase}: ${losses} and ${runs[0]}`);
    }
  });

test("its inference graph gives features and unit rows", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  await engine.load("encoder", encoderModel(encoder, initialEncoder(encoder, 3), null));
  const pixels = { shape: [2, 1, 10, 10], data: gaussian([2, 1, 10, 10]).data };
  const { features, embedding } = await engine.run("encoder", { pixels }, ["features", "embedding"]);
  t.deepEqual(
    [features.shape, embedding.shape],
    [
      [2, 16],
      [2, 8],
    ],
  );
  for (const row of [0, 1]) {
    const length = Math.hypot(...(embedding.data as Float32Array).subarray(8 * row, 8 * row + 8));
    t.true(Math.abs(length - 1) < 1e-5);
  }
});
