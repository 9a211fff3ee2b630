/**
 * Steps of one process and of two, each on a machine of its own (network namespaces), with a thread each; and what follows for many, by
 * the model of `rankModel.ts`.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findLauncher, hostsOf, launcherLine } from "../../src/launch/index.js";
import { loadRecipe } from "../../src/presets/index.js";
import type { Recipe } from "../../src/recipe/index.js";
import { openHosts } from "../../test/mpi/hosts.js";
import { flags } from "./flags.js";
import { median, type Row, rounded } from "./measure.js";
import { epochOf, type Machine, type Network, stepCost, total, volumeOf } from "./rankModel.js";
import { recipeOf, stepCases } from "./steps.js";

const cases = {
  "resnet8, batch 64, 28 px": { ...stepCases["resnet8, batch 128, 28 px"], batchSize: 64 },
  "resnet18 small stem, batch 16, 32 px": { ...stepCases["resnet18 small stem, batch 32, 32 px"], batchSize: 16 },
  "resnet18 small stem, batch 128, 32 px": { ...stepCases["resnet18 small stem, batch 32, 32 px"], batchSize: 128 },
} as const;

interface Measured {
  readonly processes: number;
  readonly stepSeconds: number;
  readonly sentPerStep: number;
  readonly waitingShare: number;
  readonly latency: number;
  readonly bandwidth: number | null;
}

/** Two epochs, of which the second is measured. */
const recipeFor = (name: keyof typeof cases): Recipe => {
  const parts = ["encoder.querySubBatches=2", "encoder.keySubBatches=2"];
  return recipeOf(cases[name], "epochs=2", "method.clusters=[]", ...parts);
};

async function measured(recipe: Recipe, processes: number): Promise<Measured> {
  const hosts = openHosts(processes);
  try {
    const launcher = await findLauncher("mpirun.openmpi");
    const { imageSize, channels } = recipe.encoder;
    const data = `synthetic:count=${recipe.batchSize * (Number(flags.steps) + 1)},size=${imageSize}`;
    if (channels !== 3) throw new Error("synthetic images have three channels");
    const program = fileURLToPath(new URL("./rankRun.js", import.meta.url));
    const line = launcherLine(
      launcher,
      hostsOf(hosts.addresses.map((address) => `${address}:1`).join(",")),
      [process.execPath, program, JSON.stringify(recipe), data],
      { isRoot: true, environment: {} },
    );
    const child = hosts.start(0, line, hosts.environment);
    let [out, err] = ["", ""];
    child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`${processes} processes ended with ${code}: ${err}`);
    return JSON.parse(out) as Measured;
  } finally {
    hosts.close();
  }
}

const medianOf = (runs: readonly Measured[], of: "stepSeconds" | "sentPerStep" | "waitingShare" | "latency"): number =>
  median(runs.map((run) => run[of]));

/** One and two processes in turn, as others' work on the machine comes and goes. */
async function measuredCase(name: keyof typeof cases): Promise<Row> {
  const recipe = recipeFor(name);
  const [one, two]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < Number(flags.rounds); round++) {
    one.push(await measured(recipe, 1));
    two.push(await measured(recipe, 2));
  }
  const alone = medianOf(one, "stepSeconds");
  const bandwidth = median(two.map((run) => run.bandwidth as number));
  const network: Network = { name: "measured", latency: medianOf(two, "latency"), bandwidth };
  const machine: Machine = { name: "here", trained: recipe.batchSize / alone, embedded: 0, flops: 1 };
  const together = medianOf(two, "stepSeconds");
  const predicted = total(stepCost(recipe, recipe.batchSize, 2, machine, network));
  const { sums, images, keys } = volumeOf(recipe, recipe.batchSize, 2);
  const sent = medianOf(two, "sentPerStep");
  return {
    name: `ranks: ${name}`,
    oneMs: rounded(1000 * alone),
    twoMs: rounded(1000 * together),
    predictedTwoMs: rounded(1000 * predicted),
    sentMB: rounded(sent / 1e6),
    theoryMB: rounded((sums + images + keys) / 1e6),
    sentByTheory: rounded(sent / (sums + images + keys)),
    waitingShare: rounded(medianOf(two, "waitingShare")),
    latencyUs: rounded(1e6 * network.latency),
    bandwidthMBps: rounded(bandwidth / 1e6),
  };
}

