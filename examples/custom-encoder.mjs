// @ts-check
/** An encoder of one's own under the method's loss, on data that are no images: node examples/custom-encoder.mjs */
import { hierarchy, padHierarchy, plainNearest } from "hcsc/cluster";
import { clusteringScores } from "hcsc/eval";
import {
  buildModel,
  concat,
  differentiate,
  expandComposites,
  input,
  inputsOf,
  relu,
  reshape,
  stopGradient,
  unitRows,
} from "hcsc/graph";
import { hcscLoss, instanceNormalizer, prototypeNormalizer } from "hcsc/loss";
import { initialValue, linear, Parameters, Scope, training } from "hcsc/nn";
import { applyUpdates } from "hcsc/optim";
import { openEngine } from "hcsc/training";

const [batch, width, dimension, queueLength] = [32, 40, 16, 128];
const clusters = [12, 4];
/** @type {import("hcsc/loss").LossSettings} */
const settings = {
  variant: "paper",
  temperature: 0.2,
  instanceSelection: true,
  prototypeSelection: true,
  selectionOnLocal: true,
};

// The encoder: two layers, and unit length. Layers take a scope, which names what they store.
const encoder = (/** @type {Scope} */ scope, /** @type {import("hcsc/graph").Value} */ x) =>
  unitRows(scope.at("second", (s) => linear(s, relu(scope.at("first", (t) => linear(t, x, 32))), dimension)));

// The step as one graph: two views, the loss, gradients, an update.
const parameters = new Parameters("");
const scope = new Scope(parameters, training());
const query = encoder(scope, input("query", [batch, width]));
const keys = stopGradient(encoder(scope, input("key", [batch, width])));
const queue = input("queue", [queueLength, dimension]);
const levels = clusters.map((m, l) => ({
  prototypes: input(`prototypes${l}`, [m, dimension]),
  temperature: input(`temperature${l}`, [m]),
  count: input(`count${l}`, []),
  parent: l + 1 < clusters.length ? input(`parent${l}`, [m], "int32") : null,
  assignment: null,
  maxAssignment: null,
}));
const loss = hcscLoss(settings, {
  views: [query],
  keys,
  queue,
  queueNormalizer: concat(
    levels.map((level) => instanceNormalizer(settings, queue, level)),
    1,
  ),
  levels: levels.map((level, l) => ({
    ...level,
    normalizer: levels[l + 1] ? reshape(prototypeNormalizer(settings, level, levels[l + 1]), [clusters[l]]) : null,
  })),
  draws: {
    instance: input("instanceDraws", [batch, clusters.length, queueLength]),
    prototype: [levels.slice(0, -1).map((_, l) => input(`prototypeDraws${l}`, [batch, clusters[l]]))],
  },
});
const weights = parameters.entries(true).map(([name, value]) => ({ name, value, rank: value.shape.length }));
const gradients = differentiate(
  loss.total,
  weights.map(({ value }) => value),
);
const rate = input("rate", []);
/** @type {Record<string, import("hcsc/graph").Value>} */
const outputs = { loss: loss.total, keys };
const slots = new Map(weights.map(({ name, value }) => [name, input(`momentum/${name}`, value.shape)]));
const updated = applyUpdates(
  { kind: "sgd", weightDecay: 1e-4, clipNorm: null, excludeVectors: true, nesterov: false },
  { learningRate: rate, momentum: input("beta", []), step: input("step", []) },
  weights,
  gradients,
  ({ name }) => ({
    read: () => /** @type {import("hcsc/graph").Value} */ (slots.get(name)),
    write: (_, value) => {
      outputs[`next/momentum/${name}`] = value;
    },
  }),
);
for (const [i, { name }] of weights.entries()) outputs[`next/${name}`] = updated[i];
const model = (/** @type {string} */ name, /** @type {Record<string, import("hcsc/graph").Value>} */ values) => {
  const made = expandComposites(Object.values(values));
  return buildModel({
    name,
    inputs: inputsOf(made),
    outputs: Object.fromEntries(Object.keys(values).map((key, i) => [key, made[i]])),
  });
};

