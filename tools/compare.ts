/**
 * `npm run compare`: what the hierarchy buys. Raw pixels, a random encoder, plain InfoNCE, prototypes without selection and HCSC side by
 * side: kNN of fine and coarse labels, AMI of the tree's finest level and its dendrogram purity, mean and spread over seeds.
 * `--recipe NAME --data IMAGES --test IMAGES --seeds 0,1,2 --set FIELD=VALUE --provider P --json`. The bundled images have coarse labels by the
 * table below; other sets bring theirs (`folder/coarse/fine`, CIFAR-100) or have none.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Matrix } from "../src/array.js";
import { hierarchy, unitRows } from "../src/cluster/index.js";
import { describeSource, type ImageSource, type OpenImages, openSource, withImages } from "../src/data/index.js";
import { onDisk, readCheckpoint } from "../src/disk/index.js";
import { readableVectors } from "../src/encoder/index.js";
import { type Engine, nearestCentroidOn, similarityOn } from "../src/engine/index.js";
import { clusteringScores, dendrogramPurity, knnClassify } from "../src/eval/index.js";
import { loadRecipe } from "../src/presets/index.js";
import { encoderSettings, initialEncoder } from "../src/programs/index.js";
import type { Recipe } from "../src/recipe/index.js";
import { chooseTarget, openEngine } from "../src/runtime/index.js";
import { asText, markdownTable } from "../src/text.js";
import { encoderWeights, RunFolder, train } from "../src/train/index.js";
import { versions } from "../src/version.js";

const { values: flags } = parseArgs({
  options: {
    recipe: { type: "string", default: "demo" },
    data: { type: "string", default: "data/fashion-mnist[0:8000]" },
    test: { type: "string", default: "data/fashion-mnist[8000:10000]" },
    seeds: { type: "string", default: "0,1,2" },
    set: { type: "string", multiple: true, default: [] },
    provider: { type: "string", default: "cpu" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const threads = flags.threads === undefined ? undefined : Number(flags.threads);
const onWarning = (message: string): void => {
  process.stderr.write(`warning: ${message}\n`);
};

/** Fashion-MNIST's classes by kind: tops (T-shirt, pullover, coat, shirt), trousers, dresses, shoes (sandal, sneaker, boot), bags. */
const fashionKinds = [0, 1, 0, 2, 0, 3, 0, 3, 4, 3] as const;

interface Labels {
  readonly fine: Int32Array;
  /** None where the set has one level of labels. */
  readonly coarse: Int32Array | null;
}

function labelsOf({ labels, hierarchy: levels, classes }: ImageSource, kept: Int32Array): Labels {
  if (!labels) throw new Error("the images have no labels");
  const coarse = levels?.at(-1) ?? (classes?.length === 10 ? labels.map((id) => fashionKinds[id]) : null);
  return { fine: kept.map((i) => labels[i]), coarse: coarse && kept.map((i) => coarse[i]) };
}

type Vectors = Labels & { readonly features: Matrix };

interface Scores {
  readonly fine: number;
  readonly coarse: number | null;
  readonly ami: number;
  readonly purity: number;
}

/** Every image's pixels. */
async function pixels(name: string): Promise<Vectors> {
  const source = openSource(await describeSource(name));
  const { data } = await source.read(0);
  const rows = new Float32Array(source.count * data.length);
  for (let i = 0; i < source.count; i++) rows.set((await source.read(i)).data, i * data.length);
  const every = Int32Array.from({ length: source.count }, (_, i) => i);
  return { features: unitRows({ shape: [source.count, data.length], data: rows }), ...labelsOf(source, every) };
}

/** The tree is built of the held-out images, with the recipe's numbers of clusters, whatever made the features. */
async function scored(
  engine: Engine,
  bank: Vectors,
  held: Vectors,
  method: Recipe["method"],
  seed: number,
): Promise<Scores> {
  const mostSimilar = await similarityOn(engine);
  const knn = async (voters: Int32Array, truth: Int32Array): Promise<number> => {
    const queries = { features: held.features, labels: truth };
    return (await knnClassify({ features: bank.features, labels: voters }, queries, { k: [20], mostSimilar }))[0].top1;
  };
  const { levels } = await hierarchy(held.features, {
    ...method,
    epsilon: method.smoothing,
    seed,
    nearest: await nearestCentroidOn(engine),
  });
  const owners = levels.map(({ assignment }) => assignment);
  return {
    fine: await knn(bank.fine, held.fine),
    coarse: bank.coarse && held.coarse && (await knn(bank.coarse, held.coarse)),
    ami: 100 * clusteringScores(held.fine, owners[0]).ami,
    purity: 100 * dendrogramPurity(held.fine, owners),
  };
}

