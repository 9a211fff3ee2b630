/** `hcsc neighbors`: the images of a set that are most similar to some. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { cosine, dataHelp, whole, withEngineOptions } from "./options.js";

export function neighborsCommand(): Command {
  return withEngineOptions(new Command("neighbors"))
    .description("find the images of a set that are most similar, by the cosine of the query backbone's features")
    .argument("<image>", `what to find the like of: an image file, or any set; ${dataHelp}`)
    .requiredOption("--run <folder>", "a run folder")
    .option("--data <images>", "where to look; default: the images that the run was trained on")
    .option("--count <n>", "how many for each image", whole(1), 10)
    .option("--threshold <cosine>", "only those of at least this cosine, from -1 to 1", cosine)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc neighbors cat.jpg --run runs/photos\n  hcsc neighbors 'data/fashion-mnist[8000:8003]' --run runs/demo --count 5 --json\n  hcsc neighbors cat.jpg --run runs/photos --threshold 0.9",
    )
    .action(lazily(() => import("../actions/neighbors.js")));
}