export const rankRows = (Object.keys(cases) as (keyof typeof cases)[]).map((name) => ({
  name: `ranks: ${name}`,
  measure: () => measuredCase(name),
}));

interface Stored {
  readonly rows: readonly Row[];
}
const stored = (file: string): Stored => JSON.parse(readFileSync(`bench/${file}`, "utf8"));
const figure = (file: string, name: string, of: string): number =>
  Number(stored(file).rows.find((row) => row.name === name)?.[of]);

/** Forward passes that a step's two forward passes and its backward pass are worth. */
const passesOfAStep = 4;
/** Of `scaling: clustering by features` in tools/bench/scaling.ts: clusters of the finest level, width and iterations. */
const clustered = { features: 1_000_000, clusters: 500, width: 128, iterations: 5 };

/** Measured here, and on an H100 (docs/gpu.md: ResNet-50, batch 64, 224 px in tf32); both cluster as the cores here. */
function machines(): readonly Machine[] {
  const images = 8 / (figure("results.json", "step: resnet50, batch 8, 224 px", "stepMs") / 1000);
  const { features, clusters, width, iterations } = clustered;
  const seconds = figure("scaling.json", `scaling: clustering by features: ${features}`, "ms") / 1000;
  const flops = (iterations * 2 * features * clusters * width) / seconds;
  const h100 = 64 / 0.0482;
  return [
    { name: "two cores", trained: images, embedded: passesOfAStep * images, flops },
    { name: "H100", trained: h100, embedded: passesOfAStep * h100, flops },
  ];
}

const networks = {
  ethernet: { name: "10 Gbit/s Ethernet", latency: 30e-6, bandwidth: 1.1e9 },
  fast: { name: "100 Gbit/s", latency: 5e-6, bandwidth: 11e9 },
} as const satisfies Readonly<Record<string, Network>>;
const [imagenet, billion] = [1_281_167, 1e9];
const perProcess = 32;

/** Rows for more processes than there are here: the recipe `imagenet-resnet50`, 32 images a process. */
export async function modelled(): Promise<readonly Row[]> {
  const recipe = await loadRecipe("imagenet-resnet50", []);
  const [cores, card] = machines();
  const places = [
    [cores, networks.ethernet],
    [card, networks.ethernet],
    [card, networks.fast],
  ] as const;
  return places.flatMap(([machine, network]) =>
    [1, 8, 64, 512, 4096].map((processes) => {
      const of = (images: number) => epochOf(recipe, images, perProcess, processes, machine, network);
      const [small, large] = [of(imagenet), of(billion)];
      const { step, clustering } = large;
      return {
        name: `model: ${processes} × ${machine.name}, ${network.name}`,
        modelled: `${machine.name}, ${network.name}`,
        processes,
        batch: large.batch,
        queueSteps: rounded(large.staleness),
        stepMs: rounded(1000 * total(step)),
        computeMs: rounded(1000 * step.compute),
        sumsMs: rounded(1000 * step.sums),
        imagesMs: rounded(1000 * step.images),
        keysMs: rounded(1000 * step.keys),
        efficiency: rounded(large.efficiency),
        imagenetEpochHours: rounded(small.hours),
        billionEpochHours: rounded(large.hours),
        billionEmbedHours: rounded(clustering.embed / 3600),
        billionClusterHours: rounded(clustering.distances / 3600),
        billionClusterSumSeconds: rounded(clustering.sums),
      };
    }),
  );
}
