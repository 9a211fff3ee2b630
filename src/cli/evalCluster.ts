/** `hcsc eval cluster`: how well clusters of a run's features agree with labels. */
import { Command } from "commander";
import type { Matrix } from "../array.js";
import { hierarchy, kmeans, unitRows } from "../cluster/index.js";
import { type ClusteringScores, clusteringScores, dendrogramPurity } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Engine, nearestCentroidOn } from "../runtime/index.js";
import { encoderWeights, lastSoundCheckpoint, RunFolder } from "../train/index.js";
import { withoutLabels } from "./labels.js";
import { dataHelp, whole, wholeList, withEngineOptions } from "./options.js";
import { percent, print, table } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { readableVectors } from "./vectors.js";

interface Flags extends EngineFlags {
  readonly run: string;
  readonly data?: string;
  readonly clusters?: number;
  readonly levels?: readonly number[];
  readonly seed: number;
}

/** Scores against one level of labels. */
interface Agreement extends ClusteringScores {
  readonly clusters: number;
  /** Level of the data's labels, finest first. */
  readonly labels: number;
}

export function evalClusterCommand(): Command {
  return withEngineOptions(new Command("cluster"))
    .description(
      "cluster images by the query backbone's features, flat and as a hierarchy, and compare with their labels",
    )
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", `labelled images; default: those that the run was trained on; ${dataHelp}`)
    .option("--clusters <n>", "clusters of the flat k-means; default: as many as classes", whole(1))
    .option(
      "--levels <list>",
      "clusters at each level of the hierarchy, finest first; default: the recipe's",
      wholeList,
    )
    .option("--seed <n>", "of k-means", whole(0), 0)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval cluster --run runs/photos\n  hcsc eval cluster --run runs/demo --data 'data/fashion-mnist[8000:10000]'\n  hcsc eval cluster --run runs/demo --data photos --clusters 50 --levels 100,20,5",
    )
    .action(runCluster);
}

async function runCluster(flags: Flags): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const checkpoint = await lastSoundCheckpoint(run);
  const { recipe } = run.description;
  const result = await withEngine(flags, (engine) =>
    withImages(flags.data ?? run.description.data, flags, async (images) => {
      const { source } = images;
      const labels = source.hierarchy ?? (source.labels && [source.labels]);
      if (!labels) throw withoutLabels(source, "--data");
      const weights = encoderWeights(checkpoint, "query");
      const [finest] = labels;
      const known = { kind: "single", classes: 1, labels: finest } as const;
      const { features, kept } = await readableVectors(engine, recipe, weights, images, known);
      const truth = labels.map((level) => Int32Array.from(kept, (i) => level[i]));
      return scores(engine, recipe, flags, unitRows(features), truth);
    }),
  );
  const summary = { run: flags.run, step: checkpoint.position.step, ...result };
  const row = (name: string, a: Agreement) => [
    name,
    String(a.clusters),
    ...(result.labelLevels > 1 ? [String(a.labels + 1)] : []),
    ...[a.ami, a.nmi, a.ari].map((x) => x.toFixed(3)),
    percent(100 * a.purity),
  ];
  const head = ["", "clusters", ...(result.labelLevels > 1 ? ["labels"] : []), "AMI", "NMI", "ARI", "purity"];
  print(flags.json, summary, [
    ...table([
      head,
      ...result.flat.map((a) => row("k-means", a)),
      ...result.hierarchy.map((a) => row(`level ${a.level + 1}`, a)),
    ]),
    `dendrogram purity ${result.dendrogramPurity.toFixed(3)}; ${result.images} images, query backbone after step ${checkpoint.position.step}`,
  ]);
}

async function scores(engine: Engine, recipe: Recipe, flags: Flags, points: Matrix, truth: readonly Int32Array[]) {
  const nearest = await nearestCentroidOn(engine);
  const { iterations, restarts, minimumClusterSize, temperature, smoothing, variant } = recipe.method;
  const common = { iterations, restarts, seed: flags.seed, nearest };
  const against = (assignment: Int32Array): Agreement[] =>
    truth.map((labels, level) => ({
      clusters: new Set(assignment).size,
      labels: level,
      ...clusteringScores(labels, assignment),
    }));
  const { assignment } = await kmeans(points, flags.clusters ?? new Set(truth[0]).size, common);
  const clusters = flags.levels ?? recipe.method.clusters;
  const method = { clusters, temperature, epsilon: smoothing, variant, minimumClusterSize };
  const levels = clusters.length === 0 ? [] : (await hierarchy(points, { ...method, ...common })).levels;
  const owners = levels.map((level) => level.assignment);
  return {
    images: points.shape[0],
    labelLevels: truth.length,
    flat: against(assignment),
    hierarchy: owners.flatMap((owner, level) => against(owner).map((a) => ({ level, ...a }))),
    dendrogramPurity: dendrogramPurity(truth[0], owners),
  };
}
