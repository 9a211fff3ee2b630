import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { UsageError } from "../src/errors.js";
import {
  overrideRecipe,
  parseRecipe,
  parseWrittenRecipe,
  resumeChanges,
  scaledLearningRate,
} from "../src/recipe/index.js";

const read = (name: string): unknown => JSON.parse(readFileSync(`graphs/${name}`, "utf8"));

for (const file of readdirSync("graphs").filter((f) => f.endsWith(".json"))) {
  test(`the bundled recipe ${file} is valid and named as its file`, (t) => {
    t.is(`${parseRecipe(read(file), file).name}.json`, file);
  });
}

test("the ImageNet recipe is the paper's", (t) => {
  const { method, optimizer, schedule, views, epochs, batchSize } = parseRecipe(read("imagenet-resnet50.json"), "");
  t.deepEqual(
    [method.queue, method.clusters, method.temperature, method.keyMomentum, method.warmupEpochs, epochs, batchSize],
    [16384, [3000, 2000, 1000], 0.2, 0.999, 20, 200, 256],
  );
  t.deepEqual(
    [optimizer.kind, optimizer.learningRate, optimizer.momentum, optimizer.weightDecay, schedule.kind],
    ["sgd", 0.03, 0.9, 1e-4, "cosine"],
  );
  t.deepEqual(views.jitter, { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 });
  t.deepEqual(
    [views.scale, views.grayscaleProbability, views.blur, views.flipProbability],
    [[0.2, 1], 0.2, { sigma: [0.1, 2], probability: 0.5 }, 0.5],
  );
});

for (const [what, change, said] of [
  ["an unknown field", "encoder.imagesize=3", "encoder.imagesize: no such field (did you mean imageSize?)"],
  ["levels that grow", "method.clusters=[50,100]", "method.clusters: each level must have fewer clusters"],
  ["a batch larger than the queue", "method.queue=32", "a queue of 32 cannot take the 64 keys"],
  ["sub-batches that do not divide the batch", "encoder.keySubBatches=5", "encoder.keySubBatches: 5 does not divide"],
  ["a temperature without float32 room", "method.temperature=0.01", "method.temperature"],
  ["a side beyond all images", "encoder.imageSize=100000", "encoder.imageSize: must be at most 4096"],
  ["a local view beyond all images", 'views.local=[{"size":9000,"scale":[0.1,0.5]}]', "size: must be at most 4096"],
  ["a queue beyond all memory", "method.queue=1000000000", "method.queue: 1000000000 keys of"],
  ["centroids beyond all memory", "method.clusters=[1000000000]", "method.clusters: 1000000000 centroids of"],
  [
    "a batch beyond all memory",
    ["batchSize=1000000", "method.queue=1000000"],
    "batchSize: the views of 1000000 images",
  ],
  ["an embedding beyond all use", "encoder.dimension=1000000", "encoder.dimension: must be at most 65536"],
  ["a network beyond all width", "encoder.width=1000", "encoder.width: must be at most 64"],
  ["a word for a number", "epochs=many", "epochs"],
  [
    "a field of another optimizer",
    "optimizer.nesterov=true",
    "optimizer.nesterov: no such field of this kind (only of sgd)",
  ],
  ["a field of another schedule", "schedule.gamma=0.5", "schedule.gamma: no such field of this kind (only of step)"],
  ["a misspelt field of its optimizer", "optimizer.beta=0.9", "optimizer.beta: no such field (did you mean beta2?)"],
  ["an unknown optimizer", "optimizer.kind=adam", "optimizer.kind: give one of sgd, adamw, lars, lars-reference"],
] as const) {
  test(`a recipe with ${what} is refused by the field's name`, (t) => {
    const error = t.throws(() => parseRecipe(overrideRecipe(read("demo.json"), [change].flat()), "demo"), {
      instanceOf: UsageError,
    });
    t.true(error.message.includes(said), error.message);
  });
}