const recipeOf = (seed: number, changes: readonly string[]): Promise<Recipe> =>
  loadRecipe(flags.recipe, [...flags.set, `seed=${seed}`, ...changes]);

/** A run's encoder, trained under a seed with some fields changed; `null`: as it starts. */
async function ofEncoder(engine: Engine, seed: number, changes: readonly string[] | null): Promise<Scores> {
  const recipe = await recipeOf(seed, changes ?? []);
  const options = { workers: threads, seed, onWarning };
  return withImages(flags.data, { ...options, called: "bank" }, async (images) => {
    let weights = initialEncoder(encoderSettings(recipe.encoder), seed);
    if (changes) {
      const folder = await mkdtemp(join(tmpdir(), "hcsc-compare-"));
      const { count } = images.source;
      const started = new Date().toISOString();
      const description = { recipe, data: flags.data, images: count, versions: versions(), started };
      const run = await RunFolder.create(onDisk(folder), description);
      const target = await chooseTarget(engine);
      const { checkpoint } = await train({ run, engine, target, ...images, report: () => {} });
      weights = encoderWeights(await readCheckpoint(checkpoint), "query") as typeof weights;
      await rm(folder, { recursive: true });
    }
    const vectors = async (opened: OpenImages): Promise<Vectors> => {
      const { features, kept } = await readableVectors({ engine, recipe, weights }, opened);
      return { features: unitRows(features), ...labelsOf(opened.source, kept) };
    };
    const bank = await vectors(images);
    const held = await withImages(flags.test, { ...options, called: "held" }, vectors);
    return scored(engine, bank, held, (await recipeOf(seed, [])).method, seed);
  });
}

const methods: Readonly<Record<string, readonly string[] | null>> = {
  "random encoder": null,
  "plain InfoNCE": ["method.clusters=[]"],
  "prototypes without selection": ["method.instanceSelection=false", "method.prototypeSelection=false"],
  HCSC: [],
};

const seeds = flags.seeds.split(",").map(Number);
const rows: { method: string; scores: Scores[]; seconds: number }[] = [];
const engine = await openEngine({ provider: flags.provider as "cpu", ...(threads === undefined ? {} : { threads }) });
try {
  const [bank, held] = [await pixels(flags.data), await pixels(flags.test)];
  const raw: Scores[] = [];
  for (const seed of seeds) raw.push(await scored(engine, bank, held, (await recipeOf(seed, [])).method, seed));
  rows.push({ method: "raw pixels", scores: raw, seconds: 0 });
  for (const [method, changes] of Object.entries(methods)) {
    const began = performance.now();
    const scores: Scores[] = [];
    for (const seed of seeds) {
      await engine.drop();
      scores.push(await ofEncoder(engine, seed, changes));
      process.stderr.write(`${method}, seed ${seed}: ${JSON.stringify(scores.at(-1))}\n`);
    }
    rows.push({ method, scores, seconds: (performance.now() - began) / 1000 / seeds.length });
  }
} finally {
  await engine.close();
}

/** Mean and standard deviation over seeds. */
function spread(values: readonly number[]): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length < 2) return mean.toFixed(2);
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(2)} ± ${Math.sqrt(variance).toFixed(2)}`;
}

/** Over the seeds that have the figure. */
const spreadOf = (scores: readonly Scores[], kind: keyof Scores): string => {
  const values = scores.flatMap((score) => score[kind] ?? []);
  return values.length === 0 ? "–" : spread(values);
};

const kinds = ["fine", "coarse", "ami", "purity"] as const;
process.stdout.write(
  asText(flags.json, { ...flags, rows }, [
    markdownTable(
      ["features", "kNN fine, %", "kNN coarse, %", "AMI, %", "dendrogram purity, %", "seconds a seed"],
      rows.map(({ method, scores, seconds }) => [
        method,
        ...kinds.map((kind) => spreadOf(scores, kind)),
        seconds.toFixed(0),
      ]),
    ),
  ]),
);
