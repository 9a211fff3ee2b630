/** `hcsc embed`: a vector for every image, and what is known of it. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { dataHelp, withEngineOptions } from "./options.js";
import { withEncoderOptions } from "./weights.js";

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
    .action(lazily(() => import("../actions/embed.js"), "several"));
}