test("an override sets a field by its path, and leaves the original alone", (t) => {
  const before = read("demo.json");
  const recipe = parseRecipe(
    overrideRecipe(before, ["optimizer.learningRate=0.5", "method.variant=reference"]),
    "demo",
  );
  t.is(recipe.method.variant, "reference");
  t.is(scaledLearningRate(recipe), (0.5 * recipe.batchSize) / 256);
  t.deepEqual(before, read("demo.json"));
});

test("of its kind an optimizer has all fields, and no other", (t) => {
  const of = (...changes: string[]) =>
    parseRecipe(overrideRecipe(read("cifar-resnet18.json"), changes), "cifar").optimizer;
  const common = { learningRate: 0.06, momentum: 0.9, weightDecay: 0.0005, clipNorm: null };
  t.deepEqual(of(), { kind: "sgd", ...common, nesterov: false, excludeVectors: false });
  t.deepEqual(of("optimizer.kind=adamw"), {
    kind: "adamw",
    ...common,
    excludeVectors: false,
    beta2: 0.999,
    epsilon: 1e-8,
  });
  t.deepEqual(of("optimizer.kind=lars"), { kind: "lars", ...common, trust: 0.001 });
});

test("a recipe that a run wrote before kinds had their own fields is read as it was meant", (t) => {
  const written = {
    ...(read("cifar-resnet18.json") as object),
    optimizer: {
      kind: "sgd",
      learningRate: 0.06,
      momentum: 0.9,
      weightDecay: 0.0005,
      nesterov: true,
      excludeVectors: false,
      beta2: 0.999,
      epsilon: 1e-8,
      trust: 0.001,
      clipNorm: null,
    },
    schedule: { kind: "cosine", warmupEpochs: 2, milestones: [], gamma: 0.1 },
  };
  t.throws(() => parseRecipe(written, "run.json"), { message: /optimizer\.beta2, epsilon, trust: no such field/ });
  const recipe = parseWrittenRecipe(written, "run.json");
  t.deepEqual(recipe.schedule, { kind: "cosine", warmupEpochs: 2 });
  t.like(recipe.optimizer, { kind: "sgd", nesterov: true });
  t.deepEqual(parseWrittenRecipe(recipe, "again"), recipe);
  t.throws(() => parseWrittenRecipe({ ...written, optimizer: { kind: "sgd", beta9: 1 } }, "run.json"), {
    message: /optimizer\.beta9: no such field/,
  });
});

test("a resumed run may go on by another schedule, whose fields are noted", (t) => {
  const of = (...changes: string[]) => parseRecipe(overrideRecipe(read("demo.json"), changes), "demo");
  t.deepEqual(resumeChanges(of(), of("schedule.kind=step", "schedule.milestones=[12]"), "run"), [
    'schedule.kind is "step", was "cosine"',
    "schedule.milestones is [12], was not given",
    "schedule.gamma is 0.1, was not given",
  ]);
  t.throws(() => resumeChanges(of(), of("optimizer.kind=sgd"), "run"), { message: /optimizer\.kind is "sgd"/ });
});

test("a resumed run's precision may change between fp32 and tf32, and is noted; to and from fp16 it may not", (t) => {
  const of = (precision: string) => parseRecipe(overrideRecipe(read("demo.json"), [`precision=${precision}`]), "demo");
  const changes = (before: string, now: string) => resumeChanges(of(before), of(now), "run");
  t.deepEqual(changes("fp32", "tf32"), ['precision is "tf32", was "fp32"']);
  t.deepEqual(changes("tf32", "fp32"), ['precision is "fp32", was "tf32"']);
  for (const [before, now] of [
    ["fp32", "fp16"],
    ["fp16", "fp32"],
    ["tf32", "fp16"],
    ["fp16", "tf32"],
  ])
    t.throws(() => changes(before, now), { instanceOf: UsageError, message: /precision is/ });
});
