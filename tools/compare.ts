/**
 * `npm run compare`: raw pixels, a random encoder, plain InfoNCE and HCSC side by side, by kNN on the bundled images, over
 * several seeds: `--recipe NAME --seeds 0,1,2 --json`.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { unitRows } from "../src/cluster/index.js";
import { describeSource, openSource, withImages } from "../src/data/index.js";
import { type KnnResult, knnClassify, type LabelledFeatures } from "../src/eval/index.js";
import { loadRecipe } from "../src/presets/index.js";
import { encoderSettings, initialEncoder } from "../src/programs/index.js";
import { knnAccuracy, type Opening } from "../src/protocols/index.js";
import { chooseTarget, type Engine, openEngine, similarityOn } from "../src/runtime/index.js";
import { asText, table } from "../src/text.js";
import { encoderWeights, RunFolder, readCheckpoint, train } from "../src/train/index.js";
import { versions } from "../src/version.js";

const { values: flags } = parseArgs({
  options: {
    recipe: { type: "string", default: "demo" },
    seeds: { type: "string", default: "0,1,2" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const bank = "data/fashion-mnist[0:8000]";
const held = "data/fashion-mnist[8000:10000]";
const threads = flags.threads === undefined ? undefined : Number(flags.threads);
const onWarning = (message: string): void => {
  process.stderr.write(`warning: ${message}\n`);
};

/** Pixels as features. */
async function pixels(name: string): Promise<LabelledFeatures> {
  const source = openSource(await describeSource(name));
  const { data } = await source.read(0);
  const rows = new Float32Array(source.count * data.length);
  for (let i = 0; i < source.count; i++) rows.set((await source.read(i)).data, i * data.length);
  return {
    features: unitRows({ shape: [source.count, data.length], data: rows }),
    labels: source.labels as Int32Array,
  };
}

async function rawPixels(engine: Engine): Promise<number> {
  const [result] = (await knnClassify(await pixels(bank), await pixels(held), {
    k: [20],
    mostSimilar: await similarityOn(engine),
  })) as [KnnResult];
  return result.top1;
}

/** kNN of a run's encoder, trained under a seed with some fields changed; `null`: as it starts. */
async function encoderAccuracy(engine: Engine, seed: number, changes: readonly string[] | null): Promise<number> {
  const recipe = await loadRecipe(flags.recipe, [`seed=${seed}`, ...(changes ?? [])]);
  return withImages(bank, { called: "bank", workers: threads, seed, onWarning }, async (images) => {
    let weights = initialEncoder(encoderSettings(recipe.encoder), seed);
    if (changes) {
      const folder = await mkdtemp(join(tmpdir(), "hcsc-compare-"));
      const description = {
        recipe,
        data: bank,
        images: images.source.count,
        versions: versions(),
        started: new Date().toISOString(),
      };
      const run = await RunFolder.create(folder, description);
      const result = await train({ run, engine, target: await chooseTarget(engine), ...images, report: () => {} });
      weights = encoderWeights(await readCheckpoint(result.checkpoint), "query") as typeof weights;
    }
    const openTest: Opening = (use) => withImages(held, { called: "held", workers: threads, onWarning }, use);
    return (await knnAccuracy({ engine, recipe, weights }, images, openTest)).top1;
  });
}

const methods: Readonly<Record<string, readonly string[] | null>> = {
  "random encoder": null,
  "plain InfoNCE": ["method.clusters=[]"],
  "HCSC, paper": ["method.variant=paper"],
  "HCSC, reference": ["method.variant=reference"],
};

const seeds = flags.seeds.split(",").map(Number);
const rows: { method: string; top1: number[] }[] = [];
const engine = await openEngine(threads === undefined ? {} : { threads });
try {
  rows.push({ method: "raw pixels", top1: [await rawPixels(engine)] });
  for (const [method, changes] of Object.entries(methods)) {
    const top1: number[] = [];
    for (const seed of seeds) {
      await engine.drop();
      top1.push(await encoderAccuracy(engine, seed, changes));
      process.stderr.write(`${method}, seed ${seed}: ${top1.at(-1)?.toFixed(2)} %\n`);
    }
    rows.push({ method, top1 });
  }
} finally {
  await engine.close();
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
process.stdout.write(
  asText(
    flags.json,
    { recipe: flags.recipe, seeds, rows },
    table([
      ["kNN top-1, %", "mean", ...seeds.map((s) => `seed ${s}`)],
      ...rows.map(({ method, top1 }) => [
        method,
        mean(top1).toFixed(2),
        ...seeds.map((_, i) => top1[i]?.toFixed(2) ?? ""),
      ]),
    ]),
  ),
);
