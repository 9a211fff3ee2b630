/** `hcsc import`: a run of weights from elsewhere, before any training. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { dataHelp, whole } from "./options.js";
import { withSplitOption } from "./sets.js";
import { partialHelp, weightsHelp } from "./weights.js";

export function importCommand(): Command {
  return withSplitOption(new Command("import"))
    .description(
      "make a run folder of weights from elsewhere, which eval, embed, neighbors, organize, report and export take as one that was trained",
    )
    .argument("<file>", weightsHelp)
    .requiredOption("--data <images>", `the images that it is for; ${dataHelp}`)
    .requiredOption("--out <folder>", "the run folder")
    .option("--test <images>", "labelled images held out")
    .option(
      "--recipe <recipe>",
      "a recipe file or a bundled recipe, of the weights' backbone; default: told by the weights",
    )
    .option(
      "--size <px>",
      "without --recipe: side of the images; default as the folder says, else 224, or 32 of a 3×3 stem",
      whole(8),
    )
    .option("--partial", partialHelp)
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc import resnet50-0676ba61.pth --data photos --out runs/imagenet\n  hcsc import checkpoint_0199.pth.tar --data photos --split 0.2 --out runs/moco",
    )
    .action(lazily(() => import("../actions/import.js")));
}
