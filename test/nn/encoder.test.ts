/** The seam for encoders: a small vision transformer (Dosovitskiy et al. 2021), of which the library knows nothing, is trained. */
import test from "ava";
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
  type Target,
} from "../../src/artifacts/index.js";
import {
  add,
  concat,
  conv,
  gelu,
  layerNorm,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  split,
  transpose,
  type Value,
} from "../../src/graph/index.js";
import { type Backbone, linear, Parameters, Scope, training } from "../../src/nn/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, scalar, settings as small, startingState } from "../artifacts/smallStep.js";
import { gradientError, type Sample, uniform } from "../graph/gradientError.js";

interface VitSettings {
  readonly imageSize: number;
  readonly patch: number;
  readonly width: number;
  readonly heads: number;
}

/** Patches as tokens, a class token, positions, one block of attention and an MLP, a last norm; the class token's features. */
function vit({ imageSize, patch, width, heads }: VitSettings): Backbone {
  const patches = (imageSize / patch) ** 2;
  const tokens = patches + 1;
  const normal = { kind: "normal", deviation: 0.5 } as const;
  const norm = (s: Scope, x: Value) =>
    layerNorm(
      x,
      s.parameter("weight", [width], { kind: "constant", value: 1 }),
      s.parameter("bias", [width], { kind: "constant", value: 0 }),
      { epsilon: 1e-2 },
    );
  /** Of every token. */
  const each = (s: Scope, x: Value, outputs: number) =>
    reshape(linear(s, reshape(x, [-1, x.shape[2] as number]), outputs), [-1, tokens, outputs]);
  const apart = (x: Value) => transpose(reshape(x, [-1, tokens, heads, width / heads]), [0, 2, 1, 3]);
  const attention = (s: Scope, x: Value) => {
    const [q, k, v] = split(
      s.at("in_proj", (at) => each(at, x, 3 * width)),
      [width, width, width],
      2,
    ).map(apart);
    const scores = mul(matMul(q, transpose(k, [0, 1, 3, 2])), 1 / Math.sqrt(width / heads));
    const mixed = transpose(matMul(softmax(scores), v), [0, 2, 1, 3]);
    return s.at("out_proj", (at) => each(at, reshape(mixed, [-1, tokens, width]), width));
  };
  return {
    featureWidth: width,
    features(scope, x) {
      const embedded = scope.at("conv_proj", (s) =>
        conv(x, s.parameter("weight", [width, x.shape[1] as number, patch, patch], normal), {
          strides: [patch, patch],
        }),
      );
      const rows = transpose(reshape(embedded, [-1, width, patches]), [0, 2, 1]);
      const first = slice(mul(rows, 0), 1, 0, 1); // [batch, 1, width], whatever the batch
      const token = add(first, scope.parameter("class_token", [1, 1, width], normal));
      let y = add(concat([token, rows], 1), scope.parameter("pos_embedding", [1, tokens, width], normal));
      y = scope.at("layer_0", (s) => {
        const attended = add(
          y,
          s.at("self_attention", (at) =>
            attention(
              at,
              s.at("ln_1", (n) => norm(n, y)),
            ),
          ),
        );
        const hidden = s.at("mlp_1", (at) =>
          each(
            at,
            s.at("ln_2", (n) => norm(n, attended)),
            2 * width,
          ),
        );
        return add(
          attended,
          s.at("mlp_2", (at) => each(at, gelu(hidden), width)),
        );
      });
      return reshape(
        slice(
          scope.at("ln", (s) => norm(s, y)),
          1,
          0,
          1,
        ),
        [-1, width],
      );
    },
  };
}

const encoder: EncoderSettings = {
  backbone: vit({ imageSize: 10, patch: 5, width: 16, heads: 2 }),
  channels: 1,
  imageSize: 10,
  dimension: 8,
};
const step: StepSettings = { ...small, encoder };

test("an encoder of the caller's own declares its tensors, none of them statistics", (t) => {
  const specs = encoderSpecs(encoder);
  t.true(specs.every((s) => s.trainable));
  t.deepEqual(
    specs.map((s) => `${s.name} ${s.shape}`),
    [
      "conv_proj.weight 16,1,5,5",
      "class_token 1,1,16",
      "pos_embedding 1,5,16",
      "layer_0.ln_1.weight 16",
      "layer_0.ln_1.bias 16",
      "layer_0.self_attention.in_proj.weight 48,16",
      "layer_0.self_attention.in_proj.bias 48",
      "layer_0.self_attention.out_proj.weight 16,16",
      "layer_0.self_attention.out_proj.bias 16",
      "layer_0.ln_2.weight 16",
      "layer_0.ln_2.bias 16",
      "layer_0.mlp_1.weight 32,16",
      "layer_0.mlp_1.bias 32",
      "layer_0.mlp_2.weight 16,32",
      "layer_0.mlp_2.bias 16",
      "ln.weight 16",
      "ln.bias 16",
      "fc.0.weight 16,16",
      "fc.0.bias 16",
      "fc.2.weight 8,16",
      "fc.2.bias 8",
    ],
  );
});

test.serial("its gradients agree with central differences", async (t) => {
  const specs = encoderSpecs(encoder).filter(({ name }) => !name.startsWith("fc.")); // the head has a ReLU
  const start = initialEncoder(encoder, 3);
  const images = uniform([3, 1, 10, 10]);
  const samples = specs.map(
    ({ name, shape }): Sample => ({ shape, dtype: "float32", data: Array.from(start[name].data) }),
  );
  const features = (x: Value, ...values: readonly Value[]): Value => {
    const byName = new Map(specs.map(({ name }, i) => [name, values[i]]));
    const parameters = new Parameters("", ({ name }) => byName.get(name) as Value);
    return encoder.backbone.features(new Scope(parameters, training()), x);
  };
  const error = await gradientError(features, [images, ...samples]);
  t.true(error < 1e-3, `relative error ${error}`);
});

test.serial("steps of both phases train it on the engine, alike in every form that runs here", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const targets: readonly Target[] = [
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
        const prepare = prepareProgram(step);
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
      // The first step puts the batch's keys among the negatives; from there on the loss of that batch falls.
      if (phase === "warmup")
        t.true(
          losses.slice(2).every((loss, i) => loss < losses[i + 1]),
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
  const pixels = { shape: [2, 1, 10, 10], data: Float32Array.from(uniform([2, 1, 10, 10]).data) };
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
