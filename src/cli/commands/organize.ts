/** `hcsc organize`: the images of a set in folders by the hierarchy that a run has learned. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { dataHelp, withEngineOptions } from "./options.js";

export function organizeCommand(): Command {
  return withEngineOptions(new Command("organize"))
    .description(
      "lay images out in folders by the hierarchy that a run has learned, the coarsest level outermost, as 03/017/254/photo.jpg, with index.jsonl: each image's clusters, and the cosine to its prototype. Source files are never moved, changed or deleted",
    )
    .requiredOption("--run <folder>", "a run folder, past its first clustering")
    .option("--data <images>", `default: the images that the run was trained on; ${dataHelp}`)
    .requiredOption("--out <folder>", "a new or empty folder, apart from the images; made whole or not at all")
    .option(
      "--copy",
      "copy image files; default: symbolic links to them. Images that are no files of their own (IDX, CIFAR, synthetic) become PNGs either way",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc organize --run runs/photos --out photos-by-likeness\n  hcsc organize --run runs/demo --data 'data/fashion-mnist[8000:10000]' --out fashion",
    )
    .action(lazily(() => import("../actions/organize.js")));
}
