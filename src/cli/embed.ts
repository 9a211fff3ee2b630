/** `hcsc embed`: a vector for every image, and what is known of it. */
import { Command } from "commander";
import { embeddingFormats, embeddingTable, layers } from "../encoder/index.js";
import { UsageError } from "../errors.js";
import { hasHierarchy } from "../train/index.js";
import { dataHelp, withEngineOptions } from "./options.js";
import { print, tell } from "./print.js";
import { onRun, ownImages, type RunFlags } from "./session.js";

interface Flags extends RunFlags {
  readonly out: string;
  readonly layer: string;
}

export function embedCommand(): Command {
  return withEngineOptions(new Command("embed"))
    .description(
      "write a vector for every image: alone (.npy), or with its name, label and clusters at each level (.parquet, .safetensors)",
    )
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", `default: the images that the run was trained on; ${dataHelp}`)
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
      "\nExamples:\n  hcsc embed --run runs/demo --data photos --out photos.npy\n  hcsc embed --run runs/demo --data 'data/fashion-mnist[8000:10000]' --out fashion.parquet",
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
  const { holdsClusters: withClusters } = format;
  const { table, skipped } = await onRun(
    { maxBroken: 1, ...flags },
    ownImages(flags),
    async ({ encoder, images, ...trained }) => {
      if (withClusters && !hasHierarchy(trained.checkpoint))
        tell(`${flags.run} has not clustered yet: ${flags.out} gets no clusters`);
      const table = await embeddingTable(trained, encoder, images, { layer, withClusters });
      return { table, skipped: images.loader.broken.size };
    },
  );
  const names = await format.write(flags.out, table);
  const [count, width] = table.vectors.shape;
  const levels = table.clusters?.length ?? 0;
  print(flags.json, { file: flags.out, names, images: count, width, levels, skipped }, [
    `${count} vectors of ${width} numbers${levels > 0 ? `, and clusters at ${levels} levels` : ""} → ${flags.out}`,
    ...(names ? [`names → ${names}`] : []),
  ]);
}
