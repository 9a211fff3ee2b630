/** `hcsc embed`: a vector for every image, and what is known of it. */
import { Command } from "commander";
import type { DenseArray } from "../array.js";
import { UsageError } from "../errors.js";
import { encoderWeights, hasHierarchy, learnedHierarchy } from "../train/index.js";
import { type EmbeddingFormat, type EmbeddingTable, embeddingFormats } from "./embeddingFormats.js";
import { chosenEncoder, type EncoderFlags, withEncoderOptions } from "./imported.js";
import { dataHelp, withEngineOptions } from "./options.js";
import { placesOf } from "./places.js";
import { print } from "./print.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { readableVectors } from "./vectors.js";

interface Flags extends EngineFlags, EncoderFlags {
  readonly data?: string;
  readonly out: string;
  readonly layer: string;
}

const layers = ["features", "embedding"] as const;

export function embedCommand(): Command {
  return withEncoderOptions(withEngineOptions(new Command("embed")))
    .description(
      "write a vector for every image: alone (.npy), or with its name, label and clusters at each level (.parquet, .safetensors)",
    )
    .option("--data <images>", `default, of a run: the images that the run was trained on; ${dataHelp}`)
    .requiredOption(
      "--out <file>",
      "where to write: .npy; .safetensors (tensors vectors, labels, clusters); .parquet (columns file, label or labels, vector, cluster_1, cluster_2, …, the finest level first). Names are in .parquet itself, else beside it in FILE.names.txt, one a line",
    )
    .option(
      "--layer <name>",
      "features: the backbone's, for use; embedding: the head's unit vectors, which training compares",
      "features",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc embed --run runs/demo --data photos --out photos.npy\n  hcsc embed --run runs/demo --data 'data/fashion-mnist[8000:10000]' --out fashion.parquet\n  hcsc embed --weights resnet50-0676ba61.pth --data photos --out photos.npy",
    )
    .action(runEmbed);
}

async function runEmbed(flags: Flags): Promise<void> {
  const extensions = Object.keys(embeddingFormats);
  const extension = extensions.find((e) => flags.out.endsWith(e));
  if (!extension) throw new UsageError(`${flags.out}: end --out with ${extensions.join(" or ")}`);
  const layer = layers.find((l) => l === flags.layer);
  if (!layer) throw new UsageError(`--layer ${flags.layer}: choose ${layers.join(" or ")}`);
  const format = embeddingFormats[extension];
  const { table, skipped } = await embedded(flags, layer, format);
  const names = await format.write(flags.out, table);
  const [count, width] = table.vectors.shape;
  const levels = table.clusters?.length ?? 0;
  print(flags.json, { file: flags.out, names, images: count, width, levels, skipped }, [
    `${count} vectors of ${width} numbers${levels > 0 ? `, and clusters at ${levels} levels` : ""} → ${flags.out}`,
    ...(names ? [`names → ${names}`] : []),
  ]);
}

async function embedded(
  flags: Flags,
  layer: (typeof layers)[number],
  format: EmbeddingFormat,
): Promise<{ readonly table: EmbeddingTable; readonly skipped: number }> {
  const { run, recipe, weights, checkpoint } = await chosenEncoder(flags);
  const data = flags.data ?? run?.description.data;
  if (data === undefined) throw new UsageError("--weights needs --data: the images to embed");
  const clustered = format.holdsClusters && checkpoint && hasHierarchy(checkpoint) ? checkpoint : null;
  if (format.holdsClusters && run && !clustered)
    process.stderr.write(`${flags.run} has not clustered yet: ${flags.out} gets no clusters\n`);
  return withEngine(flags, (engine) =>
    withImages(data, { maxBroken: 1, ...flags }, async (images) => {
      const places =
        clustered &&
        (await placesOf(engine, recipe, learnedHierarchy(clustered), encoderWeights(clustered, "key"), images));
      const made = await readableVectors(engine, recipe, weights, images);
      const { source, loader } = images;
      const table = {
        names: Array.from(made.kept, source.name),
        vectors: layer === "features" ? made.features : made.embeddings,
        labels: source.labels && picked(source.labels, made.kept),
        shown: source.multilabel && shownIn(source.multilabel, made.kept),
        classes: source.classes,
        clusters: places?.clusters.map((ids) => picked(ids, made.kept)) ?? null,
      };
      return { table, skipped: loader.broken.size };
    }),
  );
}

const picked = (ids: Int32Array, images: Int32Array): Int32Array => images.map((i) => ids[i]);

/** The classes that each image shows. */
const shownIn = ({ shape: [, classes], data }: DenseArray<Int8Array>, images: Int32Array) =>
  Array.from(images, (i) => Array.from({ length: classes }, (_, c) => c).filter((c) => data[i * classes + c] === 1));