const engine = await openEngine({ provider: "cpu" });
const state = Object.fromEntries(
  Object.keys(outputs)
    .filter((name) => name.startsWith("next/"))
    .map((name) => [name.slice(5), name]),
);
await engine.load("step", model("step", outputs), { state });
const all = input("all", ["batch", width]);
await engine.load("encoder", model("encoder", { embedding: encoder(scope, all) }));
for (const spec of parameters.specs.values()) {
  const start = initialValue(spec, 0);
  const zeros = { shape: [...spec.shape], data: new Float32Array(start.data.length) };
  await engine.write({ [spec.name]: start, [`momentum/${spec.name}`]: zeros });
}

// Data: points about 12 centres, which lie about 4 others, in half of their numbers; the rest is chance, and in every view another.
const points = 384;
const random = (/** @type {number[]} */ shape) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, Math.random),
});
const scalar = (/** @type {number} */ value) => ({ shape: [], data: Float32Array.of(value) });
const chance = () => 2 * Math.random() - 1;
const coarse = Array.from({ length: 4 * width }, chance);
const fine = Array.from({ length: 12 * width }, (_, i) => coarse[i % coarse.length] + 0.5 * chance());
const seen = (/** @type {number} */ point, /** @type {number} */ d) =>
  d < width / 2 ? fine[(point % 12) * width + d] + 0.2 * chance() : 2 * chance();
const view = (/** @type {number[]} */ rows) => ({
  shape: [rows.length, width],
  data: Float32Array.from({ length: rows.length * width }, (_, i) => seen(rows[Math.floor(i / width)], i % width)),
});
const everything = view(Array.from({ length: points }, (_, i) => i));
const truth = Int32Array.from({ length: points }, (_, i) => i % 12);
const embed = async () =>
  /** @type {Float32Array} */ ((await engine.run("encoder", { all: everything }, ["embedding"])).embedding.data);
const memory = { shape: [queueLength, dimension], data: (await embed()).slice(0, queueLength * dimension) };

for (let epoch = 0; epoch < 10; epoch++) {
  // The clustering stage: prototypes of all points, fed to each step of the epoch.
  const tree = await hierarchy(
    { shape: [points, dimension], data: await embed() },
    { clusters, temperature: 0.2, variant: "paper", seed: epoch, nearest: plainNearest },
  );
  const fed = Object.fromEntries(
    padHierarchy(tree, clusters).flatMap(({ prototypes, temperature, count, parent }, l) => [
      [`prototypes${l}`, prototypes],
      [`temperature${l}`, { shape: [clusters[l]], data: temperature }],
      [`count${l}`, scalar(count)],
      ...(parent ? [[`parent${l}`, { shape: [clusters[l]], data: parent }]] : []),
    ]),
  );
  let sum = 0;
  const steps = points / batch;
  for (let step = 0; step < steps; step++) {
    const rows = Array.from({ length: batch }, () => Math.floor(points * Math.random()));
    const draws = {
      instanceDraws: random([batch, clusters.length, queueLength]),
      prototypeDraws0: random([batch, clusters[0]]),
    };
    const rates = { rate: scalar(0.05), beta: scalar(0.9) };
    const result = await engine.run(
      "step",
      { query: view(rows), key: view(rows), queue: memory, ...fed, ...draws, ...rates },
      ["loss", "keys"],
    );
    sum += Number(result.loss.data[0]);
    memory.data.copyWithin(batch * dimension, 0); // the newest keys first
    memory.data.set(/** @type {Float32Array} */ (result.keys.data));
  }
  const { ami } = clusteringScores(tree.levels[0].assignment, truth);
  console.log(
    `epoch ${epoch + 1}: clusters agree with the truth by ${ami.toFixed(3)} (AMI) before it, loss ${(sum / steps).toFixed(3)}`,
  );
}
await engine.close();
